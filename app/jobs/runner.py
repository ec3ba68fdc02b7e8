"""A job's own process: ``python -m app job-run ID`` does the work and keeps the job's row up to date."""

import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType

import psutil

from app.errors import AppError, StoreError
from app.jobs.queue import get
from app.services import models, proposing
from app.services.workspace import Workspace
from app.store.decisions import now
from app.store.records import Job
from freesolo.errors import FreeSoloError

BEAT_SECONDS = 1.0
_PROGRESS_SECONDS = 0.3
"""Between two writes of progress: more would not be seen, and each one is a transaction."""

_log = logging.getLogger(__name__)


class Runner:
    """One job at work."""

    def __init__(self, ws: Workspace, job: Job) -> None:
        self.ws = ws
        self.job = job
        self._stop = threading.Event()
        self._ended = threading.Event()
        self._parent = os.getppid()
        self._told = 0.0

    def run(self) -> int:
        """Do the job; returns the exit status. Its row says how it ended."""
        signal.signal(signal.SIGTERM, self._on_signal)
        signal.signal(signal.SIGINT, self._on_signal)
        process = psutil.Process()
        self._change(pid=process.pid, pid_started=process.create_time(), heartbeat=time.time())
        beat = threading.Thread(target=self._beat, daemon=True)
        beat.start()
        try:
            message = _KINDS[self.job.kind](self)
        except (AppError, FreeSoloError) as error:
            self._finish("failed", error=str(error))
            return 1
        except Exception as error:  # noqa: BLE001  the last to hear of it: whatever went wrong belongs into the job's row
            _log.exception("job %d", self.job.id)
            self._finish("failed", error=f"unexpected {type(error).__name__}: {error}")
            return 1
        finally:
            self._ended.set()
            beat.join()
        self._conclude(message)
        return 0

    def stopped(self) -> bool:
        """Whether the work should end."""
        return self._stop.is_set()

    def progress(self, done: int, total: int, rate: float | None, seconds_left: float | None, message: str) -> None:
        """Write how far the job is, a few times a second at most."""
        moment = time.monotonic()
        if done == total or moment - self._told > _PROGRESS_SECONDS:
            self._told = moment
            # A start that got somewhere is not counted as a failed attempt.
            attempts = 0 if done else self.job.attempts
            values = {"rate": rate, "seconds_left": seconds_left, "message": message, "attempts": attempts}
            self._change(done=done, total=total, **values)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._stop.set()

    def _beat(self) -> None:
        """Say that the job lives; stop it when it is cancelled, or when the app that started it is gone."""
        while not self._ended.wait(BEAT_SECONDS):
            try:
                self._change(heartbeat=time.time())
                cancelling = get(self.ws, self.job.id).state == "cancelling"
            except StoreError as error:  # the disk may be full for a while: the work itself will say so
                _log.warning("no heartbeat: %s", error)
                continue
            if cancelling or os.getppid() != self._parent:
                self._stop.set()

    def _conclude(self, message: str) -> None:
        if not self.stopped():
            self._finish("done", message=message)
        elif get(self.ws, self.job.id).state == "cancelling":
            self._finish("cancelled", message=message)
        else:  # the app is closing: its next start goes on
            attempts = max(0, self.job.attempts - 1)
            self._change(state="queued", pid=None, attempts=attempts, message="goes on when the app starts again")

    def _finish(self, state: str, *, message: str = "", error: str = "") -> None:
        self._change(state=state, message=message, error=error, finished=now(), seconds_left=None)

    def _change(self, **values: object) -> None:
        with self.ws.store.write() as tx:
            tx.jobs.change(self.job.id, values)


def _propose(runner: Runner) -> str:
    def tell(event: proposing.ProposeProgress) -> None:
        runner.progress(event.done, event.total, event.rate, event.seconds_left, event.name)

    args = runner.job.args
    report = proposing.run(
        runner.ws,
        str(args.get("proposer") or models.in_use(runner.ws)),
        limit=args.get("limit"),
        image_ids=args.get("image_ids"),
        on_event=tell,
        cancelled=runner.stopped,
    )
    faults = f", {len(report.faults)} images failed" if report.faults else ""
    return f"{report.masks} masks on {report.images} images{faults}"


_KINDS: dict[str, Callable[[Runner], str]] = {"propose": _propose}
