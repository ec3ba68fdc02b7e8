"""Crops: each mask cut out of its image, transparent around it."""

from collections import Counter

import numpy as np
import numpy.typing as npt
from pycocotools import mask as coco_mask

from app.formats import png, sheet
from app.formats.format import Part
from app.formats.pictures import Pictures, Shown
from app.formats.records import Head, Page, Picture
from freesolo.codecs import coco_rle
from freesolo.errors import ImageError
from freesolo.images import read_image

_UNREADABLE = "{} masks have no crop: their image cannot be read, or is no longer the one they were made on"


class Crops(Pictures):
    """``crops/<image>/<id>.png``, RGB and alpha within the mask's box, and ``masks.csv``."""

    name = "crops"
    title = "Crops with alpha (zip)"
    keeps = "pixels, holes, parts, overlaps, names, categories, ids, score, state; colours of the image"
    loses = "nothing of masks; masks whose image cannot be read"
    whole = False

    def encode(self, page: Page, head: Head) -> Part[Shown]:
        image = _pixels(page.picture) if page.masks else None
        if image is None:
            return Part(page.picture, ([], {}), Counter({_UNREADABLE: len(page.masks)}))
        rows: list[sheet.Row] = []
        files: dict[str, bytes] = {}
        for mask in page.masks:
            name = f"crops/{page.picture.file_name}/{mask.id}.png"
            code = {"size": list(page.picture.size), "counts": mask.counts.encode()}
            x, y, w, h = (int(side) for side in coco_mask.toBbox(code))
            alpha = coco_rle.decode(mask.counts, page.picture.size)[y : y + h, x : x + w]
            crop = np.dstack([image[y : y + h, x : x + w], np.where(alpha, np.uint8(255), np.uint8(0))])
            rows.append(sheet.row(name, 255, page.picture, mask, head, (x, y, w, h)))
            files[name] = png.write(crop)
        return Part(page.picture, (rows, files))

    def inside(self, pixels: npt.NDArray[np.generic], value: int) -> npt.NDArray[np.bool_]:
        if pixels.ndim != 3 or pixels.shape[2] != 4:
            return np.zeros(pixels.shape[:2], np.bool_)
        return np.asarray(pixels[..., 3] != 0)


def _pixels(picture: Picture) -> npt.NDArray[np.uint8] | None:
    """The upright image; None where it cannot be read, or has another size now."""
    try:
        pixels = read_image(picture.path).pixels
    except ImageError:
        return None
    return pixels if pixels.shape[:2] == picture.size else None
