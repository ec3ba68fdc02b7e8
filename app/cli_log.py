"""``python -m app log``: take decisions to another workspace of the same images, and bring others' in.

python -m app log export --out ann.jsonl
python -m app log merge bo.jsonl --dry-run
python -m app log merge bo.jsonl
"""

from pathlib import Path
from typing import Annotated

import typer

from app.cli_options import WorkspaceOption, opened
from app.report import Screen
from app.services import log_export, log_merge
from app.services.log_merge import MergeReport

_CONFLICTS_SHOWN = 200
_MISSING_SHOWN = 10

log = typer.Typer(help="The decision log: export it, merge another one.", no_args_is_help=True)


@log.command("export")
def export_(
    context: typer.Context,
    out: Annotated[Path, typer.Option(metavar="FILE.jsonl", help="Replaced as a whole, or not at all.")],
    workspace: WorkspaceOption = None,
) -> None:
    """Write every decision to a file that another workspace of the same images can merge."""
    with opened(context, workspace, create=False) as ws:
        report = log_export.export(ws, out)
    by = f" by {', '.join(report.people)}" if report.people else ""
    Screen().say(f"{report.decisions} decisions{by} on {report.masks} masks of {report.images} images: {out}")


@log.command()
def merge(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE.jsonl", help="What `log export` wrote elsewhere.")],
    theirs: Annotated[
        bool, typer.Option("--theirs", help="Let the file win conflicts with decisions made here.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would happen.")] = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Bring the decisions of another workspace in. Conflicts are listed; what was decided here stays.

    Images are matched by their content, masks by their pixels. Merging a file again changes nothing.
    """
    with opened(context, workspace, create=False) as ws:
        _tell(Screen(), log_merge.merge(ws, file, theirs=theirs, dry_run=dry_run), dry_run=dry_run)


def _tell(screen: Screen, report: MergeReport, *, dry_run: bool) -> None:
    would = "Would take" if dry_run else "Took"
    by = f" by {', '.join(report.people)}" if report.people else ""
    screen.say(f"{report.decisions} decisions{by}; {report.known} were here already.")
    screen.say(
        f"{would} {report.taken}: {report.masks} masks changed, {report.drawn} drawn, "
        f"{report.finished} images finished or reopened."
    )
    if report.images_missing:
        names = ", ".join(report.images_missing[:_MISSING_SHOWN])
        more = (
            f" and {len(report.images_missing) - _MISSING_SHOWN} more"
            if len(report.images_missing) > _MISSING_SHOWN
            else ""
        )
        screen.say(f"- {len(report.images_missing)} images are not in this workspace: {names}{more}")
    if report.masks_missing:
        screen.say(f"- {report.masks_missing} masks have no counterpart here: propose with the same proposer first")
    for each in report.conflicts[:_CONFLICTS_SHOWN]:
        what = each.image if each.instance_id is None else f"{each.image}, mask {each.instance_id}"
        screen.say(
            f"- conflict: {what}: here {each.ours}; {each.who} at {each.at[:16]}: {each.theirs}; kept {each.kept}"
        )
    if len(report.conflicts) > _CONFLICTS_SHOWN:
        screen.say(f"- and {len(report.conflicts) - _CONFLICTS_SHOWN} conflicts more")
    if any(each.kept == "ours" for each in report.conflicts):
        screen.say("--theirs takes what the file says in conflicts.")
