"""Processes of the trainers: start one, follow its events and results, stop it. The app itself never loads a network."""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from app.errors import ProposeError
from trainers.records import Failure, Record, parse

GRACE_SECONDS = 5.0
"""Time to stop after SIGTERM before SIGKILL; the bulk command needs two."""

LISTING, RESULTS = "files.jsonl", "results.jsonl"
"""Names of the list of images and of the results file in the run's folder."""

_POLL_SECONDS = 0.2
_COMMAND = ("-m", "trainers", "propose")


@dataclass(frozen=True)
class Report:
    """Something the process said."""

    event: dict[str, Any]
    """``start``, ``image`` or ``done`` with the fields of ``python -m trainers propose --events``."""
    results: list[Record | Failure] = field(default_factory=list)
    """Images that were finished since the last report."""


def propose(
    files: Iterable[tuple[str, Path]],
    folder: Path,
    proposer: str,
    hierarchies: Path | None,
    cancelled: Callable[[], bool],
) -> Generator[Report, None, None]:
    """Run the bulk command over files and report as it goes; closing the iterator stops the process.

    Args:
        files: (key, path) of each image; keys come back in the results.
        folder: an existing folder for the list, the results and the process's messages.
        proposer: name of the proposer.
        hierarchies: where region hierarchies are to be kept, or None.
        cancelled: asked a few times a second; once true the process is stopped and the iterator ends.

    Raises:
        ProposeError: the process could not start, or ended with an error; its last words are in the message.
    """
    listing, results = folder / LISTING, folder / RESULTS
    write_listing(listing, files)
    arguments = ["--list", str(listing), "--out", str(results), "--proposer", proposer, "--events"]
    if hierarchies is not None:
        arguments += ["--hierarchies", str(hierarchies)]
    tail = _Tail(results)
    with running([sys.executable, *_COMMAND, *arguments], folder / "messages.txt") as process:
        for event in events_of(process, cancelled):
            yield Report(event, tail.lines())
        if cancelled():
            return
        code = process.wait()
        rest = tail.lines()
        if rest:
            yield Report({"event": "done"}, rest)
        if code != 0:
            raise ProposeError(f"the proposer {proposer!r} stopped: {last_words(folder / 'messages.txt', code)}")


def write_listing(file: Path, files: Iterable[tuple[str, Path]]) -> None:
    """Write (key, path) of images as ``propose --list`` takes them."""
    with file.open("w", encoding="utf-8") as stream:
        for key, path in files:
            stream.write(json.dumps({"key": key, "path": str(path)}, ensure_ascii=False) + "\n")


def reason(failure: Failure) -> str:
    """Why an image has no masks, without the path that the reader has anyway."""
    return failure.error.removeprefix(f"{failure.path}: ")


@contextmanager
def running(command: list[str], messages: Path) -> Iterator["subprocess.Popen[str]"]:
    """A child in a session of its own, so that Ctrl-C reaches only us; it is stopped in order when the block ends.

    Raises:
        ProposeError: it cannot be started.
    """
    with messages.open("wb") as stderr:
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=stderr,
                start_new_session=True,
                encoding="utf-8",
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )
        except OSError as error:
            raise ProposeError(f"a process cannot be started: {error.strerror}") from error
    try:
        yield process
    finally:
        _stop(process)
        assert process.stdout is not None
        process.stdout.close()


def _stop(process: "subprocess.Popen[str]") -> None:
    """End the process and its workers."""
    if process.poll() is None:
        _signal_group(process.pid, signal.SIGTERM)
        try:
            process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            _signal_group(process.pid, signal.SIGKILL)
            process.wait()


def _signal_group(pid: int, number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def events_of(process: "subprocess.Popen[str]", cancelled: Callable[[], bool]) -> Iterator[dict[str, Any]]:
    """JSON lines of the process until its output ends or ``cancelled`` says so."""
    assert process.stdout is not None
    lines: queue.Queue[str | None] = queue.Queue()
    reader = threading.Thread(target=_read, args=(process.stdout, lines), daemon=True)
    reader.start()
    try:
        while not cancelled():
            try:
                line = lines.get(timeout=_POLL_SECONDS)
            except queue.Empty:
                continue
            if line is None:
                return
            with suppress(ValueError):  # a library may print a line of its own
                event = json.loads(line)
                if isinstance(event, dict) and "event" in event:
                    yield event
    finally:
        _stop_if_unread(process, reader)


def _stop_if_unread(process: "subprocess.Popen[str]", reader: threading.Thread) -> None:
    """Let the reader end before its pipe is closed: it ends with the process's output."""
    if reader.is_alive():
        _stop(process)
    reader.join()


def _read(stream: IO[str], lines: "queue.Queue[str | None]") -> None:
    for line in stream:
        lines.put(line)
    lines.put(None)


class _Tail:
    """Whole lines of a growing JSON lines file, each once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0

    def lines(self) -> list[Record | Failure]:
        """Those finished since the last call."""
        if not self._path.exists():
            return []
        with self._path.open("rb") as stream:
            stream.seek(self._offset)
            data = stream.read()
        whole = data[: data.rfind(b"\n") + 1]
        self._offset += len(whole)
        return [parse(line) for line in whole.splitlines()]


def last_words(messages: Path, code: int) -> str:
    """The last line the process wrote, which holds the reason."""
    lines = [line.strip() for line in messages.read_text("utf-8", "replace").splitlines() if line.strip()]
    return lines[-1] if lines else f"it ended with code {code} and said nothing"
