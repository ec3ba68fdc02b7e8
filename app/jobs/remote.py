"""A thread that runs jobs on Ray clusters: submits them, follows them, and notices when a cluster is gone.

A job there is the same ``python -m app job-run`` on the same workspace folder, and keeps its own row and log; what is
asked of the cluster is to start the process, and whether that still lives. The database is SQLite, which only processes
of one machine may share: the cluster's head node must be the app's machine (a job elsewhere refuses to begin).
"""

import logging
import secrets
import shlex
import sys
import threading
import time
from pathlib import Path

from app.errors import JobError, StoreError
from app.jobs import processes
from app.jobs.attempts import MAX_ATTEMPTS
from app.jobs.cluster import Cluster, ClusterGoneError
from app.jobs.work import LOG, folder_of
from app.services.workspace import Workspace
from app.store.decisions import now
from app.store.records import ACTIVE_JOB_STATES, AT_WORK_JOB_STATES, Job

POLL_SECONDS = 2.0
GRACE_SECONDS = 15.0
"""From asking a job to stop until the cluster is told to end its process."""
UNKNOWN_SECONDS = 15.0
"""From submitting a job until it is submitted anew if the cluster does not know it."""
GONE_SECONDS = 60.0
"""Silence of the cluster and of the job's heartbeat after which the job is put back into the queue."""

_log = logging.getLogger(__name__)


class RemoteJobs:
    """Runs the workspace's jobs that name a cluster, until stopped; they go on without it."""

    def __init__(self, ws: Workspace) -> None:
        self._ws = ws
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="remote jobs", daemon=True)
        self._since: dict[tuple[int, object], float] = {}
        """(Job id, what began) -> when it was first seen, monotonic seconds."""

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; jobs on clusters go on, and are followed again by the next app."""
        self._ending.set()
        self._thread.join()

    def _loop(self) -> None:
        while not self._ending.is_set():
            try:
                self._turn()
            except (StoreError, OSError) as error:  # a full disk may have room again later
                _log.warning("jobs on clusters wait: %s", error)
            self._ending.wait(POLL_SECONDS)

    def _turn(self) -> None:
        with self._ws.store.read() as tx:
            jobs = [job for job in tx.jobs.in_states(ACTIVE_JOB_STATES) if job.runner]
        for job in jobs:
            try:
                with Cluster(job.runner) as cluster:
                    self._submit(cluster, job) if job.state == "queued" else self._follow(cluster, job)
            except ClusterGoneError as error:
                self._miss(job, str(error))
            except JobError as error:
                self._end(job, {"state": "failed", "error": str(error), "finished": now()})

    def _submit(self, cluster: Cluster, job: Job) -> None:
        cluster.reach()
        remote_id = f"annotator-{job.id}-{secrets.token_hex(4)}"
        values = {"state": "running", "attempts": job.attempts + 1, "remote_id": remote_id, "pid": None}
        values |= {"message": f"submitted to {job.runner}", "started": job.started or now()}
        folder_of(self._ws, job.id).mkdir(parents=True, exist_ok=True)
        with self._ws.store.write() as tx:
            if not tx.jobs.change(job.id, values, only_in=["queued"]):
                return  # cancelled meanwhile
        cluster.submit(remote_id, _command(self._ws, job.id, remote_id), processes.environment(self._ws, job.id))

    def _follow(self, cluster: Cluster, job: Job) -> None:
        assert job.remote_id is not None
        seen = cluster.job(job.remote_id)
        self._since.pop((job.id, "silence"), None)
        unknown = f"the Ray cluster at {job.runner} does not know the job (any more)"
        if (
            seen is None and job.pid is None
        ):  # it never began: the cluster was too busy to take it, or is another one now
            if self._lasts(job, "unknown") > UNKNOWN_SECONDS:
                self._end(job, _after_loss(job, unknown, counts=False))
        elif seen is None:
            self._bury(cluster, job, unknown)
        elif seen.ended:
            self._bury(cluster, job, seen.message or f"Ray says {seen.status}")
        elif job.state != "running" and (job.pid is None or self._lasts(job, job.state) > GRACE_SECONDS):
            cluster.stop(job.remote_id)  # one that has not begun cannot hear that it is to stop

    def _miss(self, job: Job, sentence: str) -> None:
        """The cluster does not answer: wait for it as long as the job's heart beats, then queue the job again."""
        if job.state == "queued":
            self._change(job, {"message": f"waits: {sentence}"})
        elif self._lasts(job, "silence") < GONE_SECONDS or self._lasts(job, job.heartbeat) < GONE_SECONDS:
            self._change(job, {"message": f"{sentence}; the job goes on if it still runs"})
        else:
            self._end(job, _after_loss(job, sentence, counts=False))

    def _bury(self, cluster: Cluster, job: Job, reason: str) -> None:
        """The process has ended; if the row does not say how, it was killed, or could not even begin."""
        with self._ws.store.read() as tx:
            row = tx.jobs.get(job.id)
        if row is None or row.state not in AT_WORK_JOB_STATES or row.remote_id != job.remote_id:
            return
        assert row.remote_id is not None
        with (folder_of(self._ws, job.id) / LOG).open("a", encoding="utf-8") as log:
            log.write(f"{reason}\n{cluster.log(row.remote_id)}\n")
        processes.kill(self._ws, job.id)
        self._end(row, _after_loss(row, reason.splitlines()[0], counts=True))

    def _lasts(self, job: Job, what: object) -> float:
        """Seconds since this was first seen of the job."""
        return time.monotonic() - self._since.setdefault((job.id, what), time.monotonic())

    def _change(self, job: Job, values: dict[str, object]) -> None:
        with self._ws.store.write() as tx:
            tx.jobs.change(job.id, values, only_in=[job.state])

    def _end(self, job: Job, values: dict[str, object]) -> None:
        """This start of the job is over."""
        self._since = {key: since for key, since in self._since.items() if key[0] != job.id}
        self._change(job, {**values, "pid": None, "seconds_left": None})


def _command(ws: Workspace, job_id: int, remote_id: str) -> str:
    run = [sys.executable, *processes.APP, "job-run", str(job_id), "--workspace", str(ws.path), "--ticket", remote_id]
    return f"cd {shlex.quote(str(Path.cwd()))} && exec {shlex.join(run)}"


def _after_loss(job: Job, reason: str, *, counts: bool) -> dict[str, object]:
    """New values for the row of a job whose start on the cluster ended without a word of its own."""
    if job.state == "cancelling":
        return {"state": "cancelled", "finished": now(), "message": ""}
    if job.state == "pausing":
        return {"state": "paused", "message": ""}
    if not counts or job.attempts < MAX_ATTEMPTS:
        attempts = job.attempts if counts else max(0, job.attempts - 1)
        return {"state": "queued", "attempts": attempts, "message": f"goes on after a break: {reason}"}
    return {"state": "lost", "finished": now(), "error": f"{reason}: see jobs/{job.id}/{LOG} in the workspace"}
