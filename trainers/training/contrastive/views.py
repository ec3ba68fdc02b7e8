"""Random views of a photograph, as MoCo-v2 and DenseCL make them: what a backbone learns to see through."""

import math

import cv2
import numpy as np
import numpy.typing as npt
from pydantic import Field

from freesolo.config import Config

UInt8 = npt.NDArray[np.uint8]
Float32 = npt.NDArray[np.float32]

_GREY = np.array([0.299, 0.587, 0.114], np.float32)
_TRIES = 10
"""For a window that fits; then the largest one in the middle is taken."""


class ViewSettings(Config):
    """The published recipe; probabilities are of each view on its own."""

    size: int = Field(default=224, ge=32)
    """Side of the square views, pixels."""
    area: tuple[float, float] = (0.2, 1.0)
    """Of the window, as a share of the image's."""
    aspect: float = Field(default=4 / 3, ge=1)
    """The window is up to so many times as wide as high, or as high as wide."""
    jitter: float = Field(default=0.8, ge=0, le=1)
    """Probability that colours change at all."""
    brightness: float = Field(default=0.4, ge=0, lt=1)
    contrast: float = Field(default=0.4, ge=0, lt=1)
    saturation: float = Field(default=0.4, ge=0, lt=1)
    """Each changes by up to this share."""
    hue: float = Field(default=0.1, ge=0, le=0.5)
    """Turned by up to this share of the circle."""
    grey: float = Field(default=0.2, ge=0, le=1)
    """Probability of a view without colours."""
    blur: float = Field(default=0.5, ge=0, le=1)
    """Probability of a Gaussian blur."""
    sigma: tuple[float, float] = (0.1, 2.0)
    """Of the blur, pixels of the view."""
    flip: float = Field(default=0.5, ge=0, le=1)


def random_view(pixels: UInt8, settings: ViewSettings, rng: np.random.Generator) -> Float32:
    """A view of an image.

    Args:
        pixels: (h, w, 3) RGB.
        settings: the recipe.
        rng: decides everything.

    Returns:
        (size, size, 3) float32 in [0, 1].
    """
    left, top, width, height = _window(pixels.shape[1], pixels.shape[0], settings, rng)
    window = pixels[top : top + height, left : left + width]
    is_smaller = settings.size < min(width, height)
    size = (settings.size, settings.size)
    view = cv2.resize(window, size, interpolation=cv2.INTER_AREA if is_smaller else cv2.INTER_LINEAR)
    image = np.asarray(view, np.float32) / np.float32(255)
    if rng.random() < settings.jitter:
        image = _jittered(image, settings, rng)
    if rng.random() < settings.grey:
        image = np.repeat((image @ _GREY)[..., None], 3, 2)
    if rng.random() < settings.blur:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), rng.uniform(*settings.sigma)), np.float32)
    if rng.random() < settings.flip:
        image = image[:, ::-1]
    return np.ascontiguousarray(image)


def _window(width: int, height: int, settings: ViewSettings, rng: np.random.Generator) -> tuple[int, int, int, int]:
    """Left, top, width, height of a random window of random area and shape."""
    for _ in range(_TRIES):
        area = width * height * rng.uniform(*settings.area)
        aspect = settings.aspect ** rng.uniform(-1, 1)
        w, h = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
        if 0 < w <= width and 0 < h <= height:
            return int(rng.integers(width - w + 1)), int(rng.integers(height - h + 1)), w, h
    w = max(1, min(width, round(height * settings.aspect)))
    h = max(1, min(height, round(width * settings.aspect)))
    return (width - w) // 2, (height - h) // 2, w, h


def _jittered(image: Float32, settings: ViewSettings, rng: np.random.Generator) -> Float32:
    """Brightness, contrast, saturation and hue, in random order."""
    amounts = (settings.brightness, settings.contrast, settings.saturation, settings.hue)
    values = [float(rng.uniform(-amount, amount)) for amount in amounts]
    for number in rng.permutation(4):
        value = values[number]
        if number == 0:
            image = image * np.float32(1 + value)
        elif number == 1:
            image = _blended(image, (image @ _GREY).mean(keepdims=True)[..., None], value)
        elif number == 2:
            image = _blended(image, (image @ _GREY)[..., None], value)
        else:
            image = _turned(image, value)
        image = np.clip(image, 0, 1, dtype=np.float32)
    return image


def _blended(image: Float32, base: Float32, change: float) -> Float32:
    return np.asarray(base + (image - base) * np.float32(1 + change), np.float32)


def _turned(image: Float32, turn: float) -> Float32:
    hsv = cv2.cvtColor(image, cv2.COLOR_RGB2HSV)
    hsv[..., 0] = (hsv[..., 0] + turn * 360) % 360
    return np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB), np.float32)
