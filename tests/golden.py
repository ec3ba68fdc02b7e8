"""The masks that break careless encoders, by name; every codec and format is tested on all of them."""

import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]


def _disc(height: int, width: int, y: float, x: float, radius: float) -> Mask:
    rows, columns = np.mgrid[:height, :width]
    disc: Mask = (rows - y) ** 2 + (columns - x) ** 2 <= radius**2
    return disc


def _with(height: int, width: int, *boxes: tuple[int, int, int, int]) -> Mask:
    """Boxes (top, left, bottom, right), exclusive."""
    mask = np.zeros((height, width), bool)
    for top, left, bottom, right in boxes:
        mask[top:bottom, left:right] = True
    return mask


def golden_masks() -> dict[str, Mask]:
    """Name -> (height, width) bool mask with at least one pixel."""
    donut = _disc(40, 50, 20, 25, 15) & ~_disc(40, 50, 20, 25, 7)
    return {
        "donut": donut,
        "two parts": _with(30, 40, (2, 3, 10, 12), (15, 20, 28, 39)),
        "one pixel": _with(17, 13, (8, 6, 9, 7)),
        "corner pixel": _with(17, 13, (16, 12, 17, 13)),
        "full image": np.ones((11, 19), bool),
        "touching all borders": ~_disc(24, 31, 12, 15, 6),
        "one-pixel line": _with(20, 30, (9, 1, 10, 29)),
        "one-pixel column": _with(20, 30, (0, 7, 20, 8)),
        "diagonal": np.eye(16, dtype=bool),
        "nested island": donut | _disc(40, 50, 20, 25, 3),
        "two holes": _with(12, 30, (1, 1, 11, 29)) & ~_with(12, 30, (4, 5, 8, 9), (3, 15, 9, 20)),
        "hole touches hole": _with(9, 9, (0, 0, 9, 9)) & ~_with(9, 9, (2, 2, 4, 4), (4, 4, 6, 6)),
        "checkerboard": np.indices((9, 12)).sum(0) % 2 == 0,
        "one by one": np.ones((1, 1), bool),
        "wide": _with(3, 20_000, (1, 17, 2, 19_990)),
    }


def thousand_masks() -> Mask:
    """(1000, 40, 50) bool: many instances in one image."""
    rng = np.random.default_rng(0)
    masks = np.zeros((1000, 40, 50), bool)
    for mask in masks:
        top, left = rng.integers(0, 36), rng.integers(0, 46)
        mask[top : top + 1 + rng.integers(0, 4), left : left + 1 + rng.integers(0, 4)] = True
    return masks
