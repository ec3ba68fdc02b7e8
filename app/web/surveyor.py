"""Arranges the queue and looks for look-alikes in a thread beside the server, so that a reload or a closed tab stops nothing."""

import threading
from dataclasses import dataclass

from app.errors import AppError
from app.services import duplicates, looks, ordering
from app.services.ordering import Order
from app.services.workspace import Workspace


@dataclass(frozen=True)
class Progress:
    """What the surveyor does."""

    arranging: Order | None
    """The order that is being made."""
    looking: bool
    """Whether images are being hashed and compared."""
    error: str
    """Why the last work failed, or empty."""


class Surveyor:
    """One thread at most; what was asked for last is done first. Safe to share between threads."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._wanted: Order | None = None
        self._arranging: Order | None = None
        self._error = ""
        self._working = False

    def arrange(self, order: Order) -> None:
        """Order the queue soon; an order that was asked for before and is not begun is dropped."""
        with self._lock:
            self._wanted = order
            self._run()

    def look(self) -> None:
        """Hash and compare the images that are new, if there are any and it did not fail before."""
        with self._workspace.store.read() as tx:
            something = tx.meta.get(looks.UNGROUPED) is not None or bool(tx.looks.stale(1))
        with self._lock:
            if something and not self._error:
                self._run()

    def progress(self) -> Progress:
        """What is being done now."""
        with self._lock:
            return Progress(self._wanted or self._arranging, self._working, self._error)

    def join(self, timeout: float | None = None) -> bool:
        """Wait for the work at hand; tells whether it is done."""
        thread = self._thread
        if thread is not None:
            thread.join(timeout)
        return not self._working

    def _run(self) -> None:
        """Have the thread at work. The lock is held, as where the thread decides that nothing is left to do."""
        if not self._working:
            self._working = True
            # A daemon: it never keeps a stopped app alive, and each batch is committed or not there at all.
            self._thread = threading.Thread(target=self._work, name="survey", daemon=True)
            self._thread.start()

    def _work(self) -> None:
        looked = False
        try:
            while self._go_on(looked):
                if self._arranging is not None:
                    ordering.arrange(self._workspace, self._arranging)
                else:
                    looked = self._look()
        except AppError as error:
            self._fail(str(error))
        except Exception as error:
            self._fail(f"the app failed on this ({type(error).__name__}); the terminal shows where")
            raise

    def _go_on(self, looked: bool) -> bool:
        """Take the next order; tells whether there is anything to do."""
        with self._lock:
            self._arranging, self._wanted = self._wanted, None
            if self._arranging is not None:
                self._error = ""
            self._working = self._arranging is not None or not looked
            return self._working

    def _look(self) -> bool:
        """Look at what is new; tells whether all of it was seen."""
        looks.refresh(self._workspace, lambda: self._wanted is not None)
        if self._wanted is not None:
            return False
        with self._workspace.store.read() as tx:
            due = tx.meta.get(looks.UNGROUPED) is not None
        if due:
            duplicates.regroup(self._workspace)
        return True

    def _fail(self, sentence: str) -> None:
        with self._lock:
            self._error, self._arranging, self._wanted, self._working = sentence, None, None, False
