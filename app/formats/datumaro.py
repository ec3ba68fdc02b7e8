"""Datumaro's own format: one JSON of items, masks as COCO RLE."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from app.errors import FormatError
from app.formats import jsons
from app.formats.archive import archive, opened
from app.formats.format import Format, Part
from app.formats.records import Head, Known, Mask, Page, Picture, ReadMask, ReadPage
from freesolo.codecs import coco_rle
from freesolo.errors import CodecError

Row = dict[str, Any]


class Datumaro(Format[Row]):
    """``annotations/default.json``; ids of items are names without their suffix, as Datumaro's own are."""

    name = "datumaro"
    title = "Datumaro (zip)"
    suffix = ".zip"
    keeps = "pixels, holes, parts, overlaps, names, categories, ids, score, state"
    loses = "nothing"

    def encode(self, page: Page, head: Head) -> Part[Row]:
        picture = page.picture
        row = {
            "id": picture.file_name if page.stem_taken else picture.stem,
            "annotations": [_annotation(mask, picture, head) for mask in page.masks],
            "attr": {"content_hash": picture.content_hash} if picture.content_hash else {},
            "image": {"path": picture.file_name, "size": list(picture.size)},
        }
        return Part(picture, row)

    def decode(self, body: Row, head: Head, picture: Picture) -> ReadPage:
        return _page(body, [category.name for category in head.categories], picture.file_name)

    def assemble(self, stream: BinaryIO, head: Head, pictures: Iterator[Picture], parts: Iterator[Part[Row]]) -> None:
        labels = [{"name": category.name, "parent": "", "attributes": []} for category in head.categories]
        top = {
            "dm_format_version": "1.0",
            "media_type": 2,  # image
            "infos": {},
            "categories": {"label": {"labels": labels, "attributes": []}},
        }
        with archive(stream) as out:
            file = out.later("annotations/default.json")
            file.write(jsons.dumps(top).removesuffix(b"}") + b', "items": [')
            jsons.write_rows(file, (part.body for part in parts))
            file.write(b"]}\n")

    def read(self, path: Path, known: Known) -> Iterator[ReadPage]:
        with opened(path) as files:
            names = [name for name in files.ending(".json") if "annotations/" in name or len(files.names) == 1]
            if not names:
                raise FormatError(f"{path} has no folder annotations: it is of another format, or incomplete")
            for name in names:
                file = jsons.parse(files.read(name), f"{path}: {name}")
                labels = _labels(file, path)
                for row in jsons.rows_of(file, "items", f"{path}: {name}"):
                    yield _page(row, labels, str(row.get("id")))


def _annotation(mask: Mask, picture: Picture, head: Head) -> Row:
    extras = {"score": mask.score, "state": mask.state}
    return {
        "id": mask.id,
        "type": "mask",
        "attributes": {key: value for key, value in extras.items() if value is not None},
        "group": mask.id,
        "label_id": head.places[mask.category_id],
        "rle": {"counts": mask.counts, "size": list(picture.size)},
        "z_order": 0,
    }


def _labels(file: object, path: Path) -> list[str]:
    categories = file.get("categories") if isinstance(file, dict) else None
    label = categories.get("label") if isinstance(categories, dict) else None
    return [str(row.get("name")) for row in jsons.rows_of(label, "labels", str(path))]


def _page(row: Row, labels: list[str], name: str) -> ReadPage:
    image = row.get("image")
    image = image if isinstance(image, dict) else {}
    size = image.get("size")
    if not isinstance(size, list) or len(size) != 2 or not all(isinstance(side, int) and side > 0 for side in size):
        raise FormatError(f"the item {name} has no size of its image")
    masks: list[ReadMask] = []
    faults: list[str] = []
    for place, annotation in enumerate(jsons.rows_of(row, "annotations", f"the item {name}")):
        if annotation.get("type") != "mask":
            faults.append(f"annotation {annotation.get('id')}: of type {annotation.get('type')}, no mask")
            continue
        try:
            counts = coco_rle.parse(annotation.get("rle"), (size[0], size[1])).decode("ascii")
        except CodecError as error:
            faults.append(f"annotation {annotation.get('id')}: {error}")
            continue
        label, more = annotation.get("label_id"), annotation.get("attributes") or {}
        category = labels[label] if isinstance(label, int) and 0 <= label < len(labels) else None
        score, state = jsons.score_of(more.get("score")), jsons.state_of(more.get("state"))
        masks.append(ReadMask(place, counts, category, score, state))
    attr = row.get("attr")
    content_hash = str(attr.get("content_hash") or "") if isinstance(attr, dict) else ""
    file_name = str(image.get("path") or name).replace("\\", "/")
    return ReadPage(file_name, (size[0], size[1]), masks, content_hash, faults)
