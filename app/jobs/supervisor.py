"""A thread beside the web server that runs queued jobs as child processes, as many as there are slots for."""

import logging
import subprocess
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from app.errors import StoreError
from app.jobs import memory, processes
from app.jobs.attempts import MAX_ATTEMPTS
from app.jobs.kinds import SLOTS, Slot, slot_of
from app.jobs.remote import RemoteJobs
from app.jobs.work import LOG, folder_of
from app.services.workspace import Workspace, process_started, same_process
from app.store.decisions import now
from app.store.records import AT_WORK_JOB_STATES, Job, JobState

POLL_SECONDS = 0.5
GRACE_SECONDS = 10.0
"""From asking a job to stop until it is killed; it gives its own child half of that."""

PAUSE_GRACE_SECONDS = 60.0
"""The same for a pause: a checkpoint of a large network on a slow disk takes its time."""

_log = logging.getLogger(__name__)


def supervise(ws: Workspace) -> "Supervisor":
    """Start running the workspace's jobs; `Supervisor.stop` ends it."""
    supervisor = Supervisor(ws)
    supervisor.start()
    return supervisor


@dataclass
class _Child:
    """A process that this supervisor started."""

    process: "subprocess.Popen[bytes]"
    slot: Slot
    killed_before: int | None
    """`memory.kernel_kills` at its start."""


