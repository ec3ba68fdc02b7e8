"""Label maps: a 16-bit PNG an image, each mask a value."""

import numpy as np
import numpy.typing as npt

from app.formats import layers, png, sheet
from app.formats.format import Part
from app.formats.pictures import Pictures, Shown
from app.formats.records import Head, Page
from freesolo.instances import Instances

_MOST = 2**16 - 1


class LabelMap(Pictures):
    """``labels/<image>.png`` of 16 bits, 0 where there is no mask, and ``masks.csv``."""

    name = "labels"
    title = "Label maps, 16-bit PNG (zip)"
    keeps = "pixels, holes, parts, names, categories, ids, score, state"
    loses = "overlaps: of masks on each other the smaller one stays; masks beyond 65,535 on an image"

    def encode(self, page: Page, head: Head) -> Part[Shown]:
        masks = page.masks[:_MOST]
        name = f"labels/{page.picture.file_name}.png"
        values, _ = layers.paint(page, _MOST)
        boxes = Instances.from_counts(page.picture.size, [m.counts.encode() for m in masks], [0] * len(masks)).boxes
        rows = [
            sheet.row(name, place + 1, page.picture, mask, head, (int(x), int(y), int(w), int(h)))
            for place, (mask, (x, y, w, h)) in enumerate(zip(masks, boxes, strict=True))
        ]
        return Part(page.picture, (rows, {name: png.write(values.astype(np.uint16))}))

    def inside(self, pixels: npt.NDArray[np.generic], value: int) -> npt.NDArray[np.bool_]:
        return np.asarray(pixels == value)
