"""What happened in a job, as JSON lines in its folder."""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from app.store.decisions import now

EVENTS = "events.jsonl"
"""In a job's folder: one object a line, each with ``at`` (UTC) and ``event``."""


def append(folder: Path, values: Mapping[str, Any]) -> None:
    """Add an event; the time is put in.

    Raises:
        OSError: it cannot be written.
    """
    line = json.dumps({"at": now(), **values}, ensure_ascii=False).encode("utf-8", "backslashreplace")
    with (folder / EVENTS).open("a+b") as stream:
        if stream.seek(0, os.SEEK_END) and not _ends_a_line(stream.name):
            line = b"\n" + line  # a crash cut the last one short
        stream.write(line + b"\n")


def read(folder: Path) -> Iterator[dict[str, Any]]:
    """The events from the first on; a line that a crash cut short is left out."""
    if not (folder / EVENTS).exists():
        return
    with (folder / EVENTS).open(encoding="utf-8", errors="replace") as stream:
        for line in stream:
            try:
                value = json.loads(line)
            except ValueError:
                continue
            if isinstance(value, dict):
                yield value


def _ends_a_line(path: str) -> bool:
    with Path(path).open("rb") as stream:
        stream.seek(-1, os.SEEK_END)
        return stream.read(1) == b"\n"
