"""A thread beside the web server that runs queued jobs as child processes, one at a time."""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress

import psutil

from app.errors import StoreError
from app.services.workspace import Workspace, process_started, same_process
from app.store.decisions import now
from app.store.records import ACTIVE_JOB_STATES, Job

POLL_SECONDS = 0.5
GRACE_SECONDS = 10.0
"""From asking a job to stop until it is killed; it gives its own child half of that."""

MAX_ATTEMPTS = 2
"""A job that was killed is run once more; killed twice before it got anywhere, it will not work."""

_log = logging.getLogger(__name__)


def supervise(ws: Workspace) -> "Supervisor":
    """Start running the workspace's jobs; `Supervisor.stop` ends it."""
    supervisor = Supervisor(ws)
    supervisor.start()
    return supervisor


class Supervisor:
    """Runs jobs until stopped. One a workspace (the app holds `Workspace.lock`)."""

    def __init__(self, ws: Workspace) -> None:
        self._ws = ws
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="jobs", daemon=True)
        self._child: subprocess.Popen[bytes] | None = None
        self._asked: dict[int, float] = {}
        """Job id -> when it was asked to stop, monotonic seconds."""

    def start(self) -> None:
        """Begin; jobs that a dead app left behind are taken up again."""
        self._thread.start()

    def stop(self) -> None:
        """End, and the running job with it; it is taken up when a supervisor starts again."""
        self._ending.set()
        self._thread.join()
        if self._child is not None:
            _signal(self._child.pid, signal.SIGTERM)
            try:
                self._child.wait(GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                _kill_tree(self._child.pid)
                self._child.wait()

    def _loop(self) -> None:
        while not self._ending.is_set():
            try:
                self._turn()
            except StoreError as error:  # a full disk may have room again later
                _log.warning("jobs wait: %s", error)
            self._ending.wait(POLL_SECONDS)

    def _turn(self) -> None:
        if self._child is not None and self._child.poll() is not None:
            self._child = None
        with self._ws.store.read() as tx:
            jobs = tx.jobs.in_states(ACTIVE_JOB_STATES)
        queued = [job for job in jobs if job.state == "queued"]
        busy = [job for job in jobs if job.state != "queued" and self._watch(job)]
        if queued and not busy and self._child is None:
            self._launch(queued[0])

    def _launch(self, job: Job) -> None:
        with self._ws.store.write() as tx:
            starting = {"state": "running", "attempts": job.attempts + 1, "message": "starting"}
            if not tx.jobs.change(job.id, starting, only_in=["queued"]):
                return  # cancelled meanwhile
        command = [sys.executable, "-m", "app", "job-run", str(job.id), "--workspace", str(self._ws.path)]
        folder = self._ws.path / "jobs"
        folder.mkdir(exist_ok=True)
        with (folder / f"{job.id}.log").open("ab") as log:
            child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        self._child = child
        started = process_started(child.pid)
        with self._ws.store.write() as tx:
            tx.jobs.change(job.id, {"pid": child.pid, "pid_started": started, "heartbeat": time.time()})

    def _watch(self, job: Job) -> bool:
        """See to a job that should be running; tells whether its process still lives."""
        if job.pid is None or job.pid_started is None or not same_process(job.pid, job.pid_started):
            self._bury(job)
            return False
        if job.state == "cancelling":
            asked = self._asked.setdefault(job.id, time.monotonic())
            if time.monotonic() - asked > GRACE_SECONDS:
                _kill_tree(job.pid)
            else:
                _signal(job.pid, signal.SIGTERM)
        return True

    def _bury(self, job: Job) -> None:
        """A job's process is gone without having said how it ended: it was killed."""
        self._asked.pop(job.id, None)
        with self._ws.store.write() as tx:
            # Only in the state it was seen in: it may have said its last word since.
            ended: dict[str, object]
            if job.state == "cancelling":
                ended = {"state": "cancelled", "finished": now(), "message": ""}
            elif job.attempts < MAX_ATTEMPTS:
                ended = {"state": "queued", "pid": None, "message": "goes on after a break"}
            else:
                error = f"the job's process was killed {job.attempts} times: see jobs/{job.id}.log in the workspace"
                ended = {"state": "lost", "finished": now(), "error": error}
            tx.jobs.change(job.id, ended, only_in=[job.state])


def _signal(pid: int, number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def _kill_tree(pid: int) -> None:
    """Kill a job's process and what it started, which has sessions of its own."""
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        for each in [*process.children(recursive=True), process]:
            with suppress(psutil.NoSuchProcess):
                each.kill()
