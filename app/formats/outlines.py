"""Masks as polygons and back, with a note where a polygon is not all that the mask was.

The tracer is compiled code, half a second to load, so it is imported where a mask is traced.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from pycocotools import mask as coco_mask

from freesolo.codecs import coco_rle
from freesolo.errors import CodecError

KEYHOLE = "{} masks have holes: their polygons reach them by a cut without width, which tools that draw outlines may show or fill"
BRIDGE = "{} masks have several parts: one polygon joins them by a line without width, which tools may draw"
NOT_POLYGONS = "{} masks cannot be drawn as polygons and are written as rle"

SIMPLE = 1.0
"""Pixels by which a simplified outline may leave the exact one."""

_GRID = 0.01
"""Points this close to pixel corners, in pixels, are meant to be on them: text formats round."""


def coco_rings(counts: str, size: tuple[int, int], *, simple: bool) -> tuple[list[list[float]], "Counter[str]"]:
    """COCO's polygons of a mask, one ring a part, exact along the pixel edges or simplified; notes for the loss report.

    No rings where COCO's own decoder would lose the mask.
    """
    from freesolo.codecs import polygons

    mask = coco_rle.decode(counts, size)
    rings = polygons.simplified(mask, SIMPLE) if simple else polygons.to_coco(mask)
    merged = coco_mask.merge(coco_mask.frPyObjects(rings, *size)) if rings else None
    if merged is None or not coco_mask.area(merged):
        return [], Counter([NOT_POLYGONS])
    return rings, Counter([KEYHOLE] if any(ring.hole for ring in polygons.mask_to_rings(mask)) else [])


def one_ring(counts: str, size: tuple[int, int]) -> tuple[list[float], "Counter[str]"]:
    """A mask as one single exact polygon [x, y, x, y, ...], its parts joined by bridges; notes for the loss report."""
    from freesolo.codecs import polygons

    mask = coco_rle.decode(counts, size)
    rings = polygons.mask_to_rings(mask)
    notes = Counter([KEYHOLE] if any(ring.hole for ring in rings) else [])
    notes.update([BRIDGE] if sum(not ring.hole for ring in rings) > 1 else [])
    return polygons.joined(polygons.to_coco(mask)), notes


def filled(rings: Sequence[Sequence[float]], size: tuple[int, int]) -> str:
    """The union of polygons as compressed RLE; exact where they run along pixel edges.

    Raises:
        CodecError: a polygon is not at least three finite x, y pairs.
    """
    merged = coco_rle.parse([_on_grid(ring) for ring in rings], size)
    return merged.decode("ascii")


def _on_grid(ring: Sequence[float]) -> list[float]:
    if not all(isinstance(value, int | float) for value in ring):
        raise CodecError("a polygon holds something else than numbers")
    values = np.asarray(ring, float)
    near = np.round(values)
    return [float(value) for value in np.where(np.abs(values - near) < _GRID, near, values)]


def shape(mask: npt.NDArray[np.generic]) -> tuple[int, int]:
    """(parts, holes) of a (height, width) mask; parts are 4-connected."""
    from freesolo.codecs import polygons

    rings = polygons.mask_to_rings(mask)
    holes = sum(ring.hole for ring in rings)
    return len(rings) - holes, holes
