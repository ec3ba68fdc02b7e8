"""COCO panoptic: a colour PNG an image, each pixel at most one segment's, and a JSON."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
from pycocotools import mask as coco_mask

from app.errors import FormatError
from app.formats import jsons, layers, png
from app.formats.archive import archive, opened
from app.formats.coco import category_names, picture_of, write_head
from app.formats.format import Format, Part
from app.formats.records import Head, Known, Page, Picture, ReadMask, ReadPage

Row = dict[str, Any]
Segments = tuple[Row, bytes]
"""The row of an image, and its PNG."""

_FOLDER = "panoptic/"


class CocoPanoptic(Format[Segments]):
    """``panoptic.json`` and ``panoptic/<image>.png``, whose colours are ids: red + 256 green + 65536 blue."""

    name = "coco-panoptic"
    title = "COCO panoptic (zip)"
    suffix = ".zip"
    keeps = "pixels, holes, parts, names, categories; score and state where asked for"
    loses = "nothing; refused where masks overlap. Ids of masks"

    def encode(self, page: Page, head: Head) -> Part[Segments]:
        values, pixels = layers.paint(page, 2**24 - 1)
        if pixels != np.count_nonzero(values):
            raise FormatError(
                f"masks of {page.picture.file_name} overlap, which COCO panoptic cannot hold: decide which one stays, "
                f"or export as coco"
            )
        segments = []
        for place, mask in enumerate(page.masks):
            code = {"size": list(page.picture.size), "counts": mask.counts.encode()}
            segment: Row = {
                "id": place + 1,
                "category_id": mask.category_id,
                "bbox": [int(side) for side in coco_mask.toBbox(code)],
                "area": int(coco_mask.area(code)),
                "iscrowd": 0,
            }
            extras = {"score": mask.score, "state": mask.state}
            segments.append(segment | {key: value for key, value in extras.items() if value is not None})
        name = f"{page.picture.file_name}.png"
        row = {"image_id": page.picture.id, "file_name": name, "segments_info": segments}
        return Part(page.picture, (row, png.write(_colours(values))))

    def decode(self, body: Segments, head: Head, picture: Picture) -> ReadPage:
        row, data = body
        return _page(row, data, head.names, picture)

    def assemble(
        self, stream: BinaryIO, head: Head, pictures: Iterator[Picture], parts: Iterator[Part[Segments]]
    ) -> None:
        with archive(stream) as out:
            table = out.later("panoptic.json")
            write_head(table, head, pictures, isthing=1)
            before = b"\n"
            for part in parts:
                row, data = part.body
                out.add(_FOLDER + row["file_name"], data)
                table.write(before + jsons.dumps(row))
                before = b",\n"
            table.write(b"]}\n")

    def read(self, path: Path, known: Known) -> Iterator[ReadPage]:
        with opened(path) as files:
            table = files.one("panoptic.json")
            file = jsons.parse(files.read(table), f"{path}: panoptic.json")
            names = category_names(file, path)
            pictures = {
                row.get("id"): picture_of(row, number, path)
                for number, row in enumerate(jsons.rows_of(file, "images", str(path)), start=1)
            }
            for row in jsons.rows_of(file, "annotations", str(path)):
                if row.get("image_id") not in pictures:
                    raise FormatError(f"{path} is damaged: it has segments of an image that it does not list")
                picture = pictures[row["image_id"]]
                name = table.removesuffix("panoptic.json") + _FOLDER + str(row.get("file_name"))
                try:
                    yield _page(row, files.read(name), names, picture)
                except FormatError as error:
                    yield ReadPage(picture.file_name, picture.size, (), picture.content_hash, [str(error)])


def _page(row: Row, data: bytes, names: dict[int, str], picture: Picture) -> ReadPage:
    colours = np.asarray(png.read(data, picture.size, f"the PNG of {picture.file_name}"), np.uint32)
    if colours.ndim != 3:
        raise FormatError(f"the PNG of {picture.file_name} is not in colours")
    values = colours[..., 0] + 256 * colours[..., 1] + 65536 * colours[..., 2]
    found = layers.split(values)
    masks: list[ReadMask] = []
    faults: list[str] = []
    for place, segment in enumerate(jsons.rows_of(row, "segments_info", picture.file_name)):
        counts = found.get(segment.get("id", 0))
        if counts is None:
            faults.append(f"segment {segment.get('id')}: it has no pixel")
            continue
        score, state = jsons.score_of(segment.get("score")), jsons.state_of(segment.get("state"))
        masks.append(ReadMask(place, counts, names.get(segment.get("category_id", 0)), score, state))
    return ReadPage(picture.file_name, picture.size, masks, picture.content_hash, faults)


def _colours(values: layers.Values) -> npt.NDArray[np.uint8]:
    return np.dstack([values & 255, (values >> 8) & 255, (values >> 16) & 255]).astype(np.uint8)
