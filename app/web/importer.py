"""Imports that the browser starts: one at a time, in a thread, so that a reload or a closed tab stops nothing."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from app.errors import AppError
from app.services import ingest
from app.services.workspace import Workspace
from freesolo.errors import FreeSoloError

Import = Callable[[ingest.Progress], ingest.IngestReport]


@dataclass(frozen=True)
class Run:
    """An import, running or finished."""

    what: str
    """What is imported, for people: a folder's path, or "the demo"."""
    done: int = 0
    total: int = 0
    """Files looked at, and in all; 0: not known yet."""
    report: ingest.IngestReport | None = None
    """Once it has finished."""
    error: str = ""
    """A sentence, where it could not be done."""

    @property
    def running(self) -> bool:
        """Whether it goes on."""
        return self.report is None and not self.error


class Importer:
    """Starts imports into one workspace and tells how they go. Safe to share between threads."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._lock = threading.Lock()
        self._run: Run | None = None
        self._thread: threading.Thread | None = None

    def last(self) -> Run | None:
        """The running import, else the one that finished last since the app started."""
        with self._lock:
            return self._run

    def current(self) -> Run | None:
        """The running import, or None."""
        run = self.last()
        return run if run is not None and run.running else None

    def start_folder(self, folder: Path) -> bool:
        """Import a folder; tells whether it was started, which it is not while another import runs."""
        return self._start(str(folder), lambda progress: ingest.import_folder(self._workspace, folder, progress))

    def start_uploads(self, files: Sequence[tuple[str, Path]]) -> bool:
        """Import files that the browser sent; they are removed afterwards."""

        def work(_progress: ingest.Progress) -> ingest.IngestReport:
            try:
                return ingest.save_uploads(self._workspace, files)
            finally:
                for _, path in files:
                    path.unlink(missing_ok=True)

        return self._start("1 uploaded file" if len(files) == 1 else f"{len(files)} uploaded files", work)

    def start_demo(self, then: Callable[[], object] = lambda: None) -> bool:
        """Import the demo photographs; ``then`` is called (in the thread) when they are there."""

        def work(_progress: ingest.Progress) -> ingest.IngestReport:
            report = ingest.make_demo(self._workspace)
            then()
            return report

        return self._start("the demo photographs", work)

    def join(self, timeout: float | None = None) -> bool:
        """Wait for the running import; tells whether none runs any more."""
        thread = self._thread
        if thread is not None:
            thread.join(timeout)
        return self.current() is None

    def _start(self, what: str, work: Import) -> bool:
        with self._lock:
            if self._run is not None and self._run.running:
                return False
            self._run = Run(what)
            # A daemon: it never keeps a stopped app alive, and each file's row is committed or not there at all.
            self._thread = threading.Thread(target=self._work, args=(work,), name="import", daemon=True)
            self._thread.start()
            return True

    def _work(self, work: Import) -> None:
        try:
            report = work(self._progress)
        except (AppError, FreeSoloError, OSError) as error:
            self._change(error=str(error))
        except BaseException as error:
            self._change(error=f"the import failed ({type(error).__name__}); the terminal shows where")
            raise
        else:
            self._change(report=report)

    def _progress(self, done: int, total: int) -> None:
        self._change(done=done, total=total)

    def _change(self, **values: object) -> None:
        with self._lock:
            assert self._run is not None  # set before the thread starts
            self._run = replace(self._run, **values)  # type: ignore[arg-type]  # names and types are this module's own
