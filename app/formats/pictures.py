"""What formats of pictures share: a zip of PNGs, and ``masks.csv`` that says which mask is where."""

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from app.errors import FormatError
from app.formats import png, sheet
from app.formats.archive import Files, archive, opened
from app.formats.format import Format, Part
from app.formats.records import Head, Known, Picture, ReadMask, ReadPage
from app.formats.sheet import Row
from freesolo.codecs import coco_rle

Shown = tuple[list[Row], Mapping[str, bytes]]
"""Lines of the table, and the pictures that they speak of by name."""

Box = tuple[int, int, int, int]
"""[x, y, width, height] within the image."""


class Pictures(Format[Shown]):
    """A format whose masks are pictures; what it must say is `inside`."""

    suffix = ".zip"
    whole = True
    """Whether its pictures are as large as their image, or as the mask's box."""

    @abstractmethod
    def inside(self, pixels: npt.NDArray[np.generic], value: int) -> npt.NDArray[np.bool_]:
        """Which of a picture's pixels are the mask's, as (height, width)."""

    def decode(self, body: Shown, head: Head, picture: Picture) -> ReadPage:
        rows, files = body
        return self._page(rows, files.__getitem__, picture.file_name, picture.size)

    def assemble(self, stream: BinaryIO, head: Head, pictures: Iterator[Picture], parts: Iterator[Part[Shown]]) -> None:
        with archive(stream) as out:
            table = out.later("masks.csv")
            table.write(sheet.line(None))
            for part in parts:
                rows, files = part.body
                for name, data in files.items():
                    out.add(name, data)
                for row in rows:
                    table.write(sheet.line(row))

    def read(self, path: Path, known: Known) -> Iterator[ReadPage]:
        with opened(path) as files:
            table = files.one("masks.csv")
            folder = table.removesuffix("masks.csv")
            rows = sheet.rows(files.read(table), f"masks.csv of {path}")
            for name, group in groupby(rows, key=lambda row: row["image"]):
                yield self._read_page(name, list(group), files, folder)

    def _read_page(self, name: str, rows: list[Row], files: Files, folder: str) -> ReadPage:
        width, height = sheet.numbers(rows[0], "width", "height")
        size = png.check_size((height, width), name)
        return self._page(rows, lambda file: files.read(folder + file), name, size)

    def _page(self, rows: Sequence[Row], read: Callable[[str], bytes], name: str, size: tuple[int, int]) -> ReadPage:
        masks: list[ReadMask] = []
        faults: list[str] = []
        last = ""
        pixels: npt.NDArray[np.generic] = np.zeros((0, 0), np.bool_)
        for place, row in enumerate(rows):
            try:
                box = _box(row, size)
                if row["file"] != last:  # a label map is decoded once for all its masks
                    expected = size if self.whole else (box[3], box[2])
                    last, pixels = row["file"], png.read(read(row["file"]), expected, row["file"])
                counts = self._counts(pixels, row, box, size)
            except FormatError as error:
                faults.append(str(error))
                continue
            if counts is not None:
                masks.append(sheet.read_mask(row, place, counts))
        return ReadPage(name, size, masks, "", faults)

    def _counts(self, pixels: npt.NDArray[np.generic], row: Row, box: Box, size: tuple[int, int]) -> str | None:
        x, y, w, h = box
        (value,) = sheet.numbers(row, "value")
        mask = np.zeros(size, np.bool_)
        mask[y : y + h, x : x + w] = self.inside(pixels[y : y + h, x : x + w] if self.whole else pixels, value)
        return coco_rle.encode(mask).decode("ascii") if mask.any() else None


def _box(row: Row, size: tuple[int, int]) -> Box:
    x, y, w, h = sheet.numbers(row, "x", "y", "w", "h")
    if not (w and h and x + w <= size[1] and y + h <= size[0]):
        raise FormatError(f"the box of {row['file']} lies outside its image")
    return x, y, w, h
