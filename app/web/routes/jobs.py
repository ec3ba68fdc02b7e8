"""Long work: what runs and ran, its logs; stop, pause and take it up again. It is started in other screens."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter
from fastapi import Query as Parameter

from app import jobs
from app.jobs import logs
from app.web.routes.common import MeterOf, RowId, WorkspaceOf, job_json

router = APIRouter(prefix="/jobs")


@router.get("")
def list_jobs(
    workspace: WorkspaceOf, meter: MeterOf, limit: Annotated[int, Parameter(ge=1, le=1000)] = 50
) -> list[dict[str, Any]]:
    """The newest first."""
    return [job_json(job, meter) for job in jobs.list_jobs(workspace, limit)]


@router.get("/{job_id}")
def one(workspace: WorkspaceOf, job_id: RowId) -> dict[str, Any]:
    """One job."""
    return job_json(jobs.get(workspace, job_id))


@router.get("/{job_id}/log")
def log(
    workspace: WorkspaceOf,
    job_id: RowId,
    text: Annotated[str, Parameter(max_length=200)] = "",
    limit: Annotated[int, Parameter(ge=1, le=2000)] = 200,
) -> dict[str, Any]:
    """The end of its log; with ``text``, the lines of log and events that hold it."""
    return asdict(logs.view(workspace, job_id, text, limit))


@router.post("/{job_id}/cancel")
def cancel(workspace: WorkspaceOf, job_id: RowId) -> dict[str, Any]:
    """Ask a job to stop; what it finished stays."""
    return job_json(jobs.cancel(workspace, job_id))


@router.post("/{job_id}/pause")
def pause(workspace: WorkspaceOf, job_id: RowId) -> dict[str, Any]:
    """Ask a job to stop until it is resumed."""
    return job_json(jobs.pause(workspace, job_id))


@router.post("/{job_id}/resume")
def resume(workspace: WorkspaceOf, job_id: RowId) -> dict[str, Any]:
    """Let a paused job go on."""
    return job_json(jobs.resume(workspace, job_id))


@router.post("/{job_id}/retry")
def retry(workspace: WorkspaceOf, job_id: RowId) -> dict[str, Any]:
    """Queue a job again that failed, was lost or cancelled."""
    return job_json(jobs.retry(workspace, job_id))
