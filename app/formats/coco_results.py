"""COCO results: what evaluation takes beside a COCO instance file."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from app.errors import FormatError
from app.formats import jsons
from app.formats.coco import Row, read_page
from app.formats.format import Format, Part
from app.formats.records import Head, Known, Page, Picture, ReadPage


class CocoResults(Format[list[Row]]):
    """No ``bbox``: pycocotools would take its area for the mask's. Images and categories are known by their ids."""

    name = "coco-results"
    title = "COCO results (JSON)"
    suffix = ".json"
    keeps = "pixels, holes, parts, overlaps, score; image and category by id"
    loses = "names of images and categories (the COCO instance file has them), ids of masks, state"
    scored = True
    notes = ("the ids of images and categories are those of this workspace's COCO instance file",)

    def encode(self, page: Page, head: Head) -> Part[list[Row]]:
        size = list(page.picture.size)
        rows = [
            {
                "image_id": page.picture.id,
                "category_id": mask.category_id,
                "segmentation": {"size": size, "counts": mask.counts},
                "score": 1.0 if mask.score is None else mask.score,
            }
            for mask in page.masks
        ]
        return Part(page.picture, rows, Counter())

    def decode(self, body: list[Row], head: Head, picture: Picture) -> ReadPage:
        return read_page(body, picture, head.names)

    def assemble(
        self, stream: BinaryIO, head: Head, pictures: Iterator[Picture], parts: Iterator[Part[list[Row]]]
    ) -> None:
        stream.write(b"[")
        jsons.write_rows(stream, (row for part in parts for row in part.body))
        stream.write(b"]\n")

    def read(self, path: Path, known: Known) -> Iterator[ReadPage]:
        rows = jsons.load(path)
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise FormatError(f"{path} is no list of results: COCO instance files are read as coco")
        of_image: dict[object, list[Row]] = {}
        for number, row in enumerate(rows, start=1):
            of_image.setdefault(row.get("image_id"), []).append({"id": number, **row})
        names = {category.id: category.name for category in known.categories}
        for image_id, found in of_image.items():
            picture = known.by_id.get(image_id) if isinstance(image_id, int) else None
            if picture is None:
                yield ReadPage(f"image {image_id}", None)
            else:
                yield read_page(found, picture, names)
