"""Formats of many files: written as one zip, the same bytes for the same input; read from a zip, a folder or a file."""

import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, BinaryIO

from app.errors import FormatError

MOST_BYTES = 2**31
"""Of one file in an archive, unpacked: larger ones are refused before they are unpacked."""

_EPOCH = (1980, 1, 1, 0, 0, 0)
_PACKED = frozenset({".png", ".jpg"})
"""What would not become smaller."""


class Archive:
    """A zip being written; use `archive`."""

    def __init__(self, stream: BinaryIO, stack: ExitStack) -> None:
        self._stack = stack
        self._zip = stack.enter_context(zipfile.ZipFile(stream, "w"))

    def add(self, name: str, data: bytes) -> None:
        """A file as a whole."""
        self._zip.writestr(_info(name), data)

    def later(self, name: str) -> IO[bytes]:
        """A file that is written bit by bit, on disk, and stands after all that are added as a whole."""
        spool = tempfile.TemporaryFile()  # noqa: SIM115  (closed by the stack)
        self._stack.callback(spool.close)
        self._stack.callback(self._append, name, spool)
        return spool

    def _append(self, name: str, spool: IO[bytes]) -> None:
        info = _info(name)
        info.file_size = spool.tell()
        spool.seek(0)
        with self._zip.open(info, "w") as target:
            shutil.copyfileobj(spool, target, 2**20)


@contextmanager
def archive(stream: BinaryIO) -> Iterator[Archive]:
    """A zip that is complete when the block ends."""
    with ExitStack() as stack:
        yield Archive(stream, stack)


def _info(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _EPOCH)
    info.create_system = 3  # the same on every system
    info.external_attr = 0o644 << 16
    packed = Path(name).suffix in _PACKED
    info.compress_type = zipfile.ZIP_STORED if packed else zipfile.ZIP_DEFLATED
    return info


class Files:
    """The files of an archive or folder; use `opened`."""

    def __init__(self, path: Path, packed: zipfile.ZipFile | None) -> None:
        self._path = path
        self._zip = packed
        if packed is not None:
            self.names = sorted(info.filename for info in packed.infolist() if not info.is_dir())
        elif path.is_dir():
            self.names = sorted(file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file())
        else:
            self.names = [path.name]
        self._present = frozenset(self.names)

    def __contains__(self, name: str) -> bool:
        return name in self._present

    def ending(self, *suffixes: str) -> list[str]:
        """Names that end so, sorted."""
        return [name for name in self.names if name.lower().endswith(suffixes)]

    def one(self, name: str) -> str:
        """The file of this name, at the top or in the only folder that has it.

        Raises:
            FormatError: there is none, or there are several.
        """
        found = [each for each in self.names if each == name or each.endswith(f"/{name}")]
        if name in found or len(found) == 1:
            return name if name in found else found[0]
        lacks = "has several files" if found else "has no file"
        raise FormatError(f"{self._path} {lacks} {name}: it is of another format, or incomplete")

    def read(self, name: str) -> bytes:
        """The content of a file.

        Raises:
            FormatError: it is not there, damaged or larger than `MOST_BYTES`.
        """
        if name not in self:  # also what a damaged file would reach outside of the folder
            raise FormatError(f"{self._path} lacks the file {name}")
        try:
            if self._zip is not None:
                if self._zip.getinfo(name).file_size > MOST_BYTES:
                    raise FormatError(f"{self._path}: {name} would be larger than {MOST_BYTES >> 30} GiB unpacked")
                return self._zip.read(name)
            return (self._path / name if self._path.is_dir() else self._path).read_bytes()
        except (OSError, EOFError, zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError) as error:
            raise FormatError(f"{self._path}: {name} cannot be read: {error}") from error


@contextmanager
def opened(path: Path) -> Iterator[Files]:
    """A zip, a folder of its unpacked files, or a single file of them.

    Raises:
        FormatError: there is nothing of this name, or it cannot be read.
    """
    if not path.exists():
        raise FormatError(f"{path} does not exist")
    try:
        packed = zipfile.ZipFile(path) if path.is_file() and zipfile.is_zipfile(path) else None
    except (OSError, zipfile.BadZipFile) as error:
        raise FormatError(f"{path} cannot be read: {error}") from error
    with ExitStack() as stack:
        if packed is not None:
            stack.enter_context(packed)
        yield Files(path, packed)
