"""``python -m app models``: the networks of a workspace: which are there, which one proposes, take them in and out.

python -m app models train                    queue a training; --method chooses another kind than the app would
python -m app models list
python -m app models use model-2
python -m app models compare union model-2     the same images, mask by mask
python -m app models export model-2 --out mine.safetensors
python -m app models export model-2 --format onnx --out mine.onnx
python -m app models import mine.safetensors --name "windows"
"""

import json
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Literal

import typer

from app import jobs
from app.cli_options import WorkspaceOption, opened, stoppable
from app.report import Screen
from app.services import models as registry
from app.services.training import comparing, methods
from app.services.training.methods import STEPS, TITLES, Method
from app.store.records import Model

models = typer.Typer(
    help="Networks that were trained in the workspace or brought into it.",
    no_args_is_help=True,
)

_ModelId = Annotated[int, typer.Argument(metavar="ID", min=1, help="As `models list` tells it.")]


@models.command()
def train(
    context: typer.Context,
    method: Annotated[
        Method | None,
        typer.Option(
            help="; ".join(f"{name}: {title}" for name, title in TITLES.items())
            + ".  [default: what there is enough for]",
            show_default=False,
        ),
    ] = None,
    steps: Annotated[int, typer.Option(min=1, help="Of the training.")] = STEPS,
    workspace: WorkspaceOption = None,
) -> None:
    """Queue a training, and say why it is of this kind. The page works the queue, or `python -m app jobs run`."""
    screen = Screen()
    with opened(context, workspace, create=False) as ws:
        chosen = methods.required(ws, method)
        plan = methods.plan(methods.facts(ws), steps)
        job = jobs.submit(ws, "train", {"method": chosen, "steps": steps, "batch": 4})
    own = next(option.sentence for option in plan.options if option.method == chosen)
    screen.say(plan.sentence if method is None else own)
    screen.say(f"job {job.id} is queued: python -m app jobs run")


@models.command("list")
def list_(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    workspace: WorkspaceOption = None,
) -> None:
    """All models, newest first, and why each is or is not in use."""
    with opened(context, workspace, create=False) as ws:
        listed, in_use = registry.list_all(ws), registry.in_use(ws)
    screen = Screen()
    if as_json:
        rows = [{**asdict(model), "in_use": registry.name_of(model.id) == in_use} for model in listed]
        screen.plain(json.dumps(rows, ensure_ascii=False))
        return
    for model in listed:
        screen.say(_line(model, registry.name_of(model.id) == in_use))
    if not listed or in_use not in {registry.name_of(model.id) for model in listed}:
        screen.say(f"{in_use} proposes, which comes with the app.")


@models.command()
def use(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="model-<ID>, or a proposer that comes with the app.")],
    workspace: WorkspaceOption = None,
) -> None:
    """Propose with this one from now on."""
    with opened(context, workspace, create=False) as ws:
        registry.use(ws, name)
    Screen().say(f"{name} proposes from now on: python -m app propose")


@models.command()
def compare(
    context: typer.Context,
    before: Annotated[str, typer.Argument(metavar="A", help="model-<ID>, or a proposer that comes with the app.")],
    after: Annotated[str, typer.Argument(metavar="B", help="The one that is judged.")],
    images: Annotated[
        int, typer.Option(min=1, max=comparing.MOST_IMAGES, help="Reviewed ones that no training sees, and others.")
    ] = comparing.IMAGES,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Run two proposers on the same images: what B finds that A does not, loses, and outlines otherwise."""
    screen = Screen()
    with (
        opened(context, workspace, create=False) as ws,
        TemporaryDirectory(prefix="compare-") as folder,
        stoppable() as stop,
        screen.progress("Comparing") as bar,
    ):
        comparing.required(ws, before, after, images)
        found = comparing.compare(
            ws,
            (before, after),
            comparing.chosen(ws, images),
            Path(folder),
            lambda told: bar(told.done, told.total, None, None),
            stop.is_set,
        )
    if found is None:
        screen.error("stopped")
        raise typer.Exit(130)
    if as_json:
        screen.plain(json.dumps(found.as_json(), ensure_ascii=False))
        return
    screen.say(found.sentence)
    for each in found.differences:
        tally = each.tally
        screen.say(f"  {each.name}: {tally.new} new, {tally.lost} lost, {tally.changed} changed, {tally.same} same")


@models.command()
def export(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="model-<ID>, or the ID alone.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="Replaced as a whole, or not at all.")],
    form: Annotated[
        Literal["safetensors", "onnx"],
        typer.Option(
            "--format",
            help="safetensors: what `python -m trainers` and other workspaces read; onnx: for programs without torch "
            "(needs the extra onnx).",
        ),
    ] = "safetensors",
    workspace: WorkspaceOption = None,
) -> None:
    """Write a model's weights to a file."""
    model_id = int(name) if name.isdigit() else registry.id_of(name)
    if model_id is None:
        raise typer.BadParameter(f"{name} is no model of the workspace: `models list` tells their names")
    with opened(context, workspace, create=False) as ws:
        write = registry.export_onnx if form == "onnx" else registry.export
        write(ws, model_id, out)
    Screen().say(f"model {model_id}: {out}")


@models.command("import")
def import_(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE.safetensors", help="Weights of a SOLO.")],
    name: Annotated[str, typer.Option(help="For people.  [default: the file's]", show_default=False)] = "",
    workspace: WorkspaceOption = None,
) -> None:
    """Bring in weights that were trained elsewhere."""
    with opened(context, workspace, create=False) as ws:
        model = registry.import_file(ws, file, name)
    Screen().say(_line(model, is_used=False))


@models.command()
def delete(context: typer.Context, model_id: _ModelId, workspace: WorkspaceOption = None) -> None:
    """Delete a model's weights; masks that it proposed stay."""
    with opened(context, workspace, create=False) as ws:
        registry.delete(ws, model_id)
    Screen().say(f"model {model_id} is deleted")


def _line(model: Model, is_used: bool) -> str:
    state = " (in use)" if is_used else ""
    return f"{registry.name_of(model.id)}{state}: {model.name}, {model.created[:16]}. {model.verdict}"
