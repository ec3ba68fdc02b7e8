"""Files from the browser: each sent as it is, kept aside under a random name, and imported together at the end."""

import shutil
from pathlib import Path
from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field

from app.web.routes.common import ImporterOf, WorkspaceOf

router = APIRouter()

_CHUNK = 2**20
"""Bytes gathered before a write: each write costs a change of threads."""

Id = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]


class Uploaded(BaseModel):
    """A file that was sent."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Id
    name: Annotated[str, Field(min_length=1, max_length=1000)]
    """As the browser knows it, with folders; the import makes it safe."""


class Upload(BaseModel):
    """All files of one upload."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    files: Annotated[list[Uploaded], Field(min_length=1, max_length=20_000)]


@router.post("/uploads/file")
async def receive(workspace: WorkspaceOf, request: Request) -> dict[str, str]:
    """Keep one file; the body is its bytes. `app.web.security` limits its size."""
    name = uuid4().hex
    folder = incoming(workspace.path)
    path = folder / name
    try:
        await run_in_threadpool(folder.mkdir, exist_ok=True)
        with path.open("wb") as file:
            waiting = bytearray()
            async for chunk in request.stream():
                waiting += chunk
                if len(waiting) >= _CHUNK:
                    await run_in_threadpool(file.write, bytes(waiting))
                    waiting.clear()
            await run_in_threadpool(file.write, bytes(waiting))
    except OSError as error:
        path.unlink(missing_ok=True)
        raise HTTPException(507, f"the upload cannot be kept in {folder}: {error.strerror}") from error
    except BaseException:  # the browser went away in the middle
        path.unlink(missing_ok=True)
        raise
    return {"id": name}


@router.post("/uploads")
def finish(workspace: WorkspaceOf, importer: ImporterOf, body: Upload) -> dict[str, int]:
    """Import what was sent; 409 while another import runs (the files stay, so it can be asked again)."""
    folder = incoming(workspace.path)
    files = [(file.name, folder / file.id) for file in body.files]
    if not all(path.is_file() for _, path in files):
        raise HTTPException(404, "some of the uploaded files are no longer here: upload them again")
    if not importer.start_uploads(files):
        raise HTTPException(409, "another import is running: wait until it has finished")
    return {"files": len(files)}


def clear(workspace: Path) -> None:
    """Remove what unfinished uploads left behind; for the start of an app."""
    shutil.rmtree(incoming(workspace), ignore_errors=True)


def incoming(workspace: Path) -> Path:
    """Where files lie that were sent and are not imported yet."""
    return workspace / "incoming"
