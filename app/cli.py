"""The command line: everything the page does, without a browser.

python -m app                                 open the page on ./workspace
python -m app --demo                          the same, with photographs to try it on
python -m app import photographs/             headless: import, propose, look, export
python -m app propose
python -m app status
python -m app export --format coco --out masks.json     `formats` lists the others; `import-annotations` brings them in
python -m app push --url http://localhost:8080 --token TOKEN     masks go to Label Studio; `pull` and `sync --watch` bring them back
python -m app jobs list                       long work: show, cancel, pause, resume, retry, run
python -m app models train; python -m app jobs run       learn from what there is, use the result if it is better
python -m app models list                     networks of the workspace
python -m app loop --simulate truth.json --images photographs/ --out loop.json     the whole loop, without a person
python -m app log export --out ann.jsonl      what people decided, for another workspace; `log merge` brings it in
python -m app propose photographs/ --out masks.json      one file, no workspace
"""

import json
import logging
import sys
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from app import cli_formats, cli_labelstudio
from app.cli_jobs import jobs
from app.cli_log import log
from app.cli_loop import loop
from app.cli_models import models as models_cli
from app.cli_options import WorkspaceBefore, WorkspaceOption, opened, stoppable
from app.errors import AppError, IngestError, SettingsError
from app.report import Said, Screen
from app.services import catalogue, ingest, models, oneshot, proposing
from app.services.proposers import known
from app.services.workspace import Workspace
from app.settings import DEFAULT_PORT, DEFAULT_WORKSPACE, Settings
from freesolo.errors import FreeSoloError
from freesolo.proposers import RECOMMENDED, available

HELP = """
Find the objects in a folder of images without a single label, review the masks with single keys, leave with COCO.

[bold]What label-free means.[/bold] No masks, boxes or class names are needed, yours or anybody's: the app compares
parts of an image by the features of a network and proposes the parts that belong together (Free Mask, of the FreeSOLO
paper, CVPR 2022). That network, EfficientNet-Lite0, was trained to name whole photographs (ImageNet: 1.28 million
photographs, one class name each); it never saw a mask or a box. A second, small network learned from those proposals
on 1,475 photographs without their labels. Both come with the app: nothing is downloaded, nothing leaves this machine.

[bold]What to expect.[/bold] First proposals are raw material: most of them are wrong, or are parts or groups of
objects, and masks carry no names. A person accepts, rejects and names them; that review is what the page is for.

[bold]First steps.[/bold] python -m app --demo opens the page on sample photographs. For your own images: python -m app,
then Import. Everything is kept in one folder, the workspace; your images are only read.
"""

