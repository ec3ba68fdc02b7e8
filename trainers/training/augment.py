"""Training views of an image: scale, crop, flip, colour jitter and copy-paste with exact masks (paper section 4.1)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt
from pycocotools import mask as coco_mask
from pydantic import Field

from freesolo.config import Config
from freesolo.images import read_image
from freesolo.instances import Instances
from trainers.training.items import Item

STRIDE = 4
"""Of the grid that masks are trained on."""
_FILL = (124, 116, 104)
"""Around an image that is shown smaller than the view: ImageNet's mean colour."""
_ROUNDING = 1e-6
"""Pixels: a cell that is half covered is so whatever the order of the additions."""

UInt8 = npt.NDArray[np.uint8]
Bool = npt.NDArray[np.bool_]


class AugmentSettings(Config):
    """Random views. A ``square`` of the network's size, or the paper's: the whole image at a random scale."""

    square: int | None = Field(default=352, ge=32, multiple_of=32)
    """Views are stretched to a square of this side, pixels; None: the whole image, in its own shape."""
    crop: tuple[float, float] = (0.6, 1.1)
    """Side of the window of a square view, as a share of the image's; above 1 there is a border around the image."""
    aspect: float = Field(default=1.15, ge=1)
    """The window's sides are stretched by up to this factor against each other."""
    short_sides: tuple[int, ...] = (640, 672, 704, 736, 768, 800)
    """Shorter sides of views that are not square, one at random (multi-scale), pixels."""
    long_side: int = Field(default=1333, ge=32)
    flip: float = Field(default=0.5, ge=0, le=1)
    jitter: float = Field(default=0.25, ge=0, lt=1)
    """Brightness and contrast change by up to this share, saturation by 1.6 times as much."""
    paste: float = Field(default=0.5, ge=0, le=1)
    """Probability that objects of another image are pasted in."""
    paste_objects: int = Field(default=2, ge=1)
    """At most so many."""
    paste_scale: tuple[float, float] = (0.5, 1.5)
    """A pasted object's size against the one it has in its own image."""
    paste_iou: float = 0.5
    """Not where it overlaps an object so much (the paper's)."""
    min_visible: float = 0.35
    """Masks of which less is left, cut by the view or by pasted objects, are no targets: their centre may lie elsewhere."""
    min_cells: int = 12
    """Masks smaller on the mask grid are no targets."""


@dataclass(frozen=True, eq=False)
class Sample:
    """One view: n objects on an H x W image and an h x w mask grid, h = ceil(H / 4)."""

    image: UInt8
    """(H, W, 3) RGB."""
    masks: Bool
    """(n, h, w)."""
    ignored: Bool
    """(h, w)."""
    weights: npt.NDArray[np.float32]
    has_mask: Bool
    pseudo: Bool
    categories: npt.NDArray[np.int64] | None
    embeddings: npt.NDArray[np.float32] | None

    def __getitem__(self, keep: npt.NDArray[np.generic]) -> "Sample":
        """The same view with these objects."""
        return replace(
            self,
            masks=self.masks[keep],
            weights=self.weights[keep],
            has_mask=self.has_mask[keep],
            pseudo=self.pseudo[keep],
            categories=None if self.categories is None else self.categories[keep],
            embeddings=None if self.embeddings is None else self.embeddings[keep],
        )


@dataclass(frozen=True)
class _View:
    """A window of an image in whole pixels, so that image and masks are cut alike, and the size at which it is shown."""

    left: int
    top: int
    width: int
    height: int
    size: tuple[int, int]
    is_flipped: bool

    def of(self, plane: UInt8, size: tuple[int, int], fill: tuple[int, ...]) -> UInt8:
        """The window of an (H, W[, 3]) plane at ``size`` (height, width), by area means where it shrinks."""
        height, width = plane.shape[:2]
        x0, y0, x1, y1 = self.left, self.top, self.left + self.width, self.top + self.height
        part = plane[max(0, y0) : min(height, y1), max(0, x0) : min(width, x1)]
        border = (max(0, -y0), max(0, y1 - height), max(0, -x0), max(0, x1 - width))
        if any(border):
            part = np.asarray(cv2.copyMakeBorder(part, *border, cv2.BORDER_CONSTANT, value=fill), np.uint8)
        method = cv2.INTER_AREA if size[0] < self.height and size[1] < self.width else cv2.INTER_LINEAR
        out = np.asarray(cv2.resize(part, (size[1], size[0]), interpolation=method), np.uint8)
        return out[:, ::-1] if self.is_flipped else out


