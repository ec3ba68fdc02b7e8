"""The export as a download."""

import tempfile
from pathlib import Path
from typing import Annotated, Any, get_args

from fastapi import APIRouter, HTTPException, Query
from fastapi.responses import FileResponse
from starlette.background import BackgroundTask

from app.formats import registry
from app.services import export
from app.store.records import InstanceState
from app.web.routes.common import WorkspaceOf

router = APIRouter()

_TYPES = {".json": "application/json", ".zip": "application/zip", ".csv": "text/csv; charset=utf-8"}


@router.get("/export")
def download(
    workspace: WorkspaceOf,
    states: Annotated[str, Query(max_length=100)] = "accepted",
    encoding: Annotated[str, Query(max_length=20)] = "",
    name: Annotated[str, Query(alias="format", max_length=20)] = "coco",
) -> FileResponse:
    """The same file as the Export screen writes, sent to the browser. ``states``: names with commas between."""
    chosen: list[Any] = [state for state in states.split(",") if state]
    unknown = set(chosen) - set(get_args(InstanceState))
    if unknown:
        raise HTTPException(422, f"unknown state {min(unknown)!r}: there are {', '.join(get_args(InstanceState))}")
    format_ = registry.get(name)
    request = export.ExportRequest(name, tuple(chosen), encoding)
    with tempfile.NamedTemporaryFile(
        prefix="download-", suffix=format_.suffix, dir=workspace.path, delete=False
    ) as file:
        path = Path(file.name)
    try:
        export.write(workspace, request, path)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return FileResponse(
        path,
        media_type=_TYPES[format_.suffix],
        filename=f"{workspace.project}-{name}{format_.suffix}",
        background=BackgroundTask(path.unlink, missing_ok=True),
    )
