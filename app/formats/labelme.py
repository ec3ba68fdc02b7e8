"""LabelMe: a JSON an image, beside it."""

import base64
import binascii
import posixpath
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from pycocotools import mask as coco_mask

from app.errors import FormatError
from app.formats import jsons, outlines, png
from app.formats.archive import archive, opened
from app.formats.format import Format, Part
from app.formats.records import Head, Known, Mask, Page, Picture, ReadMask, ReadPage
from freesolo.codecs import coco_rle
from freesolo.errors import CodecError

Row = dict[str, Any]

_VERSION = "5.4.1"
"""Of LabelMe: the first with shapes of type mask that this app writes for."""


class LabelMe(Format[Row]):
    """``<image without suffix>.json``; parts of one mask are shapes with one ``group_id``."""

    name = "labelme"
    title = "LabelMe (zip)"
    suffix = ".zip"
    keeps = "pixels, holes, parts, overlaps, names, categories, score and state (LabelMe keeps keys it does not know)"
    loses = "ids; polygons reach holes by cuts without width"
    encodings = ("masks", "polygons")
    by_stem = True
    notes = ("unpack it over the folder of images: LabelMe looks for the JSON beside each image",)

    def encode(self, page: Page, head: Head) -> Part[Row]:
        notes: Counter[str] = Counter()
        shapes: list[Row] = []
        for place, mask in enumerate(page.masks):
            geometry = _as_mask(mask, page.picture)
            if head.encoding == "polygons":
                rings, told = outlines.coco_rings(mask.counts, page.picture.size, simple=False)
                notes.update(told)
                polygons = [
                    {"points": np.reshape(ring, (-1, 2)).tolist(), "shape_type": "polygon", "mask": None}
                    for ring in rings
                ]
                geometry = polygons or geometry
            for one in geometry:
                group = place + 1 if len(geometry) > 1 else None
                shapes.append(_shape(mask, head, group) | one)
        values: Row = {
            "version": _VERSION,
            "flags": {},
            "shapes": shapes,
            "imagePath": posixpath.basename(page.picture.file_name),
            "imageData": None,
            "imageHeight": page.picture.height,
            "imageWidth": page.picture.width,
        }
        return Part(page.picture, values, notes)

    def decode(self, body: Row, head: Head, picture: Picture) -> ReadPage:
        return _page(body, posixpath.dirname(picture.file_name), picture.file_name)

    def assemble(self, stream: BinaryIO, head: Head, pictures: Iterator[Picture], parts: Iterator[Part[Row]]) -> None:
        with archive(stream) as out:
            for part in parts:
                out.add(f"{part.picture.stem}.json", jsons.dumps(part.body) + b"\n")

    def read(self, path: Path, known: Known) -> Iterator[ReadPage]:
        with opened(path) as files:
            names = files.ending(".json")
            if not names:
                raise FormatError(f"{path} holds no JSON files of LabelMe")
            for name in names:
                value = jsons.parse(files.read(name), f"{path}: {name}")
                if not isinstance(value, dict) or "imagePath" not in value:
                    raise FormatError(f"{path}: {name} is no file of LabelMe: it names no imagePath")
                yield _page(value, posixpath.dirname(name), name)


def _shape(mask: Mask, head: Head, group: int | None) -> Row:
    shape: Row = {"label": head.names[mask.category_id], "group_id": group, "description": "", "flags": {}}
    extras = {"score": mask.score, "state": mask.state}
    return shape | {key: value for key, value in extras.items() if value is not None}


def _as_mask(mask: Mask, picture: Picture) -> list[Row]:
    code = {"size": list(picture.size), "counts": mask.counts.encode()}
    x, y, w, h = (int(side) for side in coco_mask.toBbox(code))
    pixels = coco_rle.decode(mask.counts, picture.size)[y : y + h, x : x + w]
    corners = [[x, y], [x + w - 1, y + h - 1]]  # both inside, as LabelMe has it
    return [{"points": corners, "shape_type": "mask", "mask": base64.b64encode(png.write(pixels)).decode("ascii")}]


def _page(file: Row, folder: str, name: str) -> ReadPage:
    """The shapes of a file; those of one group and label are one mask."""
    size = _size(file, name)
    image = posixpath.normpath(posixpath.join(folder, str(file["imagePath"]).replace("\\", "/")))
    groups: dict[object, list[Row]] = {}
    for number, shape in enumerate(jsons.rows_of(file, "shapes", name)):
        group = shape.get("group_id")
        groups.setdefault(("alone", number) if group is None else (group, shape.get("label")), []).append(shape)
    masks: list[ReadMask] = []
    faults: list[str] = []
    for place, shapes in enumerate(groups.values()):
        try:
            counts = _merged(shapes, size)
        except (CodecError, FormatError) as error:
            faults.append(f"shape {place + 1} ({shapes[0].get('label')}): {error}")
            continue
        label, score = str(shapes[0].get("label") or "") or None, jsons.score_of(shapes[0].get("score"))
        masks.append(ReadMask(place, counts, label, score, jsons.state_of(shapes[0].get("state"))))
    return ReadPage(image, size, masks, "", faults)


def _size(file: Row, name: str) -> tuple[int, int]:
    height, width = file.get("imageHeight"), file.get("imageWidth")
    if not isinstance(height, int) or not isinstance(width, int) or min(height, width) < 1:
        raise FormatError(f"{name} is damaged: it has no imageHeight and imageWidth")
    return png.check_size((height, width), name)


def _merged(shapes: list[Row], size: tuple[int, int]) -> str:
    codes = [{"size": list(size), "counts": _counts(shape, size).encode("ascii")} for shape in shapes]
    merged: bytes = coco_mask.merge(codes)["counts"]
    return merged.decode("ascii")


def _counts(shape: Row, size: tuple[int, int]) -> str:
    points = shape.get("points")
    if not isinstance(points, list) or not all(isinstance(point, list) and len(point) == 2 for point in points):
        raise CodecError("its points are no list of x, y pairs")
    kind = shape.get("shape_type", "polygon")
    if kind == "polygon":
        return outlines.filled([[value for point in points for value in point]], size)
    if kind != "mask":
        raise CodecError(f"shapes of type {kind} are no masks")
    try:
        pixels = png.read(base64.b64decode(str(shape.get("mask")), validate=True), None, "its mask")
        (x, y), _ = ([int(value) for value in point] for point in points)
    except (binascii.Error, ValueError, TypeError) as error:
        raise CodecError(f"its mask is damaged: {error}") from error
    mask = np.zeros(size, np.bool_)
    h, w = pixels.shape[:2]
    if x < 0 or y < 0 or x + w > size[1] or y + h > size[0]:
        raise CodecError("its mask lies outside the image")
    mask[y : y + h, x : x + w] = pixels if pixels.ndim == 2 else pixels.any(2)
    return coco_rle.encode(mask).decode("ascii")
