"""Names, options and help of the commands that train."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer
import yaml

from trainers.cli_ending import run
from trainers.errors import UsageError

commands = typer.Typer()
"""Added to `trainers.cli.cli`."""

Out = Annotated[Path, typer.Option(metavar="DIR", help="Folder of the run: settings, events, checkpoints, weights.")]
Preset = Annotated[
    str,
    typer.Option(
        help="weak: label-free masks of good quality; paper: the published weights of the losses; "
        "paper-r50, paper-r101: the published network and schedule, too; full: masks taken "
        "as they are (table 7d); human: masks that people drew; "
        "decisions: those beside pseudo-labels, which learn by the weak losses."
    ),
]
ConfigFile = Annotated[
    Path | None, typer.Option("--config", metavar="YAML", help="Settings over the preset's.", show_default=False)
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=VALUE", help="One setting, e.g. loss.pairwise=0.3; see settings.yaml of any run."
    ),
]
Steps = Annotated[int | None, typer.Option(min=1, help="Steps in all.", show_default=False)]
Batch = Annotated[int | None, typer.Option(min=1, help="Images a step, on each rank.", show_default=False)]
Rate = Annotated[float | None, typer.Option(help="Learning rate.", show_default=False)]
Threads = Annotated[int | None, typer.Option(min=1, help="Cores to use.  [default: all]", show_default=False)]
Seed = Annotated[int | None, typer.Option(min=0, help="Of all chance.", show_default=False)]
Start = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Weights to go on from (.safetensors).", show_default=False)
]
Backbone = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="The backbone's weights, of pretrain.  [default: as published]", show_default=False
    ),
]
Resume = Annotated[bool, typer.Option("--resume/--no-resume", help="Go on where the run in DIR was, or start it anew.")]
Events = Annotated[bool, typer.Option("--events", help="JSON lines on standard output instead of a bar.")]
Show = Annotated[
    Path | None,
    typer.Option(
        metavar="LIST",
        help="Images, as propose --list takes them, that are predicted again while it trains; told with --events.",
        show_default=False,
    ),
]
Images = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="Where a COCO file's images are.  [default: images/ beside it, or its own folder]",
        show_default=False,
    ),
]
Top = Annotated[int, typer.Option(min=1, help="The best so many proposals of an image become targets.")]
MinScore = Annotated[float, typer.Option(help="Proposals with a lower score are left out.")]
Weighted = Annotated[bool, typer.Option("--weighted", help="Trust each proposal as much as its score says.")]


@commands.command()
def train(
    masks: Annotated[list[Path], typer.Argument(help="Results of propose (.jsonl), or COCO files (.json).")],
    out: Out,
    images: Images = None,
    preset: Preset = "weak",
    config: ConfigFile = None,
    settings: Set = None,
    steps: Steps = None,
    batch: Batch = None,
    lr: Rate = None,
    threads: Threads = None,
    seed: Seed = None,
    start: Start = None,
    backbone: Backbone = None,
    top: Top = 10,
    min_score: MinScore = 0.0,
    weighted: Weighted = False,
    resume: Resume = True,
    events: Events = False,
) -> None:
    """Train SOLO on masks, without any label: the way from coarse proposals to better and faster ones.

    Interrupt it whenever you like and run the same command again: it goes on exactly where it was. Under torchrun it runs
    on several processes or machines.

    Example:  python -m trainers propose photos --out photos.jsonl && python -m trainers train photos.jsonl --out run
    """

    def body() -> int:
        from trainers.commands import train as command
        from trainers.training.items import Selection
        from trainers.training.settings import resolve

        flags = {"steps": steps, "batch": batch, "lr": lr, "threads": threads, "seed": seed}
        resolved = resolve(preset, config, overrides(flags, settings or []))
        selection = Selection(top=top, min_score=min_score, weighted=weighted)
        return command.run(masks, images, selection, resolved, command.Run(out, start, backbone, resume, events))

    run(body)


@commands.command()
def selftrain(
    source: Annotated[Path, typer.Argument(help="A folder of images, or results of propose (.jsonl).")],
    out: Out,
    teacher: Annotated[str, typer.Option(help="Proposes the first masks for a folder.")] = "default",
    rounds: Annotated[int, typer.Option(min=0, help="After round 0, which learns from the teacher.")] = 1,
    targets: Annotated[
        Literal["union", "predictions"],
        typer.Option(
            help="Later rounds learn from predictions and the teacher's masks, or from predictions alone (paper)."
        ),
    ] = "union",
    keep: Annotated[int, typer.Option(min=1, help="Targets of an image at most, in later rounds.")] = 20,
    keep_score: Annotated[
        float | None,
        typer.Option(help="Their least score (paper: 0.3).  [default: as many masks as before]", show_default=False),
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Each round starts from the backbone (paper).")] = False,
    truth: Annotated[
        Path | None,
        typer.Option(
            metavar="COCO", help="Compare rounds by their AP on human masks, not without labels.", show_default=False
        ),
    ] = None,
    truth_images: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Where its images are.  [default: images/ beside it, or its own folder]",
            show_default=False,
        ),
    ] = None,
    preset: Preset = "weak",
    config: ConfigFile = None,
    settings: Set = None,
    steps: Steps = None,
    batch: Batch = None,
    lr: Rate = None,
    threads: Threads = None,
    seed: Seed = None,
    start: Start = None,
    backbone: Backbone = None,
    top: Top = 10,
    min_score: MinScore = 0.0,
    weighted: Weighted = False,
    show: Show = None,
    resume: Resume = True,
    events: Events = False,
) -> None:
    """Train SOLO on a folder nobody labelled, then let it improve its own masks; the better round is kept.

    Example:  python -m trainers selftrain photos --out run
    The weights, run/solo.safetensors, are a proposer:  python -m trainers propose photos --proposer run/solo.safetensors
    """

    def body() -> int:
        from trainers.commands import selftrain as command
        from trainers.commands.train import Run
        from trainers.training.items import Selection, images_of
        from trainers.training.rounds import HumanLabels, Judge, Plan, Steadiness
        from trainers.training.settings import resolve

        flags = {"steps": steps, "batch": batch, "lr": lr, "threads": threads, "seed": seed}
        resolved = resolve(preset, config, overrides(flags, settings or []))
        selection = Selection(top=top, min_score=min_score, weighted=weighted)
        plan = Plan(rounds=rounds, targets=targets, top=keep, min_score=keep_score, weighted=weighted, fresh=fresh)
        judge: Judge = Steadiness() if truth is None else HumanLabels(truth, images_of(truth, truth_images))
        return command.run(
            source, teacher, selection, resolved, plan, judge, Run(out, start, backbone, resume, events, show=show)
        )

    run(body)


@commands.command()
def finetune(
    annotations: Annotated[Path, typer.Argument(metavar="COCO", help="COCO file with masks that people drew.")],
    out: Out,
    images: Images = None,
    classes: Annotated[bool, typer.Option("--classes", help="Learn the categories, too.")] = False,
    limit_images: Annotated[
        float | None, typer.Option(help="Use so many images, or below 1 such a share.", show_default=False)
    ] = None,
    limit_masks: Annotated[
        float | None,
        typer.Option(
            help="Use the masks of so many images, or such a share; the others teach classes.", show_default=False
        ),
    ] = None,
    preset: Preset = "human",
    config: ConfigFile = None,
    settings: Set = None,
    steps: Steps = 400,
    batch: Batch = None,
    lr: Rate = None,
    freeze: Annotated[
        int | None,
        typer.Option(
            help="Keep the backbone up to its map of this stride (8, 16, 32); 0: train all of it.", show_default=False
        ),
    ] = None,
    threads: Threads = None,
    seed: Seed = None,
    start: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Weights to go on from.  [default: those shipped]", show_default=False),
    ] = None,
    beside: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Also judge the scores of this proposer (default) and of the result by the drawn masks, so that both can propose "
            "in one list: --proposer union:DIR/solo.safetensors.",
            show_default=False,
        ),
    ] = None,
    show: Show = None,
    resume: Resume = True,
    events: Events = False,
) -> None:
    """Go on from label-free weights with masks that people drew: ten images and some minutes help already.

    Example:  python -m trainers finetune annotations.json --out run --limit-images 10
    """

    def body() -> int:
        from trainers.commands import finetune as command
        from trainers.commands.train import Run
        from trainers.training.settings import resolve

        flags: dict[str, Any] = {"steps": steps, "batch": batch, "lr": lr, "threads": threads, "seed": seed}
        flags["network"] = None if freeze is None else {"frozen_stride": freeze}
        resolved = resolve(preset, config, overrides(flags, settings or []))
        labels = command.Labels(annotations, images, classes, limit_images, limit_masks, beside)
        return command.run(labels, resolved, Run(out, start, resume=resume, as_events=events, show=show))

    run(body)


def overrides(flags: dict[str, Any], settings: list[str]) -> dict[str, Any]:
    """Flags that were given and ``--set`` values, as nested settings.

    Raises:
        UsageError: a ``--set`` is no KEY=VALUE.
    """
    nested: dict[str, Any] = {name: value for name, value in flags.items() if value is not None}
    for text in settings:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise UsageError(f"--set {text}: write it as KEY=VALUE, for example loss.pairwise=0.3")
        *outer, last = key.split(".")
        place = nested
        for name in outer:
            place = place.setdefault(name, {})
        place[last] = yaml.safe_load(value)
    return nested
