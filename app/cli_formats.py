"""``python -m app formats | export | import-annotations``: what leaves the workspace, and what other tools bring in.

python -m app formats
python -m app export --format coco --out masks.json
python -m app import-annotations labels.zip --format yolo --dry-run
"""

from pathlib import Path
from typing import Annotated, Any

import typer

from app.cli_options import ResolveOption, WorkspaceOption, opened, resolution_of
from app.formats.registry import FORMATS
from app.report import Screen
from app.services import annotation_import, export
from app.services.annotation_import import AnnotationReport, ImportRequest
from app.store.records import INSTANCE_STATES

_CONFLICTS_SHOWN = 200

_FormatOption = Annotated[str, typer.Option("--format", metavar="FORMAT", help=f"One of {', '.join(FORMATS)}.")]


def formats() -> None:
    """The formats that masks leave in and come back from, and what each keeps and loses."""
    rows = []
    for each in FORMATS.values():
        ways = f"\n--encoding {' | '.join(each.encodings)}" if each.encodings else ""
        once = "" if each.reads else "\nonly written"
        rows.append((f"{each.name}\n{each.title}{ways}{once}", each.keeps, each.loses))
    Screen().table(("format", "keeps", "loses"), rows)


def export_(
    context: typer.Context,
    out: Annotated[Path, typer.Option(metavar="FILE", help="Replaced as a whole, or not at all.")],
    format_: _FormatOption = "coco",
    states: Annotated[
        str, typer.Option(metavar="LIST", help="Which masks: accepted, pending, unsure, rejected; commas between.")
    ] = "accepted",
    encoding: Annotated[
        str,
        typer.Option(
            metavar="ENCODING",
            show_default=False,
            help="coco: rle (exact, the default), polygons (along pixel edges), simplified; labelme: masks, polygons.",
        ),
    ] = "",
    provenance: Annotated[
        bool, typer.Option("--provenance", help="coco: write with each mask who proposed it and who decided.")
    ] = False,
    check: Annotated[bool, typer.Option("--check", help="Only say what the file would hold and lose.")] = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Write the masks to a file. Other masks than accepted ones leave with their score and state.

    What the format cannot carry is told: every mask is compared with what the file gives back of it.
    """
    screen = Screen()
    chosen: tuple[Any, ...] = tuple(state.strip() for state in states.split(",") if state.strip())
    request = export.ExportRequest(format_, chosen, encoding, provenance=provenance)
    with opened(context, workspace, create=False) as ws:
        report = export.check(ws, request) if check else export.write(ws, request, out)
        would = "would be in " if check else ""
        screen.say(f"{report.annotations} masks on {report.images} images: {would}{out}")
        for sentence in (*report.losses, *report.notes):
            screen.say(f"- {sentence}")


def import_annotations(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file, a zip, or a folder of its unpacked files.")],
    format_: _FormatOption,
    state: Annotated[
        str,
        typer.Option(
            "--as",
            metavar="STATE",
            help="What masks become of which the file says nothing: accepted, or pending for proposals to review.",
        ),
    ] = "accepted",
    who: Annotated[str, typer.Option(metavar="NAME", help="Under whose name the decisions stand.")] = "import",
    resolve: ResolveOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would happen.")] = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Bring in annotations, or another tool's proposals. Conflicts are listed; what was decided here stays.

    Images are matched by content and path, masks by their pixels. Importing a file again changes nothing.
    """
    if state not in INSTANCE_STATES:
        raise typer.BadParameter(f"there are {', '.join(INSTANCE_STATES)}", param_hint="--as")
    if not 0 < len(who) <= 200:
        raise typer.BadParameter("a name has 1 to 200 characters", param_hint="--who")
    request = ImportRequest(format_, state, who, resolution_of(resolve), dry_run=dry_run)
    with opened(context, workspace, create=False) as ws:
        report = annotation_import.import_annotations(ws, file, request)
    _tell(Screen(), report, dry_run=dry_run)
    if not report.images and report.unmatched:
        raise typer.Exit(1)


def _tell(screen: Screen, report: AnnotationReport, *, dry_run: bool) -> None:
    screen.faults(report.unmatched)
    screen.faults(report.faults)
    would = "would be " if dry_run else ""
    screen.say(
        f"{report.added} masks {would}added and {report.changed} {would}changed on {report.images} images; "
        f"{report.known} were here already."
    )
    if report.unmatched:
        screen.say(f"- {len(report.unmatched)} images of the file are not here")
    if report.faults:
        screen.say(f"- {len(report.faults)} masks cannot be read")
    for each in report.conflicts[:_CONFLICTS_SHOWN]:
        kept = f"kept {each.kept}" if each.kept else "ours stays until you choose"
        what = each.image if each.instance_id is None else f"{each.image}, mask {each.instance_id}"
        screen.say(f"- conflict: {what}: here {each.ours}; the file: {each.theirs}; {kept}")
    if len(report.conflicts) > _CONFLICTS_SHOWN:
        screen.say(f"- and {len(report.conflicts) - _CONFLICTS_SHOWN} more conflicts")
    if any(each.kept is None for each in report.conflicts):
        screen.say("--resolve ours, theirs or both decides the conflicts.")
