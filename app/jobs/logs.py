"""Read what jobs wrote: the end of it, and the lines that hold a text."""

import os
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from app.errors import JobError
from app.jobs.events import EVENTS
from app.jobs.queue import get
from app.jobs.work import LOG, folder_of
from app.services.workspace import Workspace

_TAIL_BYTES = 256 * 1024
"""Of a log that is looked at without a text to search."""
_LONGEST_LINE = 2000
"""Characters of a line that are shown."""

Source = Literal["log", "events"]
_FILES: tuple[tuple[Source, str], ...] = (("log", LOG), ("events", EVENTS))


@dataclass(frozen=True)
class LogLine:
    """A line of a job's files."""

    source: Source
    number: int | None
    """Counted from 1; None at the end of a long file, whose lines are not counted."""
    text: str


@dataclass(frozen=True)
class LogView:
    """Lines of a job, those of the log before the events, each in their order."""

    lines: list[LogLine]
    more: bool
    """Whether older lines were left out."""


def view(ws: Workspace, job_id: int, text: str = "", limit: int = 200) -> LogView:
    """The last lines of a job's log; with ``text``, the last lines of log and events that hold it, in any case.

    Raises:
        NotFoundError: there is no such job.
        JobError: its files cannot be read.
    """
    get(ws, job_id)
    folder = folder_of(ws, job_id)
    try:
        return _search(folder, text.casefold(), limit) if text else _tail(folder / LOG, limit)
    except OSError as error:
        raise JobError(f"the log of job {job_id} cannot be read: {error.strerror}") from error


def _tail(file: Path, limit: int) -> LogView:
    if not file.exists():
        return LogView([], more=False)
    with file.open("rb") as stream:
        start = max(0, stream.seek(0, os.SEEK_END) - _TAIL_BYTES)
        stream.seek(start)
        lines = stream.read().decode("utf-8", "replace").splitlines()
    if start:
        lines = lines[1:]  # the first is a part of one
    first = max(0, len(lines) - limit)
    shown = [
        LogLine("log", None if start else number, text[:_LONGEST_LINE])
        for number, text in enumerate(lines[first:], start=first + 1)
    ]
    return LogView(shown, more=start > 0 or first > 0)


def _search(folder: Path, wanted: str, limit: int) -> LogView:
    found: list[LogLine] = []
    more = False
    for source, name in _FILES:
        if not (folder / name).exists():
            continue
        kept: deque[LogLine] = deque(maxlen=limit)
        with (folder / name).open(encoding="utf-8", errors="replace") as stream:
            for number, line in enumerate(stream, start=1):
                if wanted in line.casefold():
                    more |= len(kept) == limit
                    kept.append(LogLine(source, number, line.rstrip("\r\n")[:_LONGEST_LINE]))
        found += kept
    return LogView(found, more)