cli = typer.Typer(
    help="\n\n".join(" ".join(paragraph.split()) for paragraph in HELP.split("\n\n")),
    rich_markup_mode="rich",
    no_args_is_help=False,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

_ProposerOption = Annotated[
    str | None,
    typer.Option(
        "--proposer",
        metavar="NAME",
        help=f"Who proposes: {', '.join(available())}, or a model of the workspace (model-1).  "
        f"[default: the model in use, else {RECOMMENDED}]",
        show_default=False,
    ),
]
_LimitOption = Annotated[
    int | None, typer.Option("--limit", metavar="N", min=1, help="At most so many images.", show_default=False)
]

cli.add_typer(log, name="log")
cli.add_typer(models_cli, name="models")
cli.command("loop")(loop)
cli.add_typer(jobs, name="jobs")
cli.command("formats")(cli_formats.formats)
cli.command("export")(cli_formats.export_)
cli.command("import-annotations")(cli_formats.import_annotations)
cli.command("push")(cli_labelstudio.push_)
cli.command("pull")(cli_labelstudio.pull_)
cli.command("sync")(cli_labelstudio.sync)
cli.command("ml-backend")(cli_labelstudio.ml_backend)


def main() -> NoReturn:
    """Run the command line; foreseeable trouble is one sentence on stderr and exit status 1, bad usage 2."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s: %(message)s")
    try:
        cli()
    except (AppError, FreeSoloError) as error:
        Screen().error(str(error))
        sys.exit(2 if isinstance(error, (IngestError, SettingsError)) else 1)
    raise AssertionError("typer ends the process")


@cli.callback(invoke_without_command=True)
def open_page(
    context: typer.Context,
    workspace: WorkspaceBefore = None,
    host: Annotated[
        str, typer.Option(envvar="ANNOTATOR_HOST", help="Address to listen on; the default is this machine only.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(envvar="ANNOTATOR_PORT", help="Port; 0 takes a free one.")] = DEFAULT_PORT,
    auth: Annotated[
        str | None,
        typer.Option(metavar="USER:PASSWORD", envvar="ANNOTATOR_AUTH", help="Ask for this login.", show_default=False),
    ] = None,
    demo: Annotated[bool, typer.Option("--demo", help="Fill an empty workspace with sample photographs.")] = False,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Do not open a browser.")] = False,
) -> None:
    """Open the page, unless a command says otherwise. (The help of the whole is `HELP`.)"""
    context.obj = workspace
    if context.invoked_subcommand is not None:
        return
    settings = Settings.from_flags(
        auth=auth,
        workspace=workspace or DEFAULT_WORKSPACE,
        host=host,
        port=port,
        demo=demo,
        browser=not no_browser,
    )
    from app.web.server import serve  # Gradio takes seconds: only this command pays them

    serve(settings.workspace, settings.host, settings.port, settings.auth, settings.demo, settings.browser)


@cli.command("import")
def import_(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Searched with its subfolders; never written.")],
    workspace: WorkspaceOption = None,
) -> None:
    """Import a folder of images; again later, to bring in what is new."""
    screen = Screen()
    with opened(context, workspace, create=True) as ws:
        with screen.progress("Importing") as bar:
            report = ingest.import_folder(ws, folder, lambda done, total: bar(done, total, None, None))
        screen.faults([(fault.path, fault.reason) for fault in report.faults])
        rate = (report.added + report.known + report.changed) / max(report.seconds, 1e-9)
        screen.say(
            f"{report.added} images added, {report.known} known, {report.changed} changed, "
            f"{len(report.faults)} faults; {report.seconds:.1f} s, {rate:.0f} images/s. Workspace: {ws.path}"
        )
        if report.faults and not report.added + report.known + report.changed:
            raise typer.Exit(1)


@cli.command()
def propose(
    context: typer.Context,
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="[FOLDER]", help="One-shot: this folder into --out, no workspace.", show_default=False),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE.json", help="Where the one-shot COCO file goes.", show_default=False),
    ] = None,
    proposer: _ProposerOption = None,
    limit: _LimitOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Propose masks for the images of the workspace that have none yet; or, with FOLDER, write them to one file.

    Stopped at any moment, it goes on where it was when run again. What people decided is never overwritten.
    """
    if (folder is None) != (out is None):
        raise typer.BadParameter("FOLDER and --out FILE.json go together; without both, the workspace is proposed for")
    if folder is not None and out is not None:
        _propose_folder(folder, out, known(proposer or RECOMMENDED), limit)
    else:
        with opened(context, workspace, create=False) as ws:
            name = proposer or models.in_use(ws)
            models.resolve(ws, name)
            _propose_workspace(ws, name, limit)


def _propose_folder(folder: Path, out: Path, proposer: str, limit: int | None) -> None:
    screen = Screen()
    with stoppable() as stop, screen.progress("Proposing") as bar:
        report = oneshot.propose_folder(folder, out, proposer, limit, _teller(bar), stop.is_set)
    screen.faults([(fault.path, fault.reason) for fault in report.faults])
    screen.say(f"{report.masks} masks on {report.images} images, {len(report.faults)} faults: {out}")
    if not report.images:
        raise typer.Exit(1)


def _propose_workspace(ws: Workspace, proposer: str, limit: int | None) -> None:
    screen = Screen()
    if not catalogue.overview(ws).total:
        raise IngestError(f"the workspace {ws.path} has no images: import a folder first")
    with stoppable() as stop, screen.progress("Proposing") as bar:
        report = proposing.run(ws, proposer, limit, None, _teller(bar), stop.is_set)
    screen.faults(report.faults)
    if report.cancelled:
        screen.error(f"stopped: {report.images} images are finished and saved, run it again to go on")
        raise typer.Exit(130)
    if not report.images and not report.faults:
        screen.say(f"Nothing to do: every image has proposals of {proposer!r} or is finished.")
        return
    screen.say(
        f"{report.masks} masks on {report.images} images, {len(report.faults)} faults; {report.seconds:.1f} s. "
        f"Review them: python -m app"
    )
    if not report.images:
        raise typer.Exit(1)


def _teller(bar: Said) -> proposing.OnEvent:
    return lambda event: bar(event.done, event.total, event.rate, event.seconds_left)


@cli.command()
def status(
    context: typer.Context,
    workspace: WorkspaceOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """How far the workspace is: images by status, masks by decision."""
    with opened(context, workspace, create=False) as ws:
        overview = catalogue.overview(ws)
        if as_json:
            values: dict[str, Any] = {"project": overview.project, "workspace": str(ws.path)}
            values["images"] = {**overview.images, "total": overview.total}
            values["instances"] = overview.instances
            Screen().plain(json.dumps(values, ensure_ascii=False))
        else:
            Screen().overview(overview, ws.path)


@cli.command("job-run", hidden=True)
def job_run(
    context: typer.Context,
    job_id: int,
    ticket: Annotated[str | None, typer.Option(help="What a cluster calls this start of the job.")] = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Do one job of the queue; the page and Ray clusters start this."""
    from app.jobs import processes
    from app.jobs.runner import Runner

    processes.refuse_elsewhere()
    with opened(context, workspace, create=False) as ws:
        if ticket is not None:
            processes.write_into_log(ws, job_id)  # on a cluster nobody has
        raise typer.Exit(Runner(ws, job_id, ticket).run())
