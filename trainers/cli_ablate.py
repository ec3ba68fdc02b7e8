"""Name, options and help of the command that runs the paper's ablations."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from trainers.cli_ending import run
from trainers.cli_options import WORKERS
from trainers.cli_training import Batch, ConfigFile, Events, Out, Preset, Rate, Resume, Set, Steps, Threads, overrides

commands = typer.Typer()
"""Added to `trainers.cli.cli`."""


@commands.command()
def ablate(
    folder: Annotated[Path, typer.Argument(help="Folder of images to learn from, without labels.")],
    table: Annotated[
        Literal["7a", "7b", "7c", "7d", "7e", "7f"],
        typer.Option(
            help="7a: backbones of Free Mask; 7b: its query scales; 7c: rounds of self-training; 7d: full or weak mask "
            "loss; 7e: terms of the mask loss; 7f: semantic loss, after fine-tuning."
        ),
    ],
    truth: Annotated[
        Path,
        typer.Option(
            metavar="COCO", help="Human masks that score; their images may be in the folder: those scored are held out."
        ),
    ],
    out: Out,
    truth_images: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Where the images of the human masks are.  [default: images/ beside the file, or its own folder]",
            show_default=False,
        ),
    ] = None,
    images: Annotated[int, typer.Option(min=1, help="Learn from so many images at most.")] = 200,
    held: Annotated[int, typer.Option(min=1, help="Score on so many images at most.")] = 100,
    repeats: Annotated[
        int,
        typer.Option(min=1, help="Each draws images and all chance anew; the differences are judged by their noise."),
    ] = 1,
    seed: Annotated[int, typer.Option(min=0, help="Of the first repeat.")] = 0,
    labelled: Annotated[
        float, typer.Option(help="7f: fine-tune on this share of the images with human masks that are not scored.")
    ] = 0.1,
    teacher: Annotated[
        str, typer.Option(help="Finds the coarse masks: paper (its Free Mask), or any proposer, as for propose.")
    ] = "paper",
    backbone: Annotated[
        list[str] | None,
        typer.Option(
            help="Of Free Mask: a name, or a file of pretrain. 7a compares several.  [default: densecl_resnet50 where "
            "its weights are at hand, else efficientnet_lite0]",
            show_default=False,
        ),
    ] = None,
    preset: Preset = "paper",
    config: ConfigFile = None,
    settings: Set = None,
    steps: Steps = 500,
    batch: Batch = None,
    lr: Rate = None,
    threads: Threads = None,
    workers: Annotated[int | None, WORKERS] = None,
    resume: Resume = True,
    events: Events = False,
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON instead of a table.")] = False,
) -> None:
    """Run one of the FreeSOLO paper's ablations (table 7) on your images, and print it beside the paper's figures.

    Each row is a run of its own in DIR, which goes on where it was when the command is run again. The result is in
    table.json, too.

    Example:  python -m trainers ablate photos --table 7d --truth annotations.json --out ablation --repeats 3
    """

    def body() -> int:
        from trainers.ablation.draws import Scale
        from trainers.commands import ablate as command
        from trainers.training.settings import resolve

        flags = {"steps": steps, "batch": batch, "lr": lr, "threads": threads}
        resolved = resolve(preset, config, overrides(flags, settings or []))
        scale = Scale.from_dict(
            {"images": images, "held": held, "repeats": repeats, "seed": seed, "labelled": labelled}
        )
        asked = command.Asked(
            table=table,
            folder=folder,
            truth=truth,
            truth_images=truth_images,
            out=out,
            scale=scale,
            teacher=teacher,
            backbones=tuple(backbone or ()),
            workers=workers,
            resume=resume,
            as_events=events,
            as_json=as_json,
        )
        return command.run(asked, resolved)

    run(body)