class Supervisor:
    """Runs jobs until stopped. One a workspace (the app holds `Workspace.lock`).

    Whether a job lives is seen by its process alone, never by clocks. Jobs of an earlier app whose processes still live
    are watched like own ones; those whose processes are gone are taken up again.
    """

    def __init__(self, ws: Workspace) -> None:
        self._ws = ws
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="jobs", daemon=True)
        self._remote = RemoteJobs(ws)
        self._children: dict[int, _Child] = {}
        """By job id."""
        self._asked: dict[int, float] = {}
        """Job id -> when it was asked to stop, monotonic seconds."""

    def start(self) -> None:
        """Begin; jobs that a dead app left behind are taken up again."""
        self._thread.start()
        self._remote.start()

    def stop(self) -> None:
        """End, and the running jobs with it but for those on clusters; the next supervisor takes them up again."""
        self._ending.set()
        self._thread.join()
        self._remote.stop()
        deadline = time.monotonic() + GRACE_SECONDS
        for child in self._children.values():
            processes.ask_to_end(child.process.pid)
        for job_id, child in self._children.items():
            try:
                child.process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                processes.kill(self._ws, job_id, child.process.pid)
                child.process.wait()
        with suppress(StoreError):  # else the next supervisor sees to it
            for job in self._at_work():  # those that were ended before they could say so
                if job.id in self._children:
                    self._bury(job)

    def _loop(self) -> None:
        while not self._ending.is_set():
            try:
                self._turn()
            except (StoreError, OSError) as error:  # a full disk may have room again later
                _log.warning("jobs wait: %s", error)
            self._ending.wait(POLL_SECONDS)

    def _turn(self) -> None:
        free = dict(SLOTS)
        at_work = self._at_work()
        for job in at_work:
            if self._watch(job):
                free[slot_of(job.kind)] -= 1
        for job_id in set(self._children) - {job.id for job in at_work}:  # their rows say that they have ended
            if self._children[job_id].process.poll() is None:
                free[self._children[job_id].slot] -= 1  # it may still hold memory
            else:
                del self._children[job_id]
        for job in self._in_states(["queued"]):
            if free[slot_of(job.kind)] > 0 and job.id not in self._children and self._launch(job):
                free[slot_of(job.kind)] -= 1

    def _at_work(self) -> list[Job]:
        return self._in_states(AT_WORK_JOB_STATES)

    def _in_states(self, states: Sequence[JobState]) -> list[Job]:
        with self._ws.store.read() as tx:
            return [job for job in tx.jobs.in_states(states) if not job.runner]

    def _launch(self, job: Job) -> bool:
        """Start a job's process; tells whether it runs."""
        processes.kill(self._ws, job.id)
        folder = folder_of(self._ws, job.id)
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / LOG).open("ab") as log:
            values = {
                "state": "running",
                "attempts": job.attempts + 1,
                "message": "starting",
                "pid": None,
                "remote_id": None,
            }
            if job.started is None:
                values["started"] = now()
            with self._ws.store.write() as tx:
                if not tx.jobs.change(job.id, values, only_in=["queued"]):
                    return False  # cancelled meanwhile
            kills = memory.kernel_kills()
            try:
                process = processes.start(self._ws, job.id, log)
            except OSError as error:
                self._postpone(job, error)
                return False
        self._children[job.id] = _Child(process, slot_of(job.kind), kills)
        self._own(job, process.pid)
        return True

    def _own(self, job: Job, pid: int) -> None:
        """Note the job's process, if it has not done so itself."""
        values = {"pid": pid, "pid_started": process_started(pid), "heartbeat": time.time()}
        with self._ws.store.write() as tx:
            row = tx.jobs.get(job.id)
            if row is not None and row.pid is None:
                tx.jobs.change(job.id, values, only_in=AT_WORK_JOB_STATES)

    def _postpone(self, job: Job, error: OSError) -> None:
        message = f"waits: its process cannot be started ({error.strerror})"
        with self._ws.store.write() as tx:
            tx.jobs.change(job.id, {"state": "queued", "attempts": job.attempts, "message": message})
        _log.warning("job %d %s", job.id, message)

    def _watch(self, job: Job) -> bool:
        """See to a job that should be running; tells whether its process still lives."""
        pid = self._living(job)
        if pid is None:
            self._bury(job)
            return False
        if job.state == "running":
            self._asked.pop(job.id, None)  # it was to pause, and is not any more
        else:
            asked = self._asked.setdefault(job.id, time.monotonic())
            grace = GRACE_SECONDS if job.state == "cancelling" else PAUSE_GRACE_SECONDS
            if time.monotonic() - asked > grace:
                processes.kill(self._ws, job.id, pid)
            else:
                processes.ask_to_end(pid)
        return True

    def _living(self, job: Job) -> int | None:
        """The number of the job's process, or None where that is gone."""
        child = self._children.get(job.id)
        if child is not None:  # its row may not have its number yet: the disk was full
            return child.process.pid if child.process.poll() is None else None
        if job.pid is None or job.pid_started is None or not same_process(job.pid, job.pid_started):
            return None
        return job.pid

    def _bury(self, job: Job) -> None:
        """A job's process is gone without having said how it ended: it was killed, or its machine was."""
        asked = self._asked.pop(job.id, None) is not None or self._ending.is_set()
        child = self._children.pop(job.id, None)
        processes.kill(self._ws, job.id)
        with self._ws.store.write() as tx:
            # Only in the state it was seen in: it may have said its last word since.
            tx.jobs.change(job.id, _after_death(job, child, asked=asked), only_in=[job.state])


def _after_death(job: Job, child: _Child | None, *, asked: bool) -> dict[str, object]:
    """New values for the row of a job whose process died.

    A death that this app did not see (since the app died, too) or that it caused is not held against the job.
    """
    if job.state == "cancelling":
        return {"state": "cancelled", "finished": now(), "message": ""}
    if job.state == "pausing":
        return {"state": "paused", "pid": None, "message": ""}
    if child is None or asked:
        return {
            "state": "queued",
            "pid": None,
            "attempts": max(0, job.attempts - 1),
            "message": "goes on after a break",
        }
    code = child.process.returncode
    if code == -9 and memory.killed_since(child.killed_before):
        values = memory.answer(job)
        return values if values["state"] == "queued" else {**values, "finished": now()}
    if job.attempts < MAX_ATTEMPTS:
        return {"state": "queued", "pid": None, "message": "goes on after a break"}
    how = f"was killed {job.attempts} times" if code < 0 else f"ended {job.attempts} times, with code {code}"
    error = f"the job's process {how} before it got anywhere: see jobs/{job.id}/{LOG} in the workspace"
    return {"state": "lost", "finished": now(), "error": error}
