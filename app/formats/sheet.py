"""The table that goes with formats of one picture a mask: which file is which mask, and what is known of it."""

import csv
import io
from collections.abc import Iterator

from app.errors import FormatError
from app.formats import jsons
from app.formats.records import Head, Mask, Picture, ReadMask

Row = dict[str, str]

COLUMNS = ("file", "value", "image", "width", "height", "id", "category", "score", "state", "x", "y", "w", "h")


def row(file: str, value: int, picture: Picture, mask: Mask, head: Head, box: tuple[int, int, int, int]) -> Row:
    """A mask.

    Args:
        file: its picture.
        value: of its pixels there.
        picture: its image.
        mask: it.
        head: the categories.
        box: [x, y, width, height] of what the picture shows.
    """
    known = (picture.file_name, picture.width, picture.height, mask.id, head.names[mask.category_id])
    extras = ("" if mask.score is None else repr(mask.score), mask.state or "")
    return dict(zip(COLUMNS, map(str, (file, value, *known, *extras, *box)), strict=True))


def line(values: Row | None) -> bytes:
    """A line of the table; None: the headings."""
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerow(COLUMNS if values is None else values.values())
    return stream.getvalue().encode()


def rows(data: bytes, name: str) -> Iterator[Row]:
    """The lines of a table.

    Raises:
        FormatError: it is no such table; ``name`` is what to call it.
    """
    try:
        reader = csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""))
        if missing := set(COLUMNS) - set(reader.fieldnames or ()):
            raise FormatError(f"{name} has no column {min(missing)}: it is not what this app writes")
        for number, values in enumerate(reader, start=2):
            if None in values.values() or None in values:
                raise FormatError(f"{name} is damaged in line {number}")
            yield values
    except (UnicodeDecodeError, csv.Error) as error:
        raise FormatError(f"{name} is no table: {error}") from error


def numbers(values: Row, *columns: str) -> list[int]:
    """Whole numbers of a line.

    Raises:
        FormatError: one is none, or negative.
    """
    texts = [values[column] for column in columns]
    if not all(text.isascii() and text.isdigit() and len(text) < 10 for text in texts):
        raise FormatError(f"the line of {values['file']} holds {', '.join(texts)} where numbers stand")
    return [int(text) for text in texts]


def read_mask(values: Row, place: int, counts: str) -> ReadMask:
    """A mask with what its line says."""
    try:
        score = float(values["score"]) if values["score"] else None
    except ValueError:
        score = None
    return ReadMask(place, counts, values["category"] or None, score, jsons.state_of(values["state"]))
