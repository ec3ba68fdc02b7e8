"""A workspace: the folder that holds the database, caches and job files of one project."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from app.errors import WorkspaceBusyError, WorkspaceError
from app.store.store import Store

DATABASE = "workspace.db"
_LOCK = "app"
"""Key in the database's meta table: a lock there is taken atomically on every system."""

_STATE, _STARTED = 0, 19
"""Places in ``/proc/PID/stat``, counted from after the process's name."""
_ROUNDING = 0.005
"""Seconds by which two reads of one start may differ; starts are told in hundredths."""


@dataclass(frozen=True)
class Workspace:
    """An open workspace. Safe to share between threads."""

    path: Path
    """Absolute."""
    store: Store

    @classmethod
    def open(cls, path: Path, *, create: bool = True) -> "Workspace":
        """Open the workspace at ``path`` and bring its database up to this version.

        Raises:
            WorkspaceError: it does not exist (with ``create=False``), is no folder, may not be written, or was
                written by a newer version of the app.
            StoreError: its database is damaged or locked.
        """
        path = Path(os.path.abspath(path.expanduser()))  # noqa: PTH100  (resolve() would replace the name people typed)
        if path.exists() and not path.is_dir():
            raise WorkspaceError(f"{path} is a file, a workspace is a folder: choose another --workspace")
        if not create and not (path / DATABASE).is_file():
            raise WorkspaceError(
                f"there is no workspace in {path}: import a folder first, or choose another --workspace"
            )
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise WorkspaceError(f"the workspace {path} cannot be created: {error.strerror}") from error
        if not os.access(path, os.W_OK | os.X_OK):
            raise WorkspaceError(f"no permission to write in the workspace {path}: choose another --workspace")
        return cls(path, Store.open_file(path / DATABASE))

    @property
    def project(self) -> str:
        """The project's name: the workspace folder's, or its parent's where it has the default name."""
        return self.path.parent.name if self.path.name == "workspace" and self.path.parent.name else self.path.name

    @property
    def hierarchies(self) -> Path:
        """Where region hierarchies of images lie."""
        return self.path / "hierarchies"

    @property
    def models(self) -> Path:
        """Where models lie, each in a folder named by its id."""
        return self.path / "models"

    def close(self) -> None:
        """Release the database."""
        self.store.close()

    @contextmanager
    def lock(self, port: int | None = None) -> Iterator[None]:
        """Hold the workspace for one app while the block runs; a dead app's lock is taken over.

        Args:
            port: where the app listens, to be named to a second one.

        Raises:
            WorkspaceBusyError: a running app holds it; the sentence names its process and port.
        """
        mine = json.dumps({"pid": os.getpid(), "started": process_started(os.getpid()), "port": port})
        with self.store.write() as tx:
            holder = tx.meta.get(_LOCK)
            if holder is not None and holder != mine and _alive(json.loads(holder)):
                raise WorkspaceBusyError(_busy_sentence(self.path, json.loads(holder)))
            tx.meta.set(_LOCK, mine)
        try:
            yield
        finally:
            with self.store.write() as tx:
                tx.meta.remove(_LOCK)


def process_started(pid: int) -> float | None:
    """When a running process began, or None; a zombie counts as dead.

    Seconds, only to be compared with each other: since the machine started where the system tells (Linux), so that
    setting the clock makes no living process look like another one; else since the epoch.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:
        return _started_by_clock(pid)
    fields = stat.rpartition(")")[2].split()  # the name before it may hold anything
    return None if fields[_STATE] in "ZX" else int(fields[_STARTED]) / os.sysconf("SC_CLK_TCK")


def _started_by_clock(pid: int) -> float | None:
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return None


def same_process(pid: int, started: float) -> bool:
    """Whether the process that had this number when it began then still runs."""
    now = process_started(pid)
    return now is not None and abs(now - started) < _ROUNDING


def _alive(holder: dict[str, float]) -> bool:
    return same_process(int(holder["pid"]), float(holder["started"]))


def _busy_sentence(path: Path, holder: dict[str, int | None]) -> str:
    where = f", http://localhost:{holder['port']}" if holder.get("port") else ""
    return (
        f"the workspace {path} is open in another app (process {holder['pid']}{where}): use that one, or close it first"
    )
