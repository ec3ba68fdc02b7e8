"""The pixels of masks that people draw: checked before they enter the store."""

from dataclasses import dataclass
from typing import Any

from pycocotools import mask as coco_mask

from app.errors import ReviewError
from freesolo.codecs import coco_rle
from freesolo.errors import CodecError


@dataclass(frozen=True)
class Pixels:
    """A mask's pixels and what follows from them."""

    counts: str
    """Compressed COCO RLE."""
    bbox: tuple[int, int, int, int]
    """[x, y, width, height]."""
    area: int

    def columns(self) -> dict[str, Any]:
        """As fields of `Instance`."""
        return {"counts": self.counts, "bbox": self.bbox, "area": self.area}


def read(counts: str, size: tuple[int, int]) -> Pixels:
    """Pixels as a browser sends them.

    Args:
        counts: compressed COCO RLE.
        size: (height, width) of the upright image.

    Raises:
        ReviewError: the counts do not describe a mask of this size, or one without any pixel.
    """
    try:
        code = {"size": list(size), "counts": coco_rle.parse({"counts": counts}, size)}
    except CodecError as error:
        raise ReviewError(f"the mask does not fit the image, reload the page: {error}") from error
    area = int(coco_mask.area(code))
    if not area:
        raise ReviewError("nothing would be left of the mask: reject it instead")
    x, y, w, h = (int(side) for side in coco_mask.toBbox(code))
    return Pixels(counts, (x, y, w, h), area)
