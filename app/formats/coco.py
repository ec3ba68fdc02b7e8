"""COCO instance files: the masks of all images in one JSON."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, BinaryIO, Literal, TypeAlias

from pycocotools import mask as coco_mask

from app.errors import FormatError
from app.formats import jsons, outlines
from app.formats.format import Format, Part
from app.formats.records import Head, Known, Mask, Origin, Page, Picture, ReadMask, ReadPage
from freesolo.codecs import coco_rle
from freesolo.errors import CodecError

Encoding = Literal["rle", "polygons", "simplified"]
Row: TypeAlias = dict[str, Any]

_INFO = {"description": "Instance masks proposed without labels", "version": "1.0"}


class Coco(Format[list[Row]]):
    """Bounding boxes and areas are of the pixels that the file's own segmentation decodes to; ``iscrowd`` is 0."""

    name = "coco"
    title = "COCO instances (JSON)"
    suffix = ".json"
    keeps = "pixels, holes, parts, overlaps, names, categories, ids; score and state where asked for"
    loses = "nothing with rle and polygons; simplified polygons follow the outline within a pixel"
    encodings = ("rle", "polygons", "simplified")
    provenance = True

    def encode(self, page: Page, head: Head) -> Part[list[Row]]:
        notes: Counter[str] = Counter()
        rows = [_row(mask, page.picture, head.encoding, notes) for mask in page.masks]
        return Part(page.picture, rows, notes)

    def decode(self, body: list[Row], head: Head, picture: Picture) -> ReadPage:
        return read_page(body, picture, head.names)

    def assemble(
        self, stream: BinaryIO, head: Head, pictures: Iterator[Picture], parts: Iterator[Part[list[Row]]]
    ) -> None:
        write_head(stream, head, pictures)
        jsons.write_rows(stream, (row for part in parts for row in part.body))
        stream.write(b"]}\n")

    def read(self, path: Path, known: Known) -> Iterator[ReadPage]:
        file = jsons.load(path)
        categories = category_names(file, path)
        annotations: dict[object, list[Row]] = {}
        for row in jsons.rows_of(file, "annotations", str(path)):
            annotations.setdefault(row.get("image_id"), []).append(row)
        for number, row in enumerate(jsons.rows_of(file, "images", str(path)), start=1):
            yield read_page(annotations.pop(row.get("id"), []), picture_of(row, number, path), categories)
        if annotations:
            missing = ", ".join(str(image) for image in list(annotations)[:5])
            raise FormatError(f"{path} is damaged: it has annotations of images that it does not list ({missing})")


def write_head(stream: IO[bytes], head: Head, pictures: Iterator[Picture], **each: object) -> None:
    """A COCO file up to the opening bracket of its annotations; ``each``: further keys of every category."""
    stream.write(b'{"info": ' + jsons.dumps(_INFO) + b',\n"licenses": [],\n"categories": [')
    jsons.write_rows(stream, ({"id": c.id, "name": c.name, "supercategory": ""} | each for c in head.categories))
    stream.write(b'],\n"images": [')
    jsons.write_rows(stream, (_image_row(picture) for picture in pictures))
    stream.write(b'],\n"annotations": [')


def _image_row(picture: Picture) -> Row:
    row = {"id": picture.id, "file_name": picture.file_name, "width": picture.width, "height": picture.height}
    return row | ({"content_hash": picture.content_hash} if picture.content_hash else {})


def _row(mask: Mask, picture: Picture, encoding: str, notes: "Counter[str]") -> Row:
    code = {"size": list(picture.size), "counts": mask.counts.encode("ascii")}
    segmentation: object = {"size": list(picture.size), "counts": mask.counts}
    if encoding != "rle":
        rings, told = outlines.coco_rings(mask.counts, picture.size, simple=encoding == "simplified")
        notes.update(told)
        if rings:
            segmentation, code = rings, coco_mask.merge(coco_mask.frPyObjects(rings, *picture.size))
    row: Row = {
        "id": mask.id,
        "image_id": picture.id,
        "category_id": mask.category_id,
        "segmentation": segmentation,
        "bbox": [int(side) for side in coco_mask.toBbox(code)],
        "area": int(coco_mask.area(code)),
        "iscrowd": 0,
    }
    extras = {"score": mask.score, "state": mask.state, **_provenance(mask.origin)}
    return row | {key: value for key, value in extras.items() if value is not None}


def _provenance(origin: Origin | None) -> Row:
    if origin is None:
        return {}
    return {
        "source": origin.source,
        "edited": origin.edited,
        "decided_by": origin.who,
        "decided_at": origin.at,
        "proposal_iou": origin.proposal_iou,
    }


def read_page(rows: list[Row], picture: Picture, categories: dict[int, str]) -> ReadPage:
    """The masks of one image; the decoder is chosen by the type of ``segmentation``, never by ``iscrowd``."""
    masks, faults = [], []
    for place, row in enumerate(rows):
        try:
            counts = coco_rle.parse(row.get("segmentation"), picture.size).decode("ascii")
        except CodecError as error:
            faults.append(f"annotation {row.get('id')}: {error}")
            continue
        category = row.get("category_id")
        name = categories.get(category) if isinstance(category, int) else None
        score, state = jsons.score_of(row.get("score")), jsons.state_of(row.get("state"))
        masks.append(ReadMask(place, counts, name, score, state))
    return ReadPage(picture.file_name, picture.size, masks, picture.content_hash, faults)


def category_names(file: object, path: Path) -> dict[int, str]:
    """Id -> name of a COCO file's categories."""
    rows = jsons.rows_of(file, "categories", str(path))
    return {row["id"]: str(row["name"]) for row in rows if isinstance(row.get("id"), int) and row.get("name")}


def picture_of(row: Row, number: int, path: Path) -> Picture:
    """An image of a COCO file.

    Raises:
        FormatError: it lacks a name or a size.
    """
    name, width, height = (row.get(key) for key in ("file_name", "width", "height"))
    if not isinstance(name, str) or not name:
        raise FormatError(f"{path} is damaged: image {number} of its list has no file_name")
    if not isinstance(width, int) or not isinstance(height, int) or min(width, height) < 1:
        raise FormatError(f"{path} is damaged: the image {name!r} has no width and height")
    return Picture(number, name.replace("\\", "/"), width, height, str(row.get("content_hash") or ""))
