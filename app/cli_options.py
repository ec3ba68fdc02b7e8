"""What the commands share: where the workspace is."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from app.services.workspace import Workspace
from app.settings import DEFAULT_WORKSPACE

_HELP = "Folder of the project (default: ./workspace). May stand before or after the command."
WorkspaceBefore = Annotated[
    Path | None,
    typer.Option("--workspace", metavar="DIR", envvar="ANNOTATOR_WORKSPACE", help=_HELP, show_default=False),
]
# Without the environment: it must not win over a flag that stands before the command.
WorkspaceOption = Annotated[Path | None, typer.Option("--workspace", metavar="DIR", help=_HELP, show_default=False)]


@contextmanager
def opened(context: typer.Context, workspace: Path | None, *, create: bool) -> Iterator[Workspace]:
    """The workspace named before or after the command."""
    ws = Workspace.open(workspace or context.obj or DEFAULT_WORKSPACE, create=create)
    try:
        yield ws
    finally:
        ws.close()
