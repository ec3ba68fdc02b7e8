"""Pascal VOC segmentation: two palette PNGs an image, of instances and of classes."""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from app.errors import FormatError
from app.formats import layers, png
from app.formats.archive import Files, archive, opened
from app.formats.format import Format, Part
from app.formats.records import Head, Known, Page, Picture, ReadMask, ReadPage

Pngs = tuple[bytes, bytes]
"""Of instances, of classes."""

_MOST = 254
_VOID = 255
"""Between objects in the original data set; this app writes none."""


class Voc(Format[Pngs]):
    """``SegmentationObject``, ``SegmentationClass``, ``ImageSets/Segmentation/default.txt`` and ``labelmap.txt``."""

    name = "voc"
    title = "Pascal VOC segmentation (zip)"
    suffix = ".zip"
    keeps = "pixels, holes, parts, categories (without colons)"
    loses = "overlaps: of masks on each other the smaller one stays; masks beyond 254 on an image; scores, states, ids"
    by_stem = True

    def encode(self, page: Page, head: Head) -> Part[Pngs]:
        if len(head.categories) > _MOST:
            raise FormatError(f"VOC has room for {_MOST} categories, this workspace has {len(head.categories)}")
        values, _ = layers.paint(page, _MOST)
        classes = [0, *(head.places[mask.category_id] + 1 for mask in page.masks[:_MOST])]
        palette = _palette()
        instances = png.write(values.astype(np.uint8), palette)
        return Part(page.picture, (instances, png.write(np.array(classes, np.uint8)[values], palette)))

    def decode(self, body: Pngs, head: Head, picture: Picture) -> ReadPage:
        names = [_plain(category.name) for category in head.categories]
        return _page(body, names, picture.file_name, picture.size)

    def assemble(self, stream: BinaryIO, head: Head, pictures: Iterator[Picture], parts: Iterator[Part[Pngs]]) -> None:
        with archive(stream) as out:
            out.add("labelmap.txt", _label_map(head))
            images = out.later("ImageSets/Segmentation/default.txt")
            for part in parts:
                out.add(f"SegmentationObject/{part.picture.stem}.png", part.body[0])
                out.add(f"SegmentationClass/{part.picture.stem}.png", part.body[1])
                images.write(f"{part.picture.stem}\n".encode())

    def read(self, path: Path, known: Known) -> Iterator[ReadPage]:
        with opened(path) as files:
            instances = [name for name in files.ending(".png") if "SegmentationObject/" in f"/{name}"]
            if not instances:
                raise FormatError(f"{path} has no folder SegmentationObject: it is of another format, or incomplete")
            names = _names(files, path)
            for name in instances:
                classes = "SegmentationClass/".join(name.rsplit("SegmentationObject/", 1))
                stem = name.rpartition("SegmentationObject/")[2].removesuffix(".png")
                picture = known.by_stem.get(stem) or known.by_stem.get(f"JPEGImages/{stem}")
                file_name = stem if picture is None else picture.file_name
                try:
                    body = files.read(name), files.read(classes) if classes in files else b""
                    yield _page(body, names, file_name, None if picture is None else picture.size)
                except FormatError as error:
                    yield ReadPage(file_name, None if picture is None else picture.size, (), "", [str(error)])


def _page(body: Pngs, names: list[str], name: str, size: tuple[int, int] | None) -> ReadPage:
    instances = png.read(body[0], size, name)
    if instances.ndim != 2:
        raise FormatError(f"the instances of {name} are colours, not indices of a palette")
    shape = (instances.shape[0], instances.shape[1])
    classes = png.read(body[1], shape, name) if body[1] else np.zeros(shape, np.uint8)
    masks = [
        ReadMask(value - 1, counts, _category(classes[instances == value], names))
        for value, counts in layers.split(instances, frozenset({0, _VOID})).items()
    ]
    return ReadPage(name, shape, masks)


def _category(values: npt.NDArray[np.generic], names: list[str]) -> str | None:
    """The class that most of a mask's pixels have."""
    number = int(np.bincount(np.asarray(values, np.int64).ravel()).argmax())
    return names[number - 1] if 0 < number <= len(names) else None


def _palette() -> bytes:
    """The colours of the original data set: the bits of an index, spread over red, green and blue."""
    index = np.arange(256)
    channels = [sum(((index >> (3 * step + channel)) & 1) << (7 - step) for step in range(3)) for channel in range(3)]
    return np.stack(channels, axis=1).astype(np.uint8).tobytes()


def _plain(name: str) -> str:
    return name.replace(":", "_").lstrip("#")


def _label_map(head: Head) -> bytes:
    colours = np.frombuffer(_palette(), np.uint8).reshape(256, 3)
    names = ["background", *(_plain(category.name) for category in head.categories)]
    lines = [f"{name}:{','.join(map(str, colours[index]))}::\n" for index, name in enumerate(names)]
    return "".join(["# label:color_rgb:parts:actions\n", *lines]).encode()


def _names(files: Files, path: Path) -> list[str]:
    """Category names in the order of their classes, without the background; none where there is no labelmap.txt."""
    if not files.ending("labelmap.txt"):
        return []
    try:
        lines = files.read(files.one("labelmap.txt")).decode("utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise FormatError(f"{path}: labelmap.txt is no text: {error}") from error
    names = [line.split(":")[0] for line in lines if line.strip() and not line.startswith("#")]
    return [name for name in names if name != "background"]
