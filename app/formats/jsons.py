"""JSON written row by row, and read with one sentence for what is wrong."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

from app.errors import FormatError
from app.store.records import INSTANCE_STATES, InstanceState


def dumps(value: object) -> bytes:
    """UTF-8, the same bytes for the same value."""
    return json.dumps(value, ensure_ascii=False).encode()


def write_rows(stream: IO[bytes], rows: Iterable[object]) -> None:
    """The rows of a list, taken one by one, each on its own line; the brackets are the caller's."""
    before = b"\n"
    for row in rows:
        stream.write(before + dumps(row))
        before = b",\n"


def load(path: Path) -> object:
    """The value of a JSON file.

    Raises:
        FormatError: it cannot be read, or is no JSON.
    """
    try:
        return parse(path.read_bytes(), str(path))
    except OSError as error:
        raise FormatError(f"{path} cannot be read: {error.strerror or error}") from error


def parse(data: bytes, name: str) -> object:
    """As `load`, of bytes; ``name`` is what to call them."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{name} is no JSON file, or damaged: {error}") from None


def rows_of(value: object, key: str, name: str) -> list[dict[str, Any]]:
    """The list of objects below a key.

    Raises:
        FormatError: there is none; ``name`` is what to call the file.
    """
    rows = value.get(key) if isinstance(value, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise FormatError(f"{name} has no list of {key}: it is of another format, or damaged")
    return rows


def score_of(value: object) -> float | None:
    """A score where there is one."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def state_of(value: object) -> InstanceState | None:
    """A state where there is one."""
    return next((state for state in INSTANCE_STATES if state == value), None)