def training_view(item: Item, donor: Item | None, settings: AugmentSettings, rng: np.random.Generator) -> Sample:
    """A random view of an item, with objects of the donor pasted in where chance wants it.

    Raises:
        ImageError: an image cannot be read; the message names it.
    """
    sample = _whole(item, _random_view(item.instances.size, settings, rng), settings)
    if donor is not None and len(donor.instances) and rng.random() < settings.paste:
        sample = _with_pasted(sample, donor, settings, rng)
    if settings.jitter:
        sample = replace(sample, image=_jittered(sample.image, settings.jitter, rng))
    return sample


def plain_view(item: Item, settings: AugmentSettings) -> Sample:
    """The whole image without any chance, at the network's size."""
    still = settings.model_copy(
        update={"crop": (1.0, 1.0), "aspect": 1.0, "flip": 0.0, "short_sides": settings.short_sides[-1:]}
    )
    return _whole(item, _random_view(item.instances.size, still, np.random.default_rng(0)), still)


def _random_view(size: tuple[int, int], settings: AugmentSettings, rng: np.random.Generator) -> _View:
    height, width = size
    is_flipped = bool(rng.random() < settings.flip)
    if settings.square is None:
        short = settings.short_sides[rng.integers(len(settings.short_sides))]
        scale = min(short / min(size), settings.long_side / max(size))
        return _View(0, 0, width, height, (max(1, round(height * scale)), max(1, round(width * scale))), is_flipped)
    share = rng.uniform(*settings.crop)
    stretch = settings.aspect ** rng.uniform(-1, 1)
    w, h = max(1, round(share * stretch * width)), max(1, round(share / stretch * height))
    left, top = (
        int(rng.integers(min(0, whole - part), max(0, whole - part) + 1)) for whole, part in ((width, w), (height, h))
    )
    return _View(left, top, w, h, (settings.square, settings.square), is_flipped)


