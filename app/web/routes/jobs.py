"""Long work: stop it. It is started in the Propose screen."""

from typing import Any

from fastapi import APIRouter

from app import jobs
from app.web.routes.common import RowId, WorkspaceOf, job_json

router = APIRouter()


@router.post("/jobs/{job_id}/cancel")
def cancel(workspace: WorkspaceOf, job_id: RowId) -> dict[str, Any]:
    """Ask a job to stop; what it finished stays."""
    return job_json(jobs.cancel(workspace, job_id))
