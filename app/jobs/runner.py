"""A job's own process: ``python -m app job-run ID`` does the work and keeps the job's row up to date."""

import logging
import os
import signal
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import Any

from app.errors import AppError, JobError, StoreError
from app.jobs import events, memory
from app.jobs.kinds import kind_of
from app.jobs.queue import get
from app.jobs.work import LOG, folder_of
from app.services.workspace import Workspace, process_started, same_process
from app.store.decisions import now
from app.store.jobs import Owner
from app.store.records import AT_WORK_JOB_STATES, Job
from freesolo.errors import FreeSoloError

BEAT_SECONDS = 1.0
_PROGRESS_SECONDS = 0.3
"""Between two writes of progress: more would not be seen, and each one is a transaction."""

_LOG_BYTES = 256 * 1024
"""Of the log's end that are searched for the reason of a failure."""

_log = logging.getLogger(__name__)


class Runner:
    """One job at work: what `app.jobs.work.Work` promises to the job's kind.

    It writes to the job's row only while the row names this process: one that was given up for dead and comes back
    (a machine that slept) changes nothing and ends.
    """

    def __init__(self, ws: Workspace, job_id: int, ticket: str | None = None) -> None:
        """Take the job over.

        Args:
            ws: the workspace.
            job_id: of the job.
            ticket: on a cluster, what it calls this start of the job; an earlier start may come late and is refused.

        Raises:
            NotFoundError: there is no such job.
            JobError: it is not meant to run now, or another process does it.
        """
        self.ws = ws
        self._me: Owner = (os.getpid(), process_started(os.getpid()))
        self.job = self._claim(job_id, ticket)
        self.folder: Path = folder_of(ws, job_id)
        self._stop = threading.Event()
        self._ended = threading.Event()
        self._parent = os.getppid()
        self._told = 0.0
        self._untold: dict[str, object] = {}
        """Progress that is written with the next, or at the end."""

    def run(self) -> int:
        """Do the job; returns the exit status. Its row says how it ended."""
        signal.signal(signal.SIGTERM, self._on_signal)
        signal.signal(signal.SIGINT, self._on_signal)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.event({"event": "start", "args": self.job.args})
        log_before, killed_before = self._log_size(), memory.kernel_kills()
        beat = threading.Thread(target=self._beat, daemon=True)
        beat.start()
        try:
            message = kind_of(self.job.kind).run(self)
        except Exception as error:  # noqa: BLE001  the last to hear of it: whatever went wrong belongs into the job's row
            sentence = str(error)
            if not isinstance(error, (AppError, FreeSoloError)):
                _log.exception("job %d", self.job.id)
                sentence = f"unexpected {type(error).__name__}: {error}"
            if self.stopped():  # whatever broke as it stopped: it was to end anyway
                self._conclude(sentence)
                return 1
            told = memory.said(sentence) or memory.said(self._log_since(log_before))
            return self._fail(sentence, starved=told or memory.killed_since(killed_before, sentence))
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
        # A start that got somewhere is not counted as a failed attempt.
        attempts = 0 if done > self.job.done else self.job.attempts
        values = {"rate": rate, "seconds_left": seconds_left, "message": message, "attempts": attempts}
        self._untold = {"done": done, "total": total, **values}
        if done == total or time.monotonic() - self._told > _PROGRESS_SECONDS:
            self._told = time.monotonic()
            self._change(self._untold)
            self._untold = {}

    def event(self, values: Mapping[str, Any]) -> None:
        """Append a line to the job's events; a disk that is full loses the line, not the job."""
        try:
            events.append(self.folder, values)
        except OSError as error:
            _log.warning("an event of job %d is not written: %s", self.job.id, error)

    def _claim(self, job_id: int, ticket: str | None) -> Job:
        with self.ws.store.write() as tx:
            job = tx.jobs.get(job_id)
            meant = job is not None and job.state in AT_WORK_JOB_STATES and job.remote_id == ticket
            if job is not None and meant and not self._is_anothers(job):
                mine = {"pid": self._me[0], "pid_started": self._me[1], "heartbeat": time.time()}
                tx.jobs.change(job_id, mine)
                return job
        job = get(self.ws, job_id)
        raise JobError(
            f"job {job_id} is {job.state}{' by another process' if job.state == 'running' else ''}: "
            f"the app starts what waits, without the page `python -m app jobs run` does"
        )

    def _is_anothers(self, job: Job) -> bool:
        if job.pid is None or job.pid_started is None or (job.pid, job.pid_started) == self._me:
            return False
        return same_process(job.pid, job.pid_started)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._stop.set()

    def _beat(self) -> None:
        """Say that the job lives; stop it when it is to pause or to end, or when the app that started it is gone."""
        while not self._ended.wait(BEAT_SECONDS):
            try:
                mine = self._change({"heartbeat": time.time()})
                stays = get(self.ws, self.job.id).state == "running"
            except StoreError as error:  # the disk may be full for a while: the work itself will say so
                _log.warning("no heartbeat: %s", error)
                continue
            if not mine or not stays or os.getppid() != self._parent:
                self._stop.set()

    def _conclude(self, message: str) -> None:
        """Say how the job ended: as it was asked to, if it was; its state may change until this very moment."""
        with self.ws.store.write() as tx:
            job = tx.jobs.get(self.job.id)
            assert job is not None
            values: dict[str, object]
            if not self.stopped():
                values = {"state": "done", "message": message, "finished": now()}
            elif job.state == "cancelling":
                values = {"state": "cancelled", "message": message, "finished": now()}
            elif job.state == "pausing":
                values = {"state": "paused", "message": message, "attempts": 0, "pid": None}
            else:  # the app is closing, or the job was resumed while it stopped
                attempts = max(0, job.attempts - 1)
                values = {"state": "queued", "message": "goes on at the next start", "attempts": attempts, "pid": None}
            tx.jobs.change(self.job.id, {**self._untold, **values, "seconds_left": None}, owner=self._me)
        self.event({"event": "end", "state": values["state"], "message": message})

    def _fail(self, error: str, *, starved: bool) -> int:
        values: dict[str, object] = {"state": "failed", "error": error, "message": ""}
        if starved and not self.stopped():
            values |= memory.answer(get(self.ws, self.job.id))
        if values["state"] == "failed":
            values["finished"] = now()
        self._change({**self._untold, **values, "seconds_left": None})
        self.event({"event": "end", "state": values["state"], "error": error})
        return 1

    def _log_size(self) -> int:
        log = self.folder / LOG
        return log.stat().st_size if log.exists() else 0

    def _log_since(self, start: int) -> str:
        log = self.folder / LOG
        if not log.exists():
            return ""
        with log.open("rb") as stream:
            stream.seek(max(start, self._log_size() - _LOG_BYTES))
            return stream.read().decode("utf-8", "replace")

    def _change(self, values: Mapping[str, object]) -> bool:
        with self.ws.store.write() as tx:
            return tx.jobs.change(self.job.id, values, owner=self._me)
