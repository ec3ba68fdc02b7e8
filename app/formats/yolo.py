"""YOLO segmentation labels: a text file an image, one polygon a mask."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import yaml

from app.errors import FormatError
from app.formats import outlines
from app.formats.archive import Files, archive, opened
from app.formats.format import Format, Part
from app.formats.records import Head, Known, Page, Picture, ReadMask, ReadPage
from freesolo.codecs import coco_rle
from freesolo.errors import CodecError

_DIGITS = 9
"""Decimals of a coordinate: far below a hundredth of a pixel on any image."""


class Yolo(Format[str]):
    """``labels/<image without suffix>.txt`` with lines ``class x y x y ...`` (0..1 of the image), and ``data.yaml``."""

    name = "yolo"
    title = "YOLO segmentation (zip)"
    suffix = ".zip"
    keeps = "pixels along the pixel edges, overlaps, categories"
    loses = (
        "scores, states, ids; holes and parts become cuts and bridges without width, which tools that draw outlines "
        "(cv2.fillPoly) show: they also add up to a pixel at right and lower edges"
    )
    by_stem = True
    notes = (
        "put the folder labels beside a folder images with the same names, where YOLO's trainers look for it",
        "tools that fill with cv2.fillPoly, as ultralytics does, add up to a pixel at right and lower edges",
    )

    def encode(self, page: Page, head: Head) -> Part[str]:
        height, width = page.picture.size
        lines, notes = [], Counter[str]()
        for mask in page.masks:
            ring, told = outlines.one_ring(mask.counts, page.picture.size)
            notes.update(told)
            shares = (value / (height if number % 2 else width) for number, value in enumerate(ring))
            points = " ".join(f"{share:.{_DIGITS}f}".rstrip("0").rstrip(".") for share in shares)
            lines.append(f"{head.places[mask.category_id]} {points}\n")
        return Part(page.picture, "".join(lines), notes)

    def decode(self, body: str, head: Head, picture: Picture) -> ReadPage:
        return _page(body, [category.name for category in head.categories], picture)

    def assemble(self, stream: BinaryIO, head: Head, pictures: Iterator[Picture], parts: Iterator[Part[str]]) -> None:
        names = {place: category.name for place, category in enumerate(head.categories)}
        settings = {"path": ".", "train": "images", "val": "images", "names": names}
        with archive(stream) as out:
            out.add("data.yaml", yaml.safe_dump(settings, allow_unicode=True, sort_keys=False).encode())
            for part in parts:
                out.add(f"labels/{part.picture.stem}.txt", part.body.encode())

    def read(self, path: Path, known: Known) -> Iterator[ReadPage]:
        with opened(path) as files:
            names = _names(files, path)
            for name in files.ending(".txt"):
                folder, found, stem = name.removesuffix(".txt").rpartition("labels/")
                if not found and len(files.names) > 1:
                    continue
                picture = known.by_stem.get(stem) or known.by_stem.get(f"images/{stem}")
                if picture is None:
                    yield ReadPage(folder + stem, None)
                    continue
                try:
                    text = files.read(name).decode("utf-8")
                except UnicodeDecodeError as error:
                    raise FormatError(f"{path}: {name} is no text: {error}") from error
                yield _page(text, names, picture)


def _page(text: str, names: list[str], picture: Picture) -> ReadPage:
    masks: list[ReadMask] = []
    faults: list[str] = []
    for place, line in enumerate(filter(str.strip, text.splitlines())):
        try:
            masks.append(_mask(line, place, names, picture))
        except (CodecError, ValueError) as error:
            faults.append(f"line {place + 1}: {error}")
    return ReadPage(picture.file_name, picture.size, masks, "", faults)


def _mask(line: str, place: int, names: list[str], picture: Picture) -> ReadMask:
    first, *numbers = line.split()
    if len(numbers) == 4:
        raise CodecError("a box, no mask: this is a detection label")
    scale = (picture.width, picture.height)
    ring = [float(number) * scale[index % 2] for index, number in enumerate(numbers)]
    counts = outlines.filled([ring], picture.size)
    if not coco_rle.decode(counts, picture.size).any():
        raise CodecError("the polygon has no pixel inside the image")
    known = first.isdigit() and int(first) < len(names)
    return ReadMask(place, counts, names[int(first)] if known else None)


def _names(files: Files, path: Path) -> list[str]:
    """Category names by class number; none where there is no data.yaml."""
    if not files.ending("data.yaml"):
        return []
    try:
        names = yaml.safe_load(files.read(files.one("data.yaml")))["names"]
        ordered = [names[key] for key in sorted(names)] if isinstance(names, dict) else names
        return [str(name) for name in ordered]
    except (yaml.YAMLError, KeyError, TypeError) as error:
        raise FormatError(f"{path}: data.yaml has no names of classes") from error
