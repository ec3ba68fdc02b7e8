"""CVAT for images 1.1: one XML, masks as CVAT's RLE."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

from app.errors import FormatError
from app.formats import jsons, outlines, png
from app.formats.archive import archive, opened
from app.formats.format import Format, Part
from app.formats.records import Head, Known, Mask, Page, Picture, ReadMask, ReadPage
from freesolo.codecs import coco_rle, cvat_rle
from freesolo.errors import CodecError

_EXTRAS = ("score", "state")


class Cvat(Format[str]):
    """``annotations.xml``, which CVAT takes as annotations of a task with images of the same names."""

    name = "cvat"
    title = "CVAT for images 1.1 (zip)"
    suffix = ".zip"
    keeps = "pixels, holes, parts, overlaps, names, categories; score and state where the task's labels have them"
    loses = "ids. CVAT's importer makes polygons of masks unless that is switched off"
    notes = (
        "CVAT: Upload annotations, format CVAT 1.1, and switch off Convert masks to polygons: it is on by default and "
        "loses pixels and holes",
    )

    def encode(self, page: Page, head: Head) -> Part[str]:
        picture = page.picture
        if unfit := [character for character in picture.file_name if ord(character) < 32]:
            raise FormatError(f"the name {picture.file_name!r} holds {unfit[0]!r}, which XML cannot: rename the file")
        name = quoteattr(picture.file_name)
        top = f'<image id="{picture.id - 1}" name={name} width="{picture.width}" height="{picture.height}">\n'
        masks = "".join(_element(mask, picture, head) for mask in page.masks)
        return Part(picture, f"  {top}{masks}  </image>\n")

    def decode(self, body: str, head: Head, picture: Picture) -> ReadPage:
        return _page(ElementTree.fromstring(body))  # noqa: S314  (written a moment ago)

    def assemble(self, stream: BinaryIO, head: Head, pictures: Iterator[Picture], parts: Iterator[Part[str]]) -> None:
        with archive(stream) as out:
            file = out.later("annotations.xml")
            file.write(_meta(head).encode())
            for part in parts:
                file.write(part.body.encode())
            file.write(b"</annotations>\n")

    def read(self, path: Path, known: Known) -> Iterator[ReadPage]:
        with opened(path) as files:
            names = files.ending(".xml")
            if not names:
                raise FormatError(f"{path} holds no XML: it is of another format")
            for name in names:
                yield from _pages(files.read(name), f"{path}: {name}")


def _meta(head: Head) -> str:
    attributes = "".join(
        f"<attribute><name>{name}</name><mutable>False</mutable><input_type>text</input_type>"
        f"<default_value></default_value><values></values></attribute>"
        for name in _EXTRAS
    )
    labels = "".join(
        f"        <label><name>{escape(category.name)}</name><attributes>{attributes}</attributes></label>\n"
        for category in head.categories
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n  <version>1.1</version>\n'
        f"  <meta>\n    <task>\n      <labels>\n{labels}      </labels>\n    </task>\n  </meta>\n"
    )


def _element(mask: Mask, picture: Picture, head: Head) -> str:
    runs, (left, top, width, height) = cvat_rle.encode(coco_rle.decode(mask.counts, picture.size))
    extras = {"score": mask.score, "state": mask.state}
    inner = "".join(f'<attribute name="{k}">{v}</attribute>' for k, v in extras.items() if v is not None)
    return (
        f'    <mask label={quoteattr(head.names[mask.category_id])} source="semi-auto" occluded="0" '
        f'rle="{", ".join(map(str, runs))}" left="{left}" top="{top}" width="{width}" height="{height}" '
        f'z_order="0">{inner}</mask>\n'
    )


def _pages(data: bytes, name: str) -> Iterator[ReadPage]:
    if b"<!ENTITY" in data or b"<!DOCTYPE" in data:
        raise FormatError(f"{name} defines entities, which annotations never do: it is not read")
    try:
        for _, element in ElementTree.iterparse(io.BytesIO(data)):  # noqa: S314  (no entities, see above)
            if element.tag == "image":
                yield _page(element)
                element.clear()
    except ElementTree.ParseError as error:
        raise FormatError(f"{name} is no XML, or damaged: {error}") from error


def _page(image: ElementTree.Element) -> ReadPage:
    name = image.get("name", "").replace("\\", "/")
    try:
        size = png.check_size((int(image.get("height", "")), int(image.get("width", ""))), f"the image {name!r}")
    except ValueError as error:
        raise FormatError(f"the image {name!r} has no width and height") from error
    masks: list[ReadMask] = []
    faults: list[str] = []
    for place, shape in enumerate(each for each in image if each.tag != "tag"):
        try:
            counts = _counts(shape, size)
        except (CodecError, ValueError) as error:
            faults.append(f"{shape.tag} {place + 1} ({shape.get('label')}): {error}")
            continue
        extras = {each.get("name"): each.text or "" for each in shape.iter("attribute")}
        masks.append(
            ReadMask(
                place, counts, shape.get("label"), _number(extras.get("score")), jsons.state_of(extras.get("state"))
            )
        )
    return ReadPage(name, size, masks, "", faults)


def _counts(shape: ElementTree.Element, size: tuple[int, int]) -> str:
    if shape.tag == "mask":
        left, top, width, height = (int(shape.get(side, "")) for side in ("left", "top", "width", "height"))
        runs = [int(run) for run in shape.get("rle", "").split(",")]
        return coco_rle.encode(cvat_rle.decode(runs, (left, top, width, height), size)).decode("ascii")
    if shape.tag == "polygon":
        points = [float(value) for pair in shape.get("points", "").split(";") for value in pair.split(",")]
        return outlines.filled([points], size)
    raise CodecError("no mask and no polygon")


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None
