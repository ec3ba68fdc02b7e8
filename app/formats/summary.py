"""A table of the masks, for spreadsheets: where they are, how large, of what shape; no pixels."""

import csv
import io
from collections import Counter
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np

from app.formats import outlines
from app.formats.format import Format, Part
from app.formats.records import Head, Mask, Page, Picture, ReadPage
from freesolo.codecs import coco_rle

COLUMNS = (
    "id", "image", "width", "height", "category", "score", "state",
    "x", "y", "w", "h", "area", "share", "centre_x", "centre_y", "parts", "holes",
)  # fmt: skip
_NUMBERS_ONLY = "{} masks leave as numbers, without their pixels"


class Summary(Format[bytes]):
    """A line a mask; ``share`` is of the image's pixels, ``centre`` the mean of the mask's pixels."""

    name = "csv"
    title = "Summary table (CSV)"
    suffix = ".csv"
    keeps = "box, area, centre, numbers of parts and holes, names, categories, ids, score, state"
    loses = "pixels; images without masks"
    reads = False

    def encode(self, page: Page, head: Head) -> Part[bytes]:
        lines = b"".join(_line(_values(mask, page.picture, head)) for mask in page.masks)
        return Part(page.picture, lines, Counter({_NUMBERS_ONLY: len(page.masks)}))

    def decode(self, body: bytes, head: Head, picture: Picture) -> ReadPage:
        return ReadPage(picture.file_name, picture.size)

    def assemble(self, stream: BinaryIO, head: Head, pictures: Iterator[Picture], parts: Iterator[Part[bytes]]) -> None:
        stream.write(_line(COLUMNS))
        for part in parts:
            stream.write(part.body)


def _values(mask: Mask, picture: Picture, head: Head) -> tuple[object, ...]:
    pixels = coco_rle.decode(mask.counts, picture.size)
    ys, xs = np.nonzero(pixels)
    parts, holes = outlines.shape(pixels)
    extras = ("" if mask.score is None else mask.score, mask.state or "")
    box = (int(xs.min()), int(ys.min()), int(np.ptp(xs)) + 1, int(np.ptp(ys)) + 1)
    share = f"{len(xs) / pixels.size:.6f}"
    centre = (f"{xs.mean():.2f}", f"{ys.mean():.2f}")
    image = (picture.file_name, picture.width, picture.height, head.names[mask.category_id])
    return (mask.id, *image, *extras, *box, len(xs), share, *centre, parts, holes)


def _line(values: tuple[object, ...]) -> bytes:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerow(map(_harmless, values))
    return stream.getvalue().encode()


def _harmless(value: object) -> object:
    """Text that a spreadsheet would take for a formula, with a quote before it."""
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t")) else value
