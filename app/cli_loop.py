"""``python -m app loop``: what review and training are worth on a folder whose human masks are known.

python -m app loop --simulate annotations.json --images photographs --rounds 2 --out loop.json
"""

import json
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from app.cli_options import stoppable
from app.files import replacing
from app.report import Screen
from app.services.training.methods import STEPS, Settings
from app.services.workspace import Workspace
from freesolo.proposers import RECOMMENDED


def loop(
    truth: Annotated[
        Path,
        typer.Option(
            "--simulate", metavar="COCO", help="Human masks: the reviewer knows those of the images it is shown."
        ),
    ],
    images: Annotated[
        Path, typer.Option(metavar="FOLDER", help="The photographs; a third of them is never shown, only scored.")
    ],
    out: Annotated[Path, typer.Option(metavar="FILE.json", help="Figures of every round.")],
    rounds: Annotated[int, typer.Option(min=0, help="Trainings; round 0 is the untrained start.")] = 2,
    images_a_round: Annotated[int, typer.Option(min=1, help="Images reviewed in each round.")] = 10,
    actions: Annotated[int, typer.Option(min=3, help="Keys and clicks on one image at most.")] = 60,
    steps: Annotated[int, typer.Option(min=1, help="Steps of each training.")] = STEPS,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Cores for training.  [default: all]", show_default=False)
    ] = None,
    start: Annotated[str, typer.Option(metavar="NAME", help="Proposer of round 0.")] = RECOMMENDED,
    seed: Annotated[int, typer.Option(min=0, help="Of the order of images and of training.")] = 0,
) -> None:
    """Run the whole loop without a person: propose, review, train, propose again.

    The reviewer accepts each proposal that covers an object well (IoU 0.75), rejects others, and points at what is missing, as far as
    the actions reach. Once the app can estimate from the decisions of earlier rounds what will be accepted, proposals come in that order,
    and those below 30 % are left alone. Nothing is kept but FILE.
    """
    # The reviewer clicks, for which compiled code is loaded: only this command pays that.
    from app.services.simulation.loop import Plan, Truth, simulate
    from app.services.simulation.reviewer import Habits

    screen = Screen()
    training = Settings(method="finetune", steps=steps, threads=threads, seed=seed)
    plan = Plan(rounds, images_a_round, start, Habits(actions=actions), training, seed)
    known = Truth.read(truth)
    with tempfile.TemporaryDirectory(prefix="loop-") as folder, stoppable() as stop:
        ws = Workspace.open(Path(folder) / "workspace")
        try:
            result = simulate(ws, known, images, plan, screen.say, stop.is_set)
        finally:
            ws.close()
    with replacing(out) as stream:
        stream.write(json.dumps(result, indent=1).encode())
    if stop.is_set():
        screen.error(f"stopped after {len(result['rounds'])} rounds, which are in {out}")
        raise typer.Exit(130)
