"""Soft masks of a feature grid at the size of the image, cut at a threshold, as runs: most pixels are never computed."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit
from pycocotools import mask as coco_mask

from freesolo.instances import Bool, Float32, Int64

UInt32 = npt.NDArray[np.uint32]

_ROUNDING = np.float32(1e-6)
"""Four values in [0, 1] that are all so much above (or below) the threshold stay there when they are mixed."""


@dataclass(frozen=True, eq=False)
class UpscaledMask:
    """A mask at the size of the image."""

    counts: bytes
    """Compressed COCO RLE counts."""
    rows: Bool
    """(height,) rows that hold a pixel of the mask."""
    columns: Bool
    """(width,) columns that do."""


class Upscaler:
    """Bilinear scaling from one grid to one size, pixel for pixel that of ``torch.nn.functional.interpolate`` (corners not aligned).

    Args:
        grid: (h, w) of the soft masks.
        size: (height, width) of the image.
        threshold: in (0, 1); pixels from here on belong to the mask.
    """

    def __init__(self, grid: tuple[int, int], size: tuple[int, int], threshold: float) -> None:
        self._size = size
        self._threshold = np.float32(threshold)
        self._left, self._right_share = _axis(grid[1], size[1])
        top, self._lower_share = _axis(grid[0], size[0])
        self._begins = np.searchsorted(top, np.arange(grid[0] + 1))

    def __call__(self, soft: Float32) -> UpscaledMask:
        """One mask from (h, w) float32 values in [0, 1], C-contiguous."""
        runs, rows, columns = _runs(
            soft, self._left, self._right_share, self._begins, self._lower_share, self._threshold
        )
        code = coco_mask.frPyObjects({"size": list(self._size), "counts": runs.tolist()}, *self._size)
        return UpscaledMask(code["counts"], rows, columns)


def _axis(cells: int, pixels: int) -> tuple[Int64, Float32]:
    """For each pixel of a side: the cell whose centre is before it, and the share of the next cell."""
    # Rounded once after multiplying and subtracting, like torch, whose compiled code joins the two.
    scale = float(np.float32(cells) / np.float32(pixels))
    at = np.maximum(((np.arange(pixels) + 0.5) * scale - 0.5).astype(np.float32), np.float32(0))
    before = np.minimum(at.astype(np.int64), cells - 1)
    return before, np.clip(at - before.astype(np.float32), 0, 1).astype(np.float32)


@njit(cache=True)
def _mixed(first: np.float32, second: np.float32, share: np.float32) -> np.float32:
    """``first * (1 - share) + second * share``, rounded as by the fused multiply-add of torch's compiled code."""
    product = second * share
    return np.float32(np.float64(first) * np.float64(np.float32(1) - share) + np.float64(product))


@njit(cache=True)
def _runs(
    soft: Float32, left: Int64, right_share: Float32, begins: Int64, lower_share: Float32, threshold: np.float32
) -> tuple[UInt32, Bool, Bool]:
    """Lengths of alternating runs of 0 and 1, zeros first, column by column, and the rows and columns with a 1.

    Args:
        soft: (h, w).
        left: (width,) index of the column of cells before each pixel.
        right_share: (width,) weight of the next one.
        begins: (h + 1,) first pixel below the centre of each row of cells, the height at the end.
        lower_share: (height,) weight of the lower row of cells.
        threshold: as in `Upscaler`.
    """
    (h, w), height, width = soft.shape, len(lower_share), len(left)
    runs = np.empty(height * width + 2, np.uint32)  # the longest there can be; untouched memory costs nothing
    rows, columns = np.zeros(height, np.bool_), np.zeros(width, np.bool_)
    column = np.empty(h + 1, np.float32)
    count, begin, inside = 0, 0, False
    for x in range(width):
        x0 = left[x]
        x1 = min(x0 + 1, w - 1)
        for row in range(h):
            column[row] = _mixed(soft[row, x0], soft[row, x1], right_share[x])
        column[h] = column[h - 1]
        for row in range(h):
            upper, lower, first, last = column[row], column[row + 1], begins[row], begins[row + 1]
            if first == last:
                continue
            sure = min(upper, lower) >= threshold + _ROUNDING or max(upper, lower) < threshold - _ROUNDING
            for y in range(first, first + 1 if sure else last):  # where it is sure, one pixel speaks for all
                now = _mixed(upper, lower, lower_share[y]) >= threshold
                if now != inside:
                    runs[count] = x * height + y - begin
                    begin, inside, count = x * height + y, now, count + 1
                if now:
                    rows[y] = columns[x] = True
            if sure and inside:
                rows[first:last] = True
    runs[count] = height * width - begin
    return runs[: count + 1], rows, columns
