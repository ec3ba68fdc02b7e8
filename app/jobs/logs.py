"""Read what jobs wrote: the end of it, and the lines that hold a text."""

import os
from collections import deque
from dataclasses import dataclass
from pathlib import Path

from app.errors import JobError
from app.jobs.events import EVENTS
from app.jobs.queue import get
from app.jobs.work import LOG, folder_of
from app.services.training.process import MESSAGES
from app.services.workspace import Workspace

_TAIL_BYTES = 256 * 1024
"""Of a log that is looked at without a text to search."""
_LONGEST_LINE = 2000
"""Characters of a line that are shown."""


@dataclass(frozen=True)
class LogLine:
    """A line of a job's files."""

    source: str
    """``log``, ``events``, or below the job's folder the file with the messages of a process that it started."""
    number: int | None
    """Counted from 1; None at the end of a long file, whose lines are not counted."""
    text: str


@dataclass(frozen=True)
class LogView:
    """Lines of a job, file by file, each in their order; events come last."""

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
        return _search(folder, text.casefold(), limit) if text else _tail(folder, limit)
    except OSError as error:
        raise JobError(f"the log of job {job_id} cannot be read: {error.strerror}") from error


def _texts(folder: Path) -> list[tuple[str, Path]]:
    """What the job's processes wrote: (source, file), the one that was written to last at the end."""
    found = [(folder / LOG), *folder.rglob(MESSAGES)]
    present = sorted((file for file in found if file.is_file()), key=lambda file: file.stat().st_mtime_ns)
    return [("log" if file.name == LOG else file.relative_to(folder).as_posix(), file) for file in present]


def _tail(folder: Path, limit: int) -> LogView:
    shown: list[LogLine] = []
    more = False
    for source, file in _texts(folder):
        lines, is_end = _last_lines(file)
        more |= is_end
        shown += [
            LogLine(source, None if is_end else number, text[:_LONGEST_LINE])
            for number, text in enumerate(lines, start=1)
        ]
    return LogView(shown[-limit:], more=more or len(shown) > limit)


def _last_lines(file: Path) -> tuple[list[str], bool]:
    """The whole lines at a file's end, and whether there are others before them."""
    with file.open("rb") as stream:
        start = max(0, stream.seek(0, os.SEEK_END) - _TAIL_BYTES)
        stream.seek(start)
        lines = stream.read().decode("utf-8", "replace").splitlines()
    return (lines[1:], True) if start else (lines, False)


def _search(folder: Path, wanted: str, limit: int) -> LogView:
    found: list[LogLine] = []
    more = False
    events = [("events", folder / EVENTS)] if (folder / EVENTS).exists() else []
    for source, file in (*_texts(folder), *events):
        kept: deque[LogLine] = deque(maxlen=limit)
        with file.open(encoding="utf-8", errors="replace") as stream:
            for number, line in enumerate(stream, start=1):
                if wanted in line.casefold():
                    more |= len(kept) == limit
                    kept.append(LogLine(source, number, line.rstrip("\r\n")[:_LONGEST_LINE]))
        found += kept
    return LogView(found, more)
