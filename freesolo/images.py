"""Reading any image upright as RGB, by one rule everywhere: EXIF orientation applied, sizes those of the upright image.

The original file is never written. What had to be converted is said in `ReadImage.note`; what cannot be read raises
`ImageError` with the reason in one sentence.
"""

import io
import os
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from freesolo.errors import ImageError
from freesolo.png_header import SIGNATURE, without_pixels

UInt8 = npt.NDArray[np.uint8]

SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".ppm", ".pgm", ".pbm", ".jp2"}
)
"""Lower-case suffixes of the files that a folder is searched for."""

MAX_PIXELS = 400_000_000
"""Larger images are refused before they are decoded: 400 megapixels need 1.2 GB as RGB."""

_EXIF_ORIENTATION = 0x0112
_TURNED_BY_PILLOW = frozenset({"TIFF"})
"""Formats whose pixels Pillow gives upright; it also gives their size so."""
_DEEP_MODES = frozenset({"I", "I;16", "I;16L", "I;16B", "I;16N", "F"})
_MODE_NOTES = {
    "1": "1-bit image shown as black and white",
    "CMYK": "CMYK colours converted to RGB without a colour profile",
    "YCbCr": "YCbCr colours converted to RGB",
    "LAB": "Lab colours converted to RGB",
    "HSV": "HSV colours converted to RGB",
}


@dataclass(frozen=True)
class ImageInfo:
    """What the header of an image file says; no pixel was decoded."""

    width: int
    """Of the upright image, pixels."""
    height: int
    """Of the upright image, pixels."""
    raw_size: tuple[int, int]
    """(width, height) as stored, before the EXIF orientation."""
    orientation: int
    """EXIF orientation, 1..8; 1 is upright."""
    format: str
    """Pillow's name of the format, for example JPEG."""
    mode: str
    """Pillow's name of the stored pixel type, for example RGB or I;16."""
    frames: int
    """Frames or pages; only the first is read."""

    @property
    def deep(self) -> bool:
        """Whether its values need a `Window`: 16-bit and float images."""
        return self.mode in _DEEP_MODES


@dataclass(frozen=True)
class Window:
    """How the values of a 16-bit or float image become 0..255."""

    low: float = 0.5
    """Percentile of the values that is black, 0..100."""
    high: float = 99.5
    """Percentile that is white."""
    gamma: float = 1.0
    """Above 1 shadows are lighter: what is shown is the share of the range to the power of 1 / gamma."""


