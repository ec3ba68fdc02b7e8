"""The export as a download."""

from typing import Annotated, Any, get_args

from fastapi import APIRouter, HTTPException, Query
from fastapi.responses import FileResponse

from app.formats import registry
from app.services import export
from app.store.records import InstanceState
from app.web.routes.attachment import made_for
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
    return made_for(
        workspace,
        f"{workspace.project}-{name}{format_.suffix}",
        _TYPES[format_.suffix],
        lambda path: export.write(workspace, request, path),
    )
