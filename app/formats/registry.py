"""All formats by name."""

from typing import Any

from app.errors import FormatError
from app.formats.coco import Coco
from app.formats.format import Format

FORMATS: dict[str, Format[Any]] = {format_.name: format_ for format_ in (Coco(),)}
"""Name -> format, in the order people see."""


def get(name: str) -> Format[Any]:
    """The format of this name.

    Raises:
        FormatError: there is none.
    """
    if name not in FORMATS:
        raise FormatError(f"unknown format {name!r}: there are {', '.join(FORMATS)}")
    return FORMATS[name]
