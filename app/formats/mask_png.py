"""One PNG a mask, black and white, as large as its image."""

import numpy as np
import numpy.typing as npt
from pycocotools import mask as coco_mask

from app.formats import png, sheet
from app.formats.format import Part
from app.formats.pictures import Pictures, Shown
from app.formats.records import Head, Page
from freesolo.codecs import coco_rle


class MaskPng(Pictures):
    """``masks/<image>/<id>.png`` of 1 bit, and ``masks.csv``."""

    name = "masks"
    title = "Mask PNGs, one a mask (zip)"
    keeps = "pixels, holes, parts, overlaps, names, categories, ids, score, state"
    loses = "nothing"

    def encode(self, page: Page, head: Head) -> Part[Shown]:
        rows: list[sheet.Row] = []
        files: dict[str, bytes] = {}
        for mask in page.masks:
            name = f"masks/{page.picture.file_name}/{mask.id}.png"
            code = {"size": list(page.picture.size), "counts": mask.counts.encode()}
            x, y, w, h = (int(side) for side in coco_mask.toBbox(code))
            rows.append(sheet.row(name, 255, page.picture, mask, head, (x, y, w, h)))
            files[name] = png.write(coco_rle.decode(mask.counts, page.picture.size))
        return Part(page.picture, (rows, files))

    def inside(self, pixels: npt.NDArray[np.generic], value: int) -> npt.NDArray[np.bool_]:
        return np.asarray(pixels != 0)
