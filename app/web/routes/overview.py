"""The workspace in numbers, and what runs: the header asks for it."""

from typing import Any

from fastapi import APIRouter, Request

from app import jobs
from app.services import catalogue, categories
from app.web.routes.common import ImporterOf, Who, WorkspaceOf, job_json

router = APIRouter()


@router.get("/overview")
def overview(request: Request, workspace: WorkspaceOf, importer: ImporterOf, who: Who) -> dict[str, Any]:
    """Counts, categories, the running job and import."""
    now = catalogue.overview(workspace)
    job = jobs.current(workspace)
    run = importer.current()
    return {
        "project": now.project,
        "images": {**now.images, "total": now.total},
        "instances": now.instances,
        "job": None if job is None else job_json(job),
        "import": None if run is None else {"what": run.what, "done": run.done, "total": run.total},
        "categories": [{"id": each.id, "name": each.name} for each in categories.list_all(workspace)],
        "who": who,
        "login": request.state.login,
    }
