"""Which images to work on: those of a folder, or those a list file names."""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from freesolo.images import SUFFIXES
from trainers.errors import UsageError


@dataclass(frozen=True)
class WorkItem:
    """One image to work on."""

    key: str
    """Its name in the results; unique in a work list."""
    path: str
    """Absolute path; a name that is not valid Unicode is kept as Python's surrogate escapes."""


@dataclass
class WorkList:
    """The images, and what could not be looked into."""

    items: list[WorkItem] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    """One sentence on each folder that could not be listed."""


def of_folder(folder: Path) -> WorkList:
    """All image files below a folder by relative path, forward slashes; hidden files and folders are left out.

    Linked folders are followed once each, and only where they lead to a folder not reached otherwise.

    Raises:
        UsageError: there is no such folder, it cannot be listed, or it holds no image file.
    """
    if not folder.exists():
        raise UsageError(f"there is no folder {printable(folder)}: check the path")
    if not folder.is_dir():
        raise UsageError(f"{printable(folder)} is a file: name the folder that holds the images")
    walk = _Walk(folder)
    walk.run()
    if not walk.found.items:
        kinds = ", ".join(sorted(suffix.lstrip(".") for suffix in SUFFIXES))
        seen = "".join(f" ({fault})" for fault in walk.found.faults[:1])
        raise UsageError(f"{printable(folder)} holds no image files ({kinds}): name another folder{seen}")
    walk.found.items.sort(key=lambda item: item.key)
    return walk.found


def of_list(path: Path) -> WorkList:
    """The images of a UTF-8 file with one ``{"key": any string, "path": absolute path}`` a line, in its order.

    Raises:
        UsageError: the file cannot be read, a line is not of that form, a key comes twice, or there is no line.
    """
    items: dict[str, WorkItem] = {}
    try:
        with path.open(encoding="utf-8") as stream:
            for number, line in enumerate(stream, start=1):
                if line.strip():
                    item = _listed(line, f"{printable(path)}, line {number}")
                    if item.key in items:
                        raise UsageError(f"{printable(path)}, line {number}: the key {item.key!r} comes twice")
                    items[item.key] = item
    except OSError as error:
        raise UsageError(f"the list {printable(path)} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"the list {printable(path)} is not UTF-8 text") from error
    if not items:
        raise UsageError(f"the list {printable(path)} names no images")
    return WorkList(list(items.values()))


def printable(name: str | PurePath) -> str:
    """A name fit for any terminal or log: bytes that are no text are written as escapes."""
    return str(name).encode("utf-8", "backslashreplace").decode("utf-8")


def _listed(line: str, where: str) -> WorkItem:
    form = '{"key": "a name", "path": "absolute path"}'
    try:
        row = json.loads(line)
        key, path = row["key"], row["path"]
    except (ValueError, KeyError, TypeError):
        raise UsageError(f"{where}: expected {form}") from None
    if not isinstance(key, str) or not isinstance(path, str) or not os.path.isabs(path):  # noqa: PTH117  (kept as str)
        raise UsageError(f"{where}: expected {form}, with strings and an absolute path")
    return WorkItem(key, path)


class _Walk:
    """Goes through real folders first, then through links to folders that were not reached."""

    def __init__(self, folder: Path) -> None:
        self.found = WorkList()
        self._folders = [(os.path.abspath(folder), "")]  # noqa: PTH100  (resolve() would replace links in the path)
        self._links: list[tuple[str, str]] = []
        self._seen: set[tuple[int, int]] = set()

    def run(self) -> None:
        """Fill ``found``."""
        while self._folders or self._links:
            path, prefix = self._folders.pop() if self._folders else self._links.pop()
            try:
                self._list(path, prefix)
            except OSError as error:
                self.found.faults.append(f"the folder {printable(path)} cannot be listed: {error.strerror}")
            if not self._folders:
                self._links.sort(reverse=True)  # the first by name keeps a folder that several links lead to

    def _list(self, path: str, prefix: str) -> None:
        status = os.stat(path)  # noqa: PTH116  (str paths: a name may hold any bytes)
        if (status.st_dev, status.st_ino) in self._seen:
            return
        self._seen.add((status.st_dev, status.st_ino))
        with os.scandir(path) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                if entry.is_dir():
                    waiting = self._links if entry.is_symlink() else self._folders
                    waiting.append((entry.path, f"{prefix}{entry.name}/"))
                elif os.path.splitext(entry.name)[1].lower() in SUFFIXES and entry.is_file():  # noqa: PTH122
                    self.found.items.append(WorkItem(prefix + entry.name, entry.path))
