"""Which grid cells an object trains (SOLO section 3.1.2, paper section 3.3)."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

CENTRE = 0.2
"""Cells within so large a share of the box around the centre of mass are positive; at most 3 x 3 a level."""


class Positives(NamedTuple):
    """The cells of one image that predict an object."""

    cells: npt.NDArray[np.int64]
    """(p,) positions among all cells, ascending."""
    objects: npt.NDArray[np.int64]
    """(p,) which of the image's objects each predicts."""


def assign(
    masks: npt.NDArray[np.bool_],
    scores: npt.NDArray[np.floating],
    grids: tuple[int, ...],
    ranges: tuple[tuple[float, float], ...],
) -> Positives:
    """The cells around each object's centre of mass, on every level whose range holds the object's size.

    Size is sqrt(box area) of the mask's tight box as a share of sqrt(image area): never of the padded batch, so that targets do not
    depend on the batch partner. Ranges overlap, so an object may train two levels. Where two objects want one cell the one with the
    higher score has it, of equal scores the smaller one.

    Args:
        masks: (n, h, w) in the image's own frame; empty ones are passed over.
        scores: (n,).
        grids: cells along each side, level by level.
        ranges: (low, high) of each level.
    """
    areas = masks.sum((1, 2))
    taken: dict[int, int] = {}
    for index in np.lexsort((-areas, scores)):  # the last one written wins
        if areas[index]:
            taken.update(dict.fromkeys(_cells(masks[index], grids, ranges), int(index)))
    cells = sorted(taken)
    return Positives(np.array(cells, np.int64), np.array([taken[cell] for cell in cells], np.int64))


def _cells(mask: npt.NDArray[np.bool_], grids: tuple[int, ...], ranges: tuple[tuple[float, float], ...]) -> list[int]:
    (y, height), (x, width) = _extent(mask.sum(1)), _extent(mask.sum(0))
    size = (height * width) ** 0.5
    found: list[int] = []
    first = 0
    for grid, (low, high) in zip(grids, ranges, strict=True):
        if low <= size < high:
            rows, columns = _span(y, height, grid), _span(x, width, grid)
            found += [first + row * grid + column for row in rows for column in columns]
        first += grid * grid
    return found


def _extent(profile: npt.NDArray[np.integer]) -> tuple[float, float]:
    """Centre of mass and length of a mask along one axis, as shares of the image's side, from its pixels a line."""
    filled = np.flatnonzero(profile)
    centre = (profile[filled] @ (filled + 0.5)) / profile[filled].sum()
    return float(centre) / len(profile), float(filled[-1] - filled[0] + 1) / len(profile)


def _span(centre: float, length: float, grid: int) -> range:
    """Cells along one axis within the centre region: the centre's and at most one on each side."""
    own = min(int(centre * grid), grid - 1)
    first = max(own - 1, int(max(0.0, centre - CENTRE / 2 * length) * grid))
    last = min(own + 1, grid - 1, int((centre + CENTRE / 2 * length) * grid))
    return range(first, last + 1)
