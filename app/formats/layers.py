"""Masks painted into one picture of values: small ones on top, so that nothing vanishes below something larger."""

import numpy as np
import numpy.typing as npt
from pycocotools import mask as coco_mask

from app.formats.records import Page
from freesolo.codecs import coco_rle

Values = npt.NDArray[np.uint32]


def paint(page: Page, most: int) -> tuple[Values, int]:
    """The place + 1 of the mask that each pixel belongs to, 0 for none; and how many pixels the masks have in all.

    Args:
        page: an image with its masks.
        most: masks from this place on are left out.
    """
    size = page.picture.size
    codes = [{"size": list(size), "counts": mask.counts.encode()} for mask in page.masks[:most]]
    areas = [int(coco_mask.area(code)) for code in codes]
    values = np.zeros(size, np.uint32)
    for place in sorted(range(len(codes)), key=lambda place: (-areas[place], place)):
        values[coco_mask.decode(codes[place]) != 0] = place + 1
    return values, sum(areas)


def split(values: npt.NDArray[np.generic], skip: frozenset[int] = frozenset({0})) -> dict[int, str]:
    """Value -> compressed RLE of its pixels, in order of the values."""
    found = (int(value) for value in np.unique(values))
    return {value: coco_rle.encode(values == value).decode("ascii") for value in found if value not in skip}
