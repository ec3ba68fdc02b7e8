"""The queue of jobs, as the rest of the app sees it."""

from collections.abc import Mapping

from app.errors import NotFoundError
from app.services import models
from app.services.workspace import Workspace
from app.store.decisions import now
from app.store.records import ACTIVE_JOB_STATES, Job
from freesolo.proposers import RECOMMENDED


def submit(ws: Workspace, kind: str, args: Mapping[str, object]) -> Job:
    """Queue a job.

    Args:
        ws: the workspace.
        kind: ``propose``.
        args: for ``propose``: proposer (name), limit (number or None), image_ids (list or None).

    Raises:
        SettingsError: there is no proposer of that name.
    """
    if kind == "propose":
        models.resolve(ws, args.get("proposer", RECOMMENDED))
    with ws.store.write() as tx:
        job = tx.jobs.get(tx.jobs.add(kind, args))
    assert job is not None
    return job


def cancel(ws: Workspace, job_id: int) -> Job:
    """Ask a job to stop; what it has finished stays. A queued job ends at once, a finished one stays as it is.

    Raises:
        NotFoundError: there is no such job.
    """
    with ws.store.write() as tx:
        if not tx.jobs.change(job_id, {"state": "cancelled", "finished": now()}, only_in=["queued"]):
            tx.jobs.change(job_id, {"state": "cancelling"}, only_in=["running"])
    return get(ws, job_id)


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


def list_jobs(ws: Workspace, limit: int = 50) -> list[Job]:
    """Newest first."""
    with ws.store.read() as tx:
        return tx.jobs.newest(limit)


def current(ws: Workspace) -> Job | None:
    """The running or cancelling job, else the next in the queue, else None."""
    with ws.store.read() as tx:
        active = tx.jobs.in_states(ACTIVE_JOB_STATES)
    return min(active, key=lambda job: (job.state == "queued", job.id), default=None)