def _whole(item: Item, view: _View, settings: AugmentSettings) -> Sample:
    pixels = read_image(item.path).pixels
    instances = item.instances
    grid = (-(-view.size[0] // STRIDE), -(-view.size[1] // STRIDE))
    ignored = np.zeros(grid, bool)
    if item.ignored is not None and len(item.ignored):
        height, width = instances.size
        ignored[:] = _on_grid(coco_mask.merge(item.ignored.rles()), (0, 0, width, height), view, grid)
    masks = np.zeros((len(instances), *grid), bool)
    # One by one: a decoded plane then stays in the processor's cache.
    for number, (code, box) in enumerate(zip(instances.rles(), instances.boxes.tolist(), strict=True)):
        masks[number] = _on_grid(code, box, view, grid)
    sample = Sample(
        view.of(pixels, view.size, _FILL),
        masks,
        ignored,
        item.weights,
        item.has_mask,
        np.zeros(len(instances), bool) if item.pseudo is None else item.pseudo,
        item.categories,
        instances.embeddings,
    )
    whole = instances.areas * grid[0] * grid[1] / (view.width * view.height)
    return _visible(sample, whole, settings)


def _on_grid(code: Mapping[str, object], box: Sequence[int], view: _View, grid: tuple[int, int]) -> Bool:
    """Cells of the view of which at least half is covered by an RLE whose pixels all lie in a box [x, y, width, height]."""
    x, y, width, height = box
    if not (width and height):
        return np.zeros(grid, bool)
    part = coco_mask.decode(code)[y : y + height, x : x + width]
    # Between whole pixels the integral image is bilinear, so that cells may end anywhere in a pixel.
    sums = cv2.integral(np.ascontiguousarray(part))  # (height + 1, width + 1)
    rows = _between(sums, view.top - y, view.height, grid[0])
    corners = _between(rows.T, view.left - x, view.width, grid[1]).T
    covered = np.diff(np.diff(corners, axis=0), axis=1)
    cells = covered >= 0.5 * (view.height / grid[0]) * (view.width / grid[1]) - _ROUNDING
    return cells[:, ::-1] if view.is_flipped else cells


def _between(values: npt.NDArray[np.generic], start: int, length: int, cells: int) -> npt.NDArray[np.float64]:
    """(k, m) rows -> (cells + 1, m): linear between the rows, at the borders of equal cells of a stretch of them."""
    places = np.clip(start + np.arange(cells + 1) * (length / cells), 0, len(values) - 1)
    below = np.minimum(places.astype(np.intp), len(values) - 2)
    share = (places - below)[:, None]
    found: npt.NDArray[np.float64] = values[below] * (1 - share) + values[below + 1] * share
    return found


def _visible(sample: Sample, before: npt.NDArray[np.floating], settings: AugmentSettings) -> Sample:
    cells = sample.masks.sum((1, 2))
    return sample[(cells > settings.min_visible * before) & (cells >= settings.min_cells)]


def _with_pasted(sample: Sample, donor: Item, settings: AugmentSettings, rng: np.random.Generator) -> Sample:
    """Random whole objects of the donor at random places; the masks below are cut."""
    pixels = read_image(donor.path).pixels
    scale = min(sample.image.shape[0] / pixels.shape[0], sample.image.shape[1] / pixels.shape[1])
    wholes = _whole_objects(donor.instances)
    rng.shuffle(wholes)
    for index in wholes[: settings.paste_objects]:
        mask = donor.instances[[index]].decode()[0]
        x, y, width, height = map(int, donor.instances.boxes[index])
        factor = scale * rng.uniform(*settings.paste_scale)
        size = (max(1, round(height * factor)), max(1, round(width * factor)))
        if size[0] >= sample.image.shape[0] or size[1] >= sample.image.shape[1]:
            continue
        view = _View(x, y, width, height, size, bool(rng.random() < settings.flip))
        patch, alpha = view.of(pixels, size, _FILL), view.of(mask.astype(np.uint8) * 255, size, (0,)) >= 128
        top, left = (
            int(rng.integers(room + 1)) for room in (sample.image.shape[0] - size[0], sample.image.shape[1] - size[1])
        )
        sample = _pasted(sample, donor, index, patch, alpha, (top, left), settings)
    return sample


def _whole_objects(instances: Instances) -> list[int]:
    """Those that no side of the image cuts and that are no background: at most 30 % of the image."""
    height, width = instances.size
    x, y, w, h = instances.boxes.T
    inside = (x > 0) & (y > 0) & (x + w < width) & (y + h < height) & (instances.areas < 0.3 * height * width)
    return [int(index) for index in np.flatnonzero(inside & (instances.areas > 0))]


def _pasted(
    sample: Sample,
    donor: Item,
    index: int,
    patch: UInt8,
    alpha: Bool,
    place: tuple[int, int],
    settings: AugmentSettings,
) -> Sample:
    (top, left), (height, width) = place, alpha.shape
    full = np.zeros(sample.image.shape[:2], np.uint8)
    full[top : top + height, left : left + width][alpha] = 255
    grid = sample.masks.shape[1:]
    mask = cv2.resize(full, (grid[1], grid[0]), interpolation=cv2.INTER_AREA) >= 128
    cells = sample.masks.sum((1, 2))
    overlap = (sample.masks & mask).sum((1, 2))
    if mask.sum() < settings.min_cells or bool((overlap >= settings.paste_iou * (cells + mask.sum() - overlap)).any()):
        return sample
    image = sample.image.copy()
    image[top : top + height, left : left + width][alpha] = patch[alpha]
    cut = _visible(
        replace(sample, image=image, masks=sample.masks & ~mask, ignored=sample.ignored & ~mask), cells, settings
    )
    embeddings, categories = donor.instances.embeddings, donor.categories
    return replace(
        cut,
        masks=np.concatenate([cut.masks, mask[None]]),
        weights=np.append(cut.weights, donor.weights[index]).astype(np.float32),
        has_mask=np.append(cut.has_mask, donor.has_mask[index]),
        pseudo=np.append(cut.pseudo, donor.pseudo is not None and donor.pseudo[index]),
        categories=None
        if cut.categories is None or categories is None
        else np.append(cut.categories, categories[index]),
        embeddings=None
        if cut.embeddings is None or embeddings is None
        else np.concatenate([cut.embeddings, embeddings[index][None]]),
    )


def _jittered(image: UInt8, amount: float, rng: np.random.Generator) -> UInt8:
    """Brightness, contrast and saturation, each by a random factor."""
    brightness, contrast = 1 + rng.uniform(-amount, amount, 2)
    saturation = 1 + rng.uniform(-1.6 * amount, 1.6 * amount)
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., None].astype(np.float32)
    values = grey + (image.astype(np.float32) - grey) * saturation
    values = (values - grey.mean()) * contrast + grey.mean() * brightness
    return np.asarray(np.clip(values, 0, 255), np.uint8)
