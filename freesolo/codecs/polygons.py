"""Polygons along pixel edges: one pixel is a unit square, corners are integers, so that nothing is lost.

A contour through pixel centres (as `cv2.findContours` gives) loses half a pixel all around and whole one-pixel masks; a
ring along the edges encloses exactly the mask's pixels: its shoelace area is the pixel count.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from numba import njit

from freesolo.errors import CodecError
from freesolo.instances import Bool, Int32


@dataclass(frozen=True, eq=False)
class Ring:
    """A closed ring along pixel edges, foreground on its right; the last point joins the first."""

    points: Int32
    """(k, 2) int32 x, y of the corners."""
    hole: bool
    """Whether it bounds a hole instead of a part."""


def mask_to_rings(mask: npt.NDArray[np.generic]) -> list[Ring]:
    """All rings of a (height, width) mask. Parts are 4-connected: pixels that touch at a corner are two parts."""
    padded = np.zeros((mask.shape[0] + 2, mask.shape[1] + 2), np.uint8)
    padded[1:-1, 1:-1] = mask != 0
    points, ends, areas = _trace(padded)
    starts = np.concatenate([np.zeros(1, np.int64), ends])[:-1]
    return [Ring(points[a:b], bool(area < 0)) for a, b, area in zip(starts, ends, areas, strict=True)]


def to_coco(mask: npt.NDArray[np.generic]) -> list[list[float]]:
    """COCO polygons [[x, y, x, y, ...], ...] of a (height, width) mask: one ring a part.

    COCO joins the rings of a mask and knows no holes, so each hole is reached from its part by a bridge without width (a
    keyhole); pycocotools decodes the result to exactly the mask.
    """
    rings = mask_to_rings(mask)
    owners = _edge_owners(rings, mask.shape[0], mask.shape[1])
    loops: dict[int, list[list[int]]] = {k: ring.points.tolist() for k, ring in enumerate(rings) if not ring.hole}
    part_of = {k: k for k in loops}
    holes = [k for k, ring in enumerate(rings) if ring.hole]
    for k in sorted(holes, key=lambda k: int(rings[k].points[:, 0].min())):  # what lies left of a hole is joined first
        x, y, loop = _leftmost_first(rings[k].points)
        reach = x - 1
        while owners[y - 1, reach] < 0 and owners[y, reach] < 0:
            reach -= 1
        part_of[k] = part_of[int(max(owners[y - 1, reach], owners[y, reach]))]
        _splice(loops[part_of[k]], loop, reach, y)
    return [[float(value) for point in loop for value in point] for loop in loops.values()]


def joined(rings: Sequence[Sequence[float]]) -> list[float]:
    """Several rings [x, y, x, y, ...] as one, for formats that know one polygon a mask.

    From the first ring a bridge without width leads to each other one and back, along pixel edges; fillers by area do not
    see it.
    """
    first, *others = rings
    x0, y0 = first[:2]
    ring = list(first)
    for other in others:
        x, y = other[:2]
        ring += [x0, y0, x, y0, *other, x, y, x, y0]
    return ring


def simplified(mask: npt.NDArray[np.generic], tolerance: float) -> list[list[float]]:
    """COCO polygons with fewer points (Douglas-Peucker), one ring a part, holes by bridges as in `to_coco`.

    Args:
        mask: (height, width), non-zero is foreground.
        tolerance: pixels by which an outline may leave the exact one.
    """
    number, labels = cv2.connectedComponents((mask != 0).astype(np.uint8), connectivity=4)
    loops: list[list[float]] = []
    for part in range(1, number):
        outer, *holes = sorted(mask_to_rings(labels == part), key=lambda ring: ring.hole)
        loop = _fewer(outer.points, tolerance)
        for hole in holes:
            ring = _fewer(hole.points, tolerance)
            near = int(((np.asarray(loop) - ring[0]) ** 2).sum(1).argmin())
            loop[near + 1 : near + 1] = [*ring, ring[0], loop[near]]
        loops.append([float(value) for point in loop for value in point])
    return loops


def _fewer(points: Int32, tolerance: float) -> list[list[int]]:
    """A ring with fewer points; itself where nothing would be left of it."""
    kept = cv2.approxPolyDP(points.reshape(-1, 1, 2), tolerance, closed=True).reshape(-1, 2)
    found: list[list[int]] = np.asarray(kept if len(kept) > 2 else points, np.int32).tolist()
    return found


def rasterise(rings: Sequence[npt.NDArray[np.integer]], size: tuple[int, int]) -> Bool:
    """The (height, width) mask that rings with integer corners and axis-parallel sides enclose (even-odd rule); exact.

    Args:
        rings: each (k, 2) x, y; parts and holes alike.
        size: (height, width).

    Raises:
        CodecError: a side is slanted or a corner lies outside the image.
    """
    flips = np.zeros((size[0], size[1] + 1), bool)
    for ring in rings:
        points = np.asarray(ring)
        following = np.roll(points, -1, axis=0)
        if ((points != following).all(axis=1)).any():
            raise CodecError("a ring along pixel edges has a slanted side")
        if (points < 0).any() or (points > (size[1], size[0])).any():
            raise CodecError(f"a ring leaves the image of {size[1]} x {size[0]} pixels")
        for (x, y), (x1, y1) in zip(points, following, strict=True):
            if x == x1:
                flips[min(y, y1) : max(y, y1), x] ^= True
    return np.logical_xor.accumulate(flips, axis=1)[:, :-1]


def _edge_owners(rings: list[Ring], height: int, width: int) -> Int32:
    """(height, width + 1) int32: which ring the pixel edge left of each pixel belongs to, -1 for none."""
    owners = np.full((height, width + 1), -1, np.int32)
    for k, ring in enumerate(rings):
        for (x, y), (x1, y1) in zip(ring.points, np.roll(ring.points, -1, axis=0), strict=True):
            if x == x1:
                owners[min(y, y1) : max(y, y1), x] = k
    return owners


def _leftmost_first(points: Int32) -> tuple[int, int, list[list[int]]]:
    """The top corner of a hole's leftmost edge, and the ring from there once around.

    Just left of it lies foreground both above and below.
    """
    first = int(np.lexsort((points[:, 1], points[:, 0]))[0])
    return int(points[first, 0]), int(points[first, 1]), [*points[first:].tolist(), *points[: first + 1].tolist()]


def _splice(loop: list[list[int]], hole: list[list[int]], x: int, y: int) -> None:
    """Insert a hole's ring into its part's at the vertical side that passes (x, y), with a bridge there and back."""
    for k, (start, end) in enumerate(zip(loop, [*loop[1:], loop[0]], strict=True)):
        if start[0] == end[0] == x and min(start[1], end[1]) <= y <= max(start[1], end[1]):
            loop[k + 1 : k + 1] = [[x, y], *hole, [x, y]]
            return
    raise AssertionError("the way to the left of a hole always ends at its part")


@njit(cache=True)
def _trace(mask: npt.NDArray[np.uint8]) -> tuple[Int32, npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Corners of all rings in one row, where each ring ends, and twice their signed areas (negative: a hole).

    ``mask`` has a border of zeros; corners are in the coordinates without it. Every ring begins with a top edge walked to
    the right.
    """
    height, width = mask.shape
    dx = (1, 0, -1, 0)
    dy = (0, 1, 0, -1)
    visited = np.zeros((height, width), np.bool_)  # of top edges: each ring has one
    points = np.empty((64, 2), np.int32)
    ends = np.empty(8, np.int64)
    areas = np.empty(8, np.int64)
    count = rings = 0
    for row in range(1, height - 1):
        for column in range(1, width - 1):
            if not mask[row, column] or mask[row - 1, column] or visited[row, column]:
                continue
            x, y, direction, area = column, row, 0, 0
            previous = -1
            while not (direction == 0 and visited[y, x]):
                if direction == 0:
                    visited[y, x] = True
                if direction != previous:
                    if count == len(points):
                        larger = np.empty((2 * count, 2), np.int32)
                        larger[:count] = points
                        points = larger
                    points[count, 0], points[count, 1] = x - 1, y - 1
                    count += 1
                previous = direction
                area += x * dy[direction] - y * dx[direction]
                x += dx[direction]
                y += dy[direction]
                for turn in (1, 0, 3):  # right first: at a corner that two pixels share, stay with the same pixel
                    ahead = (direction + turn) % 4
                    inside = mask[y if ahead in (0, 1) else y - 1, x if ahead in (0, 3) else x - 1]
                    outside = mask[y - 1 if ahead in (0, 3) else y, x - 1 if ahead in (2, 3) else x]
                    if inside and not outside:
                        direction = ahead
                        break
            if rings == len(ends):
                more_ends, more_areas = np.empty(2 * rings, np.int64), np.empty(2 * rings, np.int64)
                more_ends[:rings], more_areas[:rings] = ends, areas
                ends, areas = more_ends, more_areas
            ends[rings], areas[rings] = count, area
            rings += 1
    return points[:count], ends[:rings], areas[:rings]
