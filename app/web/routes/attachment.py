"""Answers that are files made for them."""

import tempfile
from collections.abc import Callable
from pathlib import Path

from fastapi.responses import FileResponse
from starlette.background import BackgroundTask

from app.services.workspace import Workspace


def made_for(workspace: Workspace, name: str, media_type: str, write: Callable[[Path], object]) -> FileResponse:
    """A download of a file that is gone once it was sent, or where it cannot be made.

    Args:
        workspace: it lies on its disk meanwhile.
        name: for the person's disk; its suffix is the file's.
        media_type: of the answer.
        write: makes the file.
    """
    suffix = Path(name).suffix
    with tempfile.NamedTemporaryFile(prefix="download-", suffix=suffix, dir=workspace.path, delete=False) as file:
        path = Path(file.name)
    try:
        write(path)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    background = BackgroundTask(path.unlink, missing_ok=True)
    return FileResponse(path, media_type=media_type, filename=name, background=background)
