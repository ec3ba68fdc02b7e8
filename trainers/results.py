"""Writing a results file so that nothing finished is ever lost: whole lines only, one writer, resumable."""

import errno
import fcntl
import sys
from contextlib import suppress
from io import FileIO
from pathlib import Path
from types import TracebackType

from typing_extensions import Self

from freesolo.errors import CodecError
from trainers.errors import OutputError, UsageError
from trainers.records import key_and_proposer
from trainers.work_list import printable

_LINE_START = b'{"key":'


class ResultsFile:
    """An open results file; a context manager.

    On opening, a torn last line (its writer was killed) is cut off. Each `append` leaves a whole line or none.
    """

    def __init__(self, path: Path, resume: bool) -> None:
        """Open or create a results file.

        Args:
            path: the file; missing folders are made.
            resume: keep the lines it has; else start it anew.

        Raises:
            UsageError: the path names something else than a results file, which is left as it is.
            OutputError: it cannot be written, or another run is writing it.
        """
        self.path = path
        self._made_by: dict[str, str | None] = {}
        if path.exists() and not path.is_file():
            raise UsageError(f"{printable(path)} is not a file: name a file for the results")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._stream = FileIO(path, "a+")
        except OSError as error:
            raise OutputError(f"{printable(path)} cannot be written: {error.strerror}; name another --out") from error
        try:
            self._lock()
            self._end = self._read_lines()
            if not resume:
                self._end, self._made_by = 0, {}
            self._stream.truncate(self._end)
        except BaseException:
            self._stream.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()

    def has(self, key: str, proposer: str) -> bool:
        """Whether the file holds masks of this image by this proposer, and nothing later on it."""
        return self._made_by.get(key) == proposer

    def append(self, line: bytes) -> None:
        """Add one line, newline included.

        Raises:
            OutputError: the disk does not take it; the file then ends with the line before.
        """
        rest = memoryview(line)
        try:
            while rest:
                rest = rest[self._stream.write(rest) :]
        except OSError as error:
            with suppress(OSError):  # else the torn line is cut off when the file is opened next
                self._stream.truncate(self._end)
            raise OutputError(unwritable(self.path, error)) from error
        self._end += len(line)

    def _lock(self) -> None:
        try:
            fcntl.flock(self._stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OutputError(f"{printable(self.path)}: another run is writing it; let that one end first") from None
        except OSError as error:  # network file systems without locks: the person has to keep runs apart
            if error.errno not in (errno.ENOLCK, errno.ENOTSUP):
                raise OutputError(unwritable(self.path, error)) from error

    def _read_lines(self) -> int:
        """Take in the whole lines; returns where they end."""
        end, rest = 0, b""
        with self.path.open("rb") as stream:
            for number, line in enumerate(stream, start=1):
                if not line.endswith(b"\n"):
                    rest = line
                    break
                try:
                    key, proposer = key_and_proposer(line, f"{printable(self.path)}, line {number}")
                except CodecError as error:
                    raise UsageError(f"{error}; it is left as it is, name another --out") from None
                self._made_by[key] = proposer and sys.intern(proposer)  # one string, not one an image
                end += len(line)
        if end == 0 and rest[: len(_LINE_START)] != _LINE_START[: len(rest)]:
            raise UsageError(f"{printable(self.path)} is not a results file of `propose`: name another --out")
        return end


def write_whole(path: Path, data: bytes) -> None:
    """Write a file under a temporary name and move it into place.

    Raises:
        OutputError: the disk does not take it; an older file of that name is unharmed.
    """
    partial = path.with_name(f"{path.name}.part")
    try:
        partial.write_bytes(data)
        partial.replace(path)
    except OSError as error:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise OutputError(unwritable(path, error)) from error


def unwritable(path: Path, error: OSError) -> str:
    """The sentence for a write that failed in the middle of the work."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return (
            f"{printable(path)}: the disk is full; free some space and run the same command again, it goes on from here"
        )
    return f"{printable(path)} cannot be written: {error.strerror}; run the same command again to go on from here"
