"""CVAT's RLE: row-major run lengths inside the mask's box, zeros first."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from freesolo.errors import CodecError
from freesolo.instances import Bool

Box = tuple[int, int, int, int]
"""[left, top, width, height], pixels."""


def encode(mask: npt.NDArray[np.generic]) -> tuple[list[int], Box]:
    """(height, width) mask with at least one pixel -> run lengths within its box, and the box.

    Raises:
        CodecError: the mask has no pixel.
    """
    ys, xs = (np.flatnonzero((mask != 0).any(axis)) for axis in (1, 0))
    if not len(ys):
        raise CodecError("a mask without pixels has no box")
    left, top, right, bottom = int(xs[0]), int(ys[0]), int(xs[-1]), int(ys[-1])
    flat = (mask[top : bottom + 1, left : right + 1] != 0).ravel()
    changes = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    edges = np.concatenate([[0], changes, [len(flat)]])
    runs = np.diff(edges).tolist()
    return [0, *runs] if flat[0] else runs, (left, top, right - left + 1, bottom - top + 1)


def decode(runs: Sequence[int], box: Box, size: tuple[int, int]) -> Bool:
    """Run lengths within a box -> (height, width) bool.

    Args:
        runs: zeros first.
        box: [left, top, width, height].
        size: (height, width) of the image.

    Raises:
        CodecError: the box leaves the image, or the runs are no mask of the box.
    """
    left, top, width, height = box
    if min(box) < 0 or not width or not height or left + width > size[1] or top + height > size[0]:
        raise CodecError(f"the box {list(box)} does not lie in the image of {size[1]} x {size[0]} pixels")
    if any(run < 0 for run in runs):
        raise CodecError("the RLE holds a negative run")
    if sum(runs) != width * height:
        raise CodecError(f"the RLE sums to {sum(runs)}, but its box has {width} x {height} = {width * height} pixels")
    values = np.arange(len(runs)) % 2 == 1
    mask = np.zeros(size, np.bool_)
    mask[top : top + height, left : left + width] = np.repeat(values, runs).reshape(height, width)
    return mask
