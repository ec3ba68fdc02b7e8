"""COCO instance files: written as a stream, the same bytes for the same input."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Literal

import numpy as np
import numpy.typing as npt
from pycocotools import mask as coco_mask

Encoding = Literal["rle", "polygons"]


@dataclass(frozen=True)
class CocoCategory:
    """A category of the file."""

    id: int
    name: str


@dataclass(frozen=True)
class CocoImage:
    """An image of the file."""

    id: int
    """From 1."""
    file_name: str
    """Relative to the dataset's root, forward slashes."""
    width: int
    """Upright, pixels."""
    height: int


@dataclass(frozen=True)
class CocoMask:
    """A mask of the file."""

    id: int
    """From 1."""
    image_id: int
    category_id: int
    size: tuple[int, int]
    """(height, width) of its image."""
    counts: str
    """Compressed COCO RLE."""
    score: float | None = None
    """Written where given."""
    state: str | None = None
    """Written where given."""


@dataclass
class Written:
    """What a file holds, and what it could not carry."""

    images: int = 0
    masks: int = 0
    empty: list[int] = field(default_factory=list)
    """Ids of masks without pixels: left out."""
    holes: int = 0
    """Masks whose holes are cut open by polygons."""
    inexact: dict[int, int] = field(default_factory=dict)
    """Id of a mask -> pixels by which its polygons differ from it."""
    not_polygons: list[int] = field(default_factory=list)
    """Ids of masks that polygons cannot hold at all: written as RLE."""


def write(
    stream: BinaryIO,
    categories: Sequence[CocoCategory],
    images: Iterable[CocoImage],
    masks: Iterable[CocoMask],
    encoding: Encoding = "rle",
) -> Written:
    """Write a file; images and masks are taken one by one, first all images, then all masks.

    Bounding boxes and areas are of the pixels that the file's own segmentation decodes to; ``iscrowd`` is 0.

    Args:
        stream: where to.
        categories: all of them, used or not.
        images: in the order of the file.
        masks: in the order of the file; their images are among ``images``.
        encoding: compressed RLE, exact; or polygons along pixel edges, each compared with its mask.
    """
    written = Written()
    head = {"description": "Instance masks proposed without labels", "version": "1.0"}
    stream.write(b'{"info": ' + _json(head) + b',\n"licenses": [],\n"categories": [')
    _write_rows(stream, ({"id": c.id, "name": c.name, "supercategory": ""} for c in categories))
    stream.write(b'],\n"images": [')
    _write_rows(stream, _image_rows(images, written))
    stream.write(b'],\n"annotations": [')
    _write_rows(stream, _mask_rows(masks, encoding, written))
    stream.write(b"]}\n")
    return written


def losses(written: Written) -> list[str]:
    """What a written file cannot carry, one sentence each."""
    worst = max(written.inexact.values(), default=0)
    counts = {
        "{} masks without pixels are left out": len(written.empty),
        f"{{}} masks differ from their polygons, by {worst} pixels at most: choose rle to keep them exact": len(
            written.inexact
        ),
        "{} masks have holes: their polygons reach them by a cut without width, which tools that draw outlines "
        "may show or fill": written.holes,
        "{} masks cannot be drawn as polygons and are written as rle": len(written.not_polygons),
    }
    return [text.format(number) for text, number in counts.items() if number]


def _image_rows(images: Iterable[CocoImage], written: Written) -> Iterator[dict[str, Any]]:
    for image in images:
        written.images += 1
        yield {"id": image.id, "file_name": image.file_name, "width": image.width, "height": image.height}


def _mask_rows(masks: Iterable[CocoMask], encoding: Encoding, written: Written) -> Iterator[dict[str, Any]]:
    for mask in masks:
        code = {"size": list(mask.size), "counts": mask.counts.encode("ascii")}
        if not coco_mask.area(code):
            written.empty.append(mask.id)
            continue
        segmentation: object = {"size": list(mask.size), "counts": mask.counts}
        if encoding == "polygons":
            rings, code = _as_polygons(mask, code, written)
            segmentation = rings if rings else segmentation
        written.masks += 1
        row: dict[str, Any] = {
            "id": mask.id,
            "image_id": mask.image_id,
            "category_id": mask.category_id,
            "segmentation": segmentation,
            "bbox": [int(side) for side in coco_mask.toBbox(code)],
            "area": int(coco_mask.area(code)),
            "iscrowd": 0,
        }
        extras = {"score": mask.score, "state": mask.state}
        yield row | {key: value for key, value in extras.items() if value is not None}


def _as_polygons(mask: CocoMask, code: dict[str, Any], written: Written) -> tuple[list[list[float]], dict[str, Any]]:
    """The mask's polygons and the RLE of what they decode to; no polygons where they would lose the mask."""
    from freesolo.codecs import polygons  # compiled code: half a second that only this encoding should cost

    pixels: npt.NDArray[np.uint8] = coco_mask.decode(code)
    rings = polygons.to_coco(pixels)
    back = coco_mask.merge(coco_mask.frPyObjects(rings, *mask.size)) if rings else None
    if back is None or not coco_mask.area(back):
        written.not_polygons.append(mask.id)
        return [], code
    different = int(np.count_nonzero(coco_mask.decode(back) != pixels))
    if different:
        written.inexact[mask.id] = different
    written.holes += any(ring.hole for ring in polygons.mask_to_rings(pixels))
    return rings, back


def _write_rows(stream: BinaryIO, rows: Iterable[dict[str, Any]]) -> None:
    first = True
    for row in rows:
        stream.write((b"\n" if first else b",\n") + _json(row))
        first = False


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()
