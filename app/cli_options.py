"""What the commands share: where the workspace is, how conflicts are decided and how work is ended in order."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from app.services.log_values import RESOLUTIONS, Resolution
from app.services.workspace import Workspace
from app.settings import DEFAULT_WORKSPACE

_HELP = "Folder of the project (default: ./workspace). May stand before or after the command."
WorkspaceBefore = Annotated[
    Path | None,
    typer.Option("--workspace", metavar="DIR", envvar="ANNOTATOR_WORKSPACE", help=_HELP, show_default=False),
]
# Without the environment: it must not win over a flag that stands before the command.
WorkspaceOption = Annotated[Path | None, typer.Option("--workspace", metavar="DIR", help=_HELP, show_default=False)]

ResolveOption = Annotated[
    str | None,
    typer.Option("--resolve", help="Conflicts with decisions made here: ours, theirs, both.", show_default=False),
]


def resolution_of(resolve: str | None) -> Resolution | None:
    """What was given as `ResolveOption`."""
    found = next((each for each in RESOLUTIONS if each == resolve), None)
    if found is None and resolve is not None:
        raise typer.BadParameter(f"there are {', '.join(RESOLUTIONS)}", param_hint="--resolve")
    return found


@contextmanager
def opened(context: typer.Context, workspace: Path | None, *, create: bool) -> Iterator[Workspace]:
    """The workspace named before or after the command."""
    ws = Workspace.open(workspace or context.obj or DEFAULT_WORKSPACE, create=create)
    try:
        yield ws
    finally:
        ws.close()


@contextmanager
def stoppable() -> Iterator[threading.Event]:
    """An event that Ctrl+C and SIGTERM set, so that work ends in order."""
    stop = threading.Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
