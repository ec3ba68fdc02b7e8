"""Find the image files of a folder."""

import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from app.errors import IngestError
from app.files import printable
from freesolo.images import SUFFIXES


@dataclass(frozen=True)
class Fault:
    """A file or folder that could not be used, and why."""

    path: str
    """Fit to print, whatever bytes the name has."""
    reason: str


@dataclass(frozen=True)
class FoundFile:
    """A file with the name of an image."""

    relative: str
    """Below the folder, forward slashes."""
    path: str
    """Absolute."""
    bytes: int
    mtime_ns: int


@dataclass
class Found:
    """What a walk found, in order of the relative path."""

    files: list[FoundFile] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


def existing_folder(folder: Path) -> Path:
    """The folder's absolute path, as people know it (links in it are not resolved).

    Raises:
        IngestError: there is none, it is a file, or its name cannot be stored.
    """
    root = Path(os.path.abspath(folder.expanduser()))  # noqa: PTH100  (resolve() would replace links)
    if not root.exists():
        raise IngestError(f"there is no folder {printable(str(root))}: check the path")
    if not root.is_dir():
        raise IngestError(f"{root} is a file: name the folder that holds the images")
    if not _storable(str(root)):
        raise IngestError(f"the name of {printable(str(root))} is not valid Unicode: rename the folder")
    return root


def no_images(root: Path) -> str:
    """The sentence for a folder without image files."""
    kinds = ", ".join(sorted(suffix.lstrip(".") for suffix in SUFFIXES))
    return f"{root} holds no image files ({kinds}): name another folder"


def portable(name: str) -> str:
    """A relative path without what other systems take for a separator or a drive letter."""
    return re.sub(r"^(.{0,2}):", r"\1_", name.replace("\\", "_"))


def image_files(root: Path, skip: Path | None = None) -> Found:
    """All image files below a folder, recursively; hidden ones and the folder ``skip`` are left out.

    A linked file or folder is followed once, and only if its target is not reached without links: no loops, and
    nothing comes twice.

    Raises:
        OSError: the folder itself cannot be listed.
    """
    walk = _Walk(skip)
    os.scandir(root).close()
    walk.folder(str(root), "")
    while walk.links:  # following one may find others
        links, walk.links = sorted(walk.links), []
        for relative, path in links:
            walk.link(path, relative)
    walk.found.files.sort(key=lambda file: file.relative)
    return walk.found


class _Walk:
    def __init__(self, skip: Path | None) -> None:
        self.found = Found()
        self.links: list[tuple[str, str]] = []
        self._seen_files: set[tuple[int, int]] = set()
        self._seen_folders: set[tuple[int, int]] = {_identity(skip.stat())} if skip is not None else set()

    def folder(self, path: str, relative: str) -> None:
        """Take a folder's files; its subfolders in turn, without recursion, so that any depth will do."""
        waiting = [(path, relative)]
        while waiting:
            path, relative = waiting.pop()
            try:
                if not self._enter(path, is_start=not relative):
                    continue
                with os.scandir(path) as entries:
                    for entry in entries:
                        if not entry.name.startswith("."):
                            self._entry(entry, f"{relative}{entry.name}", waiting)
            except OSError as error:
                self._fault(path, f"the folder cannot be listed: {error.strerror}")

    def _enter(self, path: str, is_start: bool) -> bool:
        identity = _identity(os.stat(path))  # noqa: PTH116  (str paths: a name may hold any bytes)
        known = identity in self._seen_folders
        self._seen_folders.add(identity)
        return is_start or not known

    def _entry(self, entry: os.DirEntry[str], relative: str, waiting: list[tuple[str, str]]) -> None:
        if not _storable(entry.name):
            if _is_image(entry.name) or entry.is_dir():
                self._fault(entry.path, "its name is not valid Unicode: rename it")
        elif entry.is_symlink():
            self.links.append((relative, entry.path))
        elif entry.is_dir():
            waiting.append((entry.path, f"{relative}/"))
        elif _is_image(entry.name) and entry.is_file():
            self._file(entry.path, relative, entry.stat())

    def link(self, path: str, relative: str) -> None:
        """Follow a link unless its target was reached before."""
        try:
            status = os.stat(path)  # noqa: PTH116
        except OSError as error:
            if _is_image(path):
                self._fault(path, f"the link leads nowhere: {error.strerror}")
            return
        if os.path.isdir(path):  # noqa: PTH112
            if _identity(status) not in self._seen_folders:
                self.folder(path, f"{relative}/")
        elif _is_image(path) and _identity(status) not in self._seen_files:
            self._file(path, relative, status)

    def _file(self, path: str, relative: str, status: os.stat_result) -> None:
        self._seen_files.add(_identity(status))
        self.found.files.append(FoundFile(relative, path, status.st_size, status.st_mtime_ns))

    def _fault(self, path: str, reason: str) -> None:
        self.found.faults.append(Fault(printable(path), reason))


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _is_image(name: str) -> bool:
    return os.path.splitext(name)[1].lower() in SUFFIXES  # noqa: PTH122


def _storable(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
