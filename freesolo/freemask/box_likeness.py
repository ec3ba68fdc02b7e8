"""How likely each region of an image belongs to the object that a person put a box around: one logistic model on what can be seen.

What lies outside the box is background for certain, what lies in its middle is mostly object. A region inside is compared with both, by
its features and by its colour, each at two scales, as GrabCut compares pixels (Rother et al., SIGGRAPH 2004).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from freesolo.freemask.click_map import ClickMap
from freesolo.instances import Float32, Int64

_FEATURE_SCALES = (0.25, 0.5)
_COLOUR_SCALES = (0.25, 0.6)
"""Widths of the Gaussian kernels: of features, and of Lab colours / 30."""
_MIDDLE = 0.5
"""Width of the weight of what lies in the middle of the box, in half sides."""
_AROUND = 0.5
"""Half sides outside the box over which what lies there loses weight."""
_TOUCHED = 0.02
"""Share of a region inside the box from which on it may belong."""
_COMPARED = 300
"""Regions of the middle, and of what is around, that a region is compared with: those that weigh most."""
_NOISE = 1e-3

_WEIGHTS = (0.22, 0.92, 0.32, 0.18, 3.11, -0.99)
_OFFSET = -2.88
"""Of `_evidence`. Fitted once on 354 human masks of 73 COCO train photographs, each side of their boxes moved by about 3 % as by a hand;
the same for every image."""


@dataclass(frozen=True)
class Box:
    """A rectangle around an object, pixels of the image, edges between pixels."""

    left: float
    top: float
    right: float
    bottom: float

    def iou(self, boxes: npt.NDArray[np.generic]) -> Float32:
        """(n,) float32 IoU with boxes, (n, 4) x, y, width, height."""
        x, y, width, height = np.asarray(boxes, np.float32).T
        across = np.maximum(np.minimum(x + width, self.right) - np.maximum(x, self.left), 0)
        down = np.maximum(np.minimum(y + height, self.bottom) - np.maximum(y, self.top), 0)
        union = width * height + (self.right - self.left) * (self.bottom - self.top) - across * down
        return np.asarray(across * down / np.maximum(union, 1e-6), np.float32)


@dataclass(frozen=True, eq=False)
class Boxed:
    """A box on the regions of an image."""

    where: ClickMap
    sides: tuple[float, float, float, float]
    """left, top, right, bottom in pixels of the label map, inside it and at least a pixel apart."""

    @cached_property
    def share(self) -> Float32:
        """(n,) share of each region inside."""
        left, top, right, bottom = (round(side) for side in self.sides)
        inside = self.where.hierarchy.labels[top : max(bottom, top + 1), left : max(right, left + 1)]
        sizes = self.where.sizes
        return (np.bincount(inside.ravel(), minlength=len(sizes)) / sizes).astype(np.float32)

    @cached_property
    def likely(self) -> Float32:
        """(n,) probability that a region belongs to the object."""
        touched = np.flatnonzero(self.share > _TOUCHED)
        likely = np.zeros(len(self.share), np.float32)
        evidence = _evidence(self.where, self.sides, self.share)
        likely[touched] = 1 / (1 + np.exp(-(evidence @ np.array(_WEIGHTS, np.float32) + _OFFSET)))
        return likely


def boxed(where: ClickMap, box: Box) -> Boxed:
    """Put a box on the regions of an image.

    Raises:
        ValueError: its right side is not right of its left one, or its bottom not below its top, or it lies outside the image.
    """
    height, width = where.hierarchy.size
    if not (box.left < box.right and box.top < box.bottom):
        raise ValueError("box: its sides are in the wrong order, or it is empty")
    if box.right <= 0 or box.bottom <= 0 or box.left >= width or box.top >= height:
        raise ValueError("box: it lies outside the image")
    left, top = where.place(max(box.left, 0), max(box.top, 0))
    right, bottom = where.place(min(box.right, width), min(box.bottom, height))
    left, top = min(left, where.columns - 1), min(top, where.rows - 1)
    return Boxed(where, (left, top, max(right, left + 1), max(bottom, top + 1)))


def _evidence(where: ClickMap, sides: tuple[float, float, float, float], share: Float32) -> Float32:
    """(touched regions, 6): logarithm of how much more it looks like the middle than like what is around, at each scale; share inside;
    distance of its centre from the middle, 1 at the side."""
    left, top, right, bottom = sides
    across = (where.centres[:, 0] - (left + right) / 2) / ((right - left) / 2)
    down = (where.centres[:, 1] - (top + bottom) / 2) / ((bottom - top) / 2)
    away = np.maximum(np.abs(across), np.abs(down)).astype(np.float32)
    touched, outside = np.flatnonzero(share > _TOUCHED), np.flatnonzero(share < 0.5)
    middle = _heaviest(where.sizes * share * np.exp(-(across**2 + down**2) / _MIDDLE), touched)
    around = _heaviest(where.sizes * (1 - share) * np.exp(-np.maximum(away - 1, 0) / _AROUND), outside)
    columns = []
    colours: Float32 = where.lab / np.float32(30)
    for rows, scales in ((where.features, _FEATURE_SCALES), (colours, _COLOUR_SCALES)):
        near, far = (_squares(rows[touched], rows[places]) for places, _ in (middle, around))
        for scale in scales:
            alike, other = (
                np.exp(squares / np.float32(-2 * scale**2)) @ weights
                for squares, (_, weights) in ((near, middle), (far, around))
            )
            columns.append(np.log(alike + _NOISE) - np.log(other + _NOISE))
    return np.stack([*columns, share[touched], away[touched]], axis=1).astype(np.float32)


def _heaviest(weights: Float32, places: Int64) -> tuple[Int64, Float32]:
    """Those of some regions that weigh most, and their weights, which sum to 1, or to 0 where there are none."""
    chosen = places[np.argsort(-weights[places], kind="stable")[:_COMPARED]]
    return chosen, (weights[chosen] / max(float(weights[chosen].sum()), 1e-6)).astype(np.float32)


def _squares(a: Float32, b: Float32) -> Float32:
    """(k, m) squared distances of rows."""
    distances = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1)[None] - 2 * a @ b.T
    return np.asarray(np.maximum(distances, 0), np.float32)
