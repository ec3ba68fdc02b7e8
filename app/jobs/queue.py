"""The queue of jobs, as the rest of the app sees it."""

from collections.abc import Mapping, Sequence

from app.errors import JobError, NotFoundError
from app.jobs.cluster import dashboard
from app.jobs.kinds import kind_of
from app.services.workspace import Workspace
from app.store.decisions import now
from app.store.records import ACTIVE_JOB_STATES, Job, JobState

HIGHEST_PRIORITY = 1000

_RETRIED: tuple[JobState, ...] = ("failed", "lost", "cancelled")


def submit(ws: Workspace, kind: str, args: Mapping[str, object], *, priority: int = 0, runner: str = "") -> Job:
    """Queue a job.

    Args:
        ws: the workspace.
        kind: name of one of `app.jobs.kinds.KINDS`.
        args: what that kind takes, as JSON values; for ``propose``: proposer (name), limit (number or None), image_ids
            (list or None).
        priority: -1000..1000; higher ones are begun first. What runs is not interrupted.
        runner: address of a Ray cluster as `app.jobs.cluster.dashboard` takes it; empty: this machine.

    Raises:
        SettingsError: the runner is no address.
        JobError: there is no such kind or priority.
        AppError: the arguments make no sense to the kind (SettingsError: there is no proposer of that name).
    """
    kind_of(kind).check(ws, args)
    if abs(priority) > HIGHEST_PRIORITY:
        raise JobError(f"priority {priority} does not exist: choose one from -{HIGHEST_PRIORITY} to {HIGHEST_PRIORITY}")
    if runner:
        dashboard(runner)
    with ws.store.write() as tx:
        job = tx.jobs.get(tx.jobs.add(kind, args, priority, runner))
    assert job is not None
    return job


def cancel(ws: Workspace, job_id: int) -> Job:
    """Ask a job to stop for good; what it has finished stays.

    One that has no process ends at once; one that has ended stays as it is.

    Raises:
        NotFoundError: there is no such job.
    """
    with ws.store.write() as tx:
        ended = {"state": "cancelled", "finished": now(), "message": ""}
        if not tx.jobs.change(job_id, ended, only_in=["queued", "paused"]):
            tx.jobs.change(job_id, {"state": "cancelling"}, only_in=["running", "pausing"])
    return get(ws, job_id)


def pause(ws: Workspace, job_id: int) -> Job:
    """Ask a job to stop until it is resumed. Its process ends, so cores and memory are free; what is finished stays.

    Raises:
        NotFoundError: there is no such job.
        JobError: it has ended or is being cancelled, or jobs of its kind would start over.
    """
    job = get(ws, job_id)
    if not kind_of(job.kind).can_pause:
        raise JobError(f"job {job_id} cannot be paused: it would start over; cancel it, or let it finish")
    with ws.store.write() as tx:
        if not tx.jobs.change(job_id, {"state": "paused", "message": ""}, only_in=["queued"]):
            tx.jobs.change(job_id, {"state": "pausing"}, only_in=["running"])
    return _expect(ws, job_id, ("paused", "pausing"), "only waiting and running jobs can be paused")


def resume(ws: Workspace, job_id: int) -> Job:
    """Put a paused job back into the queue; one that is still stopping goes on.

    Raises:
        NotFoundError: there is no such job.
        JobError: it is not paused.
    """
    get(ws, job_id)
    with ws.store.write() as tx:
        if not tx.jobs.change(job_id, {"state": "queued", "attempts": 0}, only_in=["paused"]):
            tx.jobs.change(job_id, {"state": "running"}, only_in=["pausing"])
    return _expect(ws, job_id, ACTIVE_JOB_STATES, "only paused jobs can be resumed; an ended one can be retried")


def retry(ws: Workspace, job_id: int) -> Job:
    """Queue a job again that failed, was lost or cancelled. It keeps its folder and goes on where it was.

    Raises:
        NotFoundError: there is no such job.
        JobError: it is not in one of those states.
    """
    get(ws, job_id)
    anew = {"state": "queued", "attempts": 0, "shrunk": False, "error": "", "message": "", "finished": None}
    with ws.store.write() as tx:
        tx.jobs.change(job_id, {**anew, "pid": None}, only_in=_RETRIED)
    return _expect(ws, job_id, ACTIVE_JOB_STATES, "only failed, lost and cancelled jobs can be retried")


def get(ws: Workspace, job_id: int) -> Job:
    """One job.

    Raises:
        NotFoundError: there is none with this id.
    """
    with ws.store.read() as tx:
        job = tx.jobs.get(job_id)
    if job is None:
        raise NotFoundError(f"there is no job {job_id} in this workspace")
    return job


def list_jobs(ws: Workspace, limit: int = 50, kind: str | None = None) -> list[Job]:
    """Newest first; of one kind where it is given."""
    with ws.store.read() as tx:
        return tx.jobs.newest(limit, kind)


def waiting(ws: Workspace) -> list[Job]:
    """All that run or wait for their turn, in the order of the queue; paused ones wait for a person instead."""
    with ws.store.read() as tx:
        return tx.jobs.in_states(ACTIVE_JOB_STATES)


def current(ws: Workspace, kind: str | None = None) -> Job | None:
    """The first job that has a process, else the next in the queue, else None; of one kind where it is given."""
    active = [job for job in waiting(ws) if kind is None or job.kind == kind]
    return min(active, key=lambda job: job.state == "queued", default=None)


def _expect(ws: Workspace, job_id: int, states: Sequence[JobState], otherwise: str) -> Job:
    """The job, if it is in one of these states now.

    Raises:
        JobError: it is not.
    """
    job = get(ws, job_id)
    if job.state not in states:
        raise JobError(f"job {job_id} is {job.state}: {otherwise}")
    return job
