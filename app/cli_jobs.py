"""``python -m app jobs``: look at the queue of long work, stop, pause and take it up again, or work it without the page.

python -m app jobs add propose --args '{"proposer": "fast"}'
python -m app jobs run                        work the queue until it is empty
python -m app jobs list
python -m app jobs show 3 --log error
python -m app jobs pause 3
"""

import json
import signal
import threading
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import Annotated, Any

import typer

from app import jobs as queue
from app.cli_options import WorkspaceOption, opened
from app.jobs import logs
from app.jobs.kinds import KINDS
from app.jobs.work import folder_of
from app.report import Screen, pace
from app.services.workspace import Workspace
from app.store.records import Job

_LISTED = 50
_POLL_SECONDS = 0.3

jobs = typer.Typer(
    help="Long work (proposing, training): the queue, what runs, and what ran. The page works the queue while it is "
    "open; without it, `jobs run` does.",
    no_args_is_help=True,
)

_RUNNER = (
    "Run it on a Ray cluster: ray://host (dashboard at port 8265), or http://host:port of its dashboard. The cluster's "
    "head node must be this machine, and see the workspace and this Python under the same paths."
)
_JobId = Annotated[int, typer.Argument(metavar="ID", help="As `jobs list` tells it.")]


@jobs.command("list")
def list_(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    workspace: WorkspaceOption = None,
) -> None:
    """The newest jobs first: state, progress, time left."""
    with opened(context, workspace, create=False) as ws:
        listed = queue.list_jobs(ws, _LISTED)
    if as_json:
        Screen().plain(json.dumps([asdict(job) for job in listed], ensure_ascii=False))
        return
    for job in listed:
        Screen().say(_line(job))
    if not listed:
        Screen().say("No jobs yet.")


@jobs.command()
def show(
    context: typer.Context,
    job_id: _JobId,
    text: Annotated[
        str,
        typer.Option(
            "--log", metavar="TEXT", help="Lines of log and events with this text, in any case.", show_default=False
        ),
    ] = "",
    limit: Annotated[int, typer.Option("--lines", metavar="N", min=1, help="At most so many lines of the log.")] = 40,
    workspace: WorkspaceOption = None,
) -> None:
    """One job, and the end of its log."""
    screen = Screen()
    with opened(context, workspace, create=False) as ws:
        job = queue.get(ws, job_id)
        seen = logs.view(ws, job_id, text, limit)
        screen.say(_line(job))
        screen.say(f"  with {json.dumps(job.args, ensure_ascii=False)}; files in {folder_of(ws, job_id)}")
    if seen.more:
        screen.say("  ... (older lines are left out; --lines N shows more)")
    for line in seen.lines:
        place = f"{line.source}:{line.number}: " if text else ""
        screen.plain(f"  {place}{line.text}")


@jobs.command()
def add(
    context: typer.Context,
    kind: Annotated[str, typer.Argument(metavar="KIND", help=f"{', '.join(KINDS)}.")],
    args: Annotated[str, typer.Option("--args", metavar="JSON", help="What the kind takes, as a JSON object.")] = "{}",
    priority: Annotated[int, typer.Option(metavar="N", help="Higher ones are begun first.")] = 0,
    runner: Annotated[str, typer.Option(metavar="ADDRESS", help=_RUNNER, show_default=False)] = "",
    workspace: WorkspaceOption = None,
) -> None:
    """Queue a job."""
    with opened(context, workspace, create=False) as ws:
        job = queue.submit(ws, kind, _object(args), priority=priority, runner=runner)
        Screen().say(f"job {job.id} is queued")


@jobs.command()
def cancel(context: typer.Context, job_id: _JobId, workspace: WorkspaceOption = None) -> None:
    """Stop a job for good; what it has finished stays."""
    _change(context, workspace, queue.cancel, job_id)


@jobs.command()
def pause(context: typer.Context, job_id: _JobId, workspace: WorkspaceOption = None) -> None:
    """Stop a job until it is resumed. Its process ends, so that cores and memory are free."""
    _change(context, workspace, queue.pause, job_id)


@jobs.command()
def resume(context: typer.Context, job_id: _JobId, workspace: WorkspaceOption = None) -> None:
    """Let a paused job go on."""
    _change(context, workspace, queue.resume, job_id)


@jobs.command()
def retry(context: typer.Context, job_id: _JobId, workspace: WorkspaceOption = None) -> None:
    """Queue a failed, lost or cancelled job again. It goes on where it was."""
    _change(context, workspace, queue.retry, job_id)


@jobs.command()
def run(context: typer.Context, workspace: WorkspaceOption = None) -> None:
    """Work the queue without the page until it is empty. Ctrl+C stops in order; the next start goes on."""
    stop = threading.Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, on_signal)
    screen = Screen()
    with opened(context, workspace, create=False) as ws, ws.lock():
        worked = _work(ws, stop, screen)
        for job in worked:
            screen.say(_line(job))
        paused = [job.id for job in queue.list_jobs(ws, _LISTED) if job.state == "paused"]
        if paused:
            screen.say(f"paused: {', '.join(map(str, paused))}; `jobs resume ID` lets one go on")
    if stop.is_set():
        screen.error("stopped: what is finished is saved, run it again to go on")
        raise typer.Exit(130)
    if any(job.state in ("failed", "lost") for job in worked):
        raise typer.Exit(1)


def _work(ws: Workspace, stop: threading.Event, screen: Screen) -> list[Job]:
    """Run what waits; returns the jobs that were worked on, oldest first."""
    seen: set[int] = set()
    supervisor = queue.supervise(ws)
    try:
        with screen.progress("Jobs", unit="") as bar:
            while not stop.is_set():
                waiting = queue.waiting(ws)
                seen |= {job.id for job in waiting}
                if not waiting:
                    break
                first = queue.current(ws) or waiting[0]
                bar(first.done, first.total, first.rate, first.seconds_left)
                stop.wait(_POLL_SECONDS)
    finally:
        supervisor.stop()
    return [queue.get(ws, job_id) for job_id in sorted(seen)]


def _change(
    context: typer.Context, workspace: Path | None, change: Callable[[Workspace, int], Job], job_id: int
) -> None:
    with opened(context, workspace, create=False) as ws:
        Screen().say(_line(change(ws, job_id)))


def _line(job: Job) -> str:
    """A job in one line."""
    unit = f"{KINDS[job.kind].unit}s" if job.kind in KINDS else ""
    count = f", {job.done} of {job.total} {unit}".rstrip() if job.total else ""
    speed = pace(job.rate, job.seconds_left, unit) if job.state == "running" else ""
    said = job.error or job.message
    return f"job {job.id} ({job.kind}) is {job.state}{count}{', ' if speed else ''}{speed}{': ' if said else ''}{said}"


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise typer.BadParameter(f"--args is no JSON: {error}") from error
    if not isinstance(value, dict):
        raise typer.BadParameter('--args is no JSON object: write {"name": value}')
    return value