@dataclass(frozen=True, eq=False)
class ReadImage:
    """An upright RGB image with what was done to make it one."""

    pixels: UInt8
    """(height, width, 3) uint8 RGB, C-contiguous."""
    raw_size: tuple[int, int]
    """(width, height) as stored."""
    orientation: int
    """EXIF orientation that was applied, 1..8."""
    bit_depth: int
    """Bits a channel in the file: 1, 8, 16 or 32."""
    stretch: tuple[float, float] | None
    """Values that became 0 and 255, for 16-bit and float images (percentiles of `Window`), else None."""
    note: str
    """One line on conversions, or empty."""

    @property
    def width(self) -> int:
        """Of the upright image, pixels."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """Of the upright image, pixels."""
        return int(self.pixels.shape[0])


def probe(path: str | os.PathLike[str]) -> ImageInfo:
    """Size and kind of an image file from its header; whether the pixels behind it are whole, `read_image` finds out.

    Raises:
        ImageError: not an image, empty, unreadable, or larger than `MAX_PIXELS`.
    """
    with _opened(Path(path), header=True) as image:
        return _info(image)


def read_image(path: str | os.PathLike[str], window: Window | None = None) -> ReadImage:
    """Decode an image file upright as RGB.

    16-bit and float images are stretched between two percentiles; transparency is laid on white; of several frames the
    first counts.

    Args:
        path: the file.
        window: other percentiles and another gamma for 16-bit and float images; the rest is read as ever.

    Raises:
        ImageError: as `probe`, or the pixels are truncated or damaged.
    """
    path = Path(path)
    info = probe(path)
    with _opened(path) as image:
        notes = [f"first of {info.frames} frames"] if info.frames > 1 else []
        try:
            image.load()
        except (OSError, ValueError, SyntaxError, MemoryError, EOFError, Image.DecompressionBombError) as error:
            raise ImageError(
                f"{path}: the picture is damaged or cut off ({error}); replace the file or leave it out"
            ) from error
        depth, stretch = 1 if image.mode == "1" else 8, None
        if image.mode in _DEEP_MODES:
            pixels, stretch, depth = _stretched(image, window or Window())
            notes.append(f"{depth}-bit values {stretch[0]:g}..{stretch[1]:g} shown as 0..255")
        else:
            pixels = _rgb(image, notes)
    upright = _upright(pixels, 1 if info.format in _TURNED_BY_PILLOW else info.orientation)
    return ReadImage(upright, info.raw_size, info.orientation, depth, stretch, "; ".join(notes))


def resize_shorter(pixels: UInt8, short: int, longest: int | None = None) -> UInt8:
    """Scale so that the shorter side is ``short`` pixels, but the longer one at most ``longest``; (h, w, 3) uint8."""
    height, width = pixels.shape[:2]
    scale = short / min(height, width)
    if longest is not None:
        scale = min(scale, longest / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    resized = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    return np.asarray(resized, np.uint8)


@contextmanager
def _opened(path: Path, *, header: bool = False) -> Iterator[Image.Image]:
    """The image as Pillow opens it: header read, pixels not yet; with ``header``, not to be had."""
    with _stream(path) as stream:
        try:
            image = Image.open(_header(stream) if header else stream)
        except UnidentifiedImageError:
            raise ImageError(f"{path}: not an image, whatever its name says") from None
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
            raise ImageError(f"{path}: not a readable image ({error})") from error
        with image:
            if image.width * image.height > MAX_PIXELS:
                megapixels = image.width * image.height / 1e6
                raise ImageError(
                    f"{path}: {image.width} x {image.height} is {megapixels:.0f} megapixels, "
                    f"the limit is {MAX_PIXELS / 1e6:.0f}; cut it into tiles"
                )
            yield image


@contextmanager
def _stream(path: Path) -> Iterator[io.BufferedReader]:
    """The file, readable and not empty."""
    with ExitStack() as stack:
        try:
            stream = stack.enter_context(path.open("rb"))
            empty = not stream.peek(1)
        except IsADirectoryError:
            raise ImageError(f"{path}: is a folder, not an image") from None
        except FileNotFoundError:
            raise ImageError(f"{path}: the file is gone") from None
        except PermissionError:
            raise ImageError(f"{path}: no permission to read it; change its rights or leave it out") from None
        except (OSError, ValueError) as error:
            raise ImageError(f"{path}: cannot be read ({error})") from error
        if empty:
            raise ImageError(f"{path}: the file is empty")
        yield stream


def _header(stream: io.BufferedReader) -> BinaryIO:
    """What suffices to read the header, metadata included, without a look at the pixels."""
    if stream.peek(len(SIGNATURE)).startswith(SIGNATURE):
        return io.BytesIO(without_pixels(stream))
    return stream


Image.MAX_IMAGE_PIXELS = None  # the limit above, checked before any decoding, takes the place of Pillow's warning
# Pillow warns of odd metadata, which costs nothing; damage raises. Once for all: filters cannot be set in one thread alone.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")


def _info(image: Image.Image) -> ImageInfo:
    orientation = _orientation(image)
    turned = (image.height, image.width) if orientation >= 5 else image.size
    upright, raw = (image.size, turned) if image.format in _TURNED_BY_PILLOW else (turned, image.size)
    return ImageInfo(
        width=upright[0],
        height=upright[1],
        raw_size=raw,
        orientation=orientation,
        format=image.format or "",
        mode=image.mode,
        frames=getattr(image, "n_frames", 1),
    )


def _orientation(image: Image.Image) -> int:
    try:
        # PNG's own `getexif` decodes the pixels to see what stands behind them; `without_pixels` has put it in front.
        value = Image.Image.getexif(image).get(_EXIF_ORIENTATION, 1)
    except (OSError, ValueError, SyntaxError, TypeError, KeyError, AttributeError):
        return 1  # damaged metadata never costs the picture
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _stretched(image: Image.Image, window: Window) -> tuple[UInt8, tuple[float, float], int]:
    """A 16-bit or float image as gray RGB, the percentile window and the bit depth."""
    values = np.asarray(image, np.float32)
    low, high = _window(values[np.isfinite(values)], window)
    span = high - low if high > low else 1.0
    share = np.clip((values - low) / span, 0, 1)
    if window.gamma != 1:
        share **= 1 / window.gamma
    gray = np.nan_to_num(share * 255, nan=0).round().astype(np.uint8)
    return np.repeat(gray[..., None], 3, axis=2), (low, high), 32 if image.mode == "F" else 16


def _window(finite: npt.NDArray[np.float32], window: Window) -> tuple[float, float]:
    """The percentiles; where they fall together, all values; where there is none, 0 and 1."""
    if not finite.size:
        return 0.0, 1.0
    low, high = np.percentile(finite, (window.low, window.high))
    return (float(low), float(high)) if low < high else (float(finite.min()), float(finite.max()))


def _rgb(image: Image.Image, notes: list[str]) -> UInt8:
    if image.mode in _MODE_NOTES:
        notes.append(_MODE_NOTES[image.mode])
    if "A" in image.getbands() or "a" in image.getbands() or "transparency" in image.info:
        with_alpha = image.convert("RGBA")
        if with_alpha.getchannel("A").getextrema() != (255, 255):
            notes.append("transparency laid on white")
            white = Image.new("RGBA", image.size, (255, 255, 255, 255))
            with_alpha = Image.alpha_composite(white, with_alpha)
        image = with_alpha
    return np.asarray(image.convert("RGB"), np.uint8)


def _upright(pixels: UInt8, orientation: int) -> UInt8:
    """Apply an EXIF orientation to (h, w, 3) pixels."""
    if orientation in (5, 6, 7, 8):
        pixels = np.swapaxes(pixels, 0, 1)
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return np.ascontiguousarray(pixels)
