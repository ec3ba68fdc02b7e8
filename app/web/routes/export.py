"""The export as a download."""

import tempfile
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from fastapi import APIRouter, HTTPException, Query
from fastapi.responses import FileResponse
from starlette.background import BackgroundTask

from app.services import export
from app.store.records import InstanceState
from app.web.routes.common import WorkspaceOf

router = APIRouter()


@router.get("/export")
def download(
    workspace: WorkspaceOf,
    states: Annotated[str, Query(max_length=100)] = "accepted",
    encoding: Literal["rle", "polygons"] = "rle",
) -> FileResponse:
    """The same file as the Export screen writes, sent to the browser. ``states``: names with commas between."""
    chosen: list[Any] = [state for state in states.split(",") if state]
    unknown = set(chosen) - set(get_args(InstanceState))
    if unknown:
        raise HTTPException(422, f"unknown state {min(unknown)!r}: there are {', '.join(get_args(InstanceState))}")
    request = export.ExportRequest(states=tuple(chosen), encoding=encoding)
    with tempfile.NamedTemporaryFile(prefix="download-", suffix=".json", dir=workspace.path, delete=False) as file:
        path = Path(file.name)
    try:
        export.write(workspace, request, path)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return FileResponse(
        path,
        media_type="application/json",
        filename=f"{workspace.project}-coco.json",
        background=BackgroundTask(path.unlink, missing_ok=True),
    )
