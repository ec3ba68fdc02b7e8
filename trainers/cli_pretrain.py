"""Name, options and help of the command that pre-trains a backbone."""

from pathlib import Path
from typing import Annotated

import typer

from trainers.cli_ending import run
from trainers.cli_training import Batch, ConfigFile, Events, Out, Resume, Seed, Steps, Threads, overrides

commands = typer.Typer()
"""Added to `trainers.cli.cli`."""


@commands.command()
def pretrain(
    folder: Annotated[
        Path,
        typer.Argument(
            help="Folder of images, searched with those in it, or a list as propose --list takes it (.jsonl)."
        ),
    ],
    out: Out,
    backbone: Annotated[
        str | None, typer.Option(help="A timm model.  [default: tf_efficientnet_lite0]", show_default=False)
    ] = None,
    pretrained: Annotated[
        bool | None,
        typer.Option(
            "--imagenet/--from-scratch",
            help="Start from ImageNet weights, or from random ones.  [default: imagenet]",
            show_default=False,
        ),
    ] = None,
    start: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Start from this backbone.safetensors instead.", show_default=False),
    ] = None,
    queue: Annotated[
        int | None,
        typer.Option(min=1, help="Keys to contrast with.  [default: one an image, at most 65,536]", show_default=False),
    ] = None,
    config: ConfigFile = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="One setting, e.g. views.size=160; see settings.yaml of any run."
        ),
    ] = None,
    steps: Steps = None,
    batch: Batch = None,
    lr: Annotated[
        float | None,
        typer.Option(help="Learning rate for 256 images a step; others in proportion.", show_default=False),
    ] = None,
    threads: Threads = None,
    seed: Seed = None,
    resume: Resume = True,
    events: Events = False,
) -> None:
    """Pre-train a backbone on photographs that nobody labelled: DenseCL, which FreeSOLO's published backbone comes from.

    The backbone learns to recognise an image, and each place in it, in two random views. Its file, backbone.safetensors
    in DIR, starts other training and names its model itself.

    Interrupt it whenever you like and run the same command again: it goes on exactly where it was. Under torchrun it runs
    on several processes or machines.

    Example:  python -m trainers pretrain photos --out backbone --steps 5000
    """

    def body() -> int:
        from trainers.commands import pretrain as command
        from trainers.training.contrastive.settings import resolve

        flags = {
            "backbone": backbone,
            "pretrained": pretrained,
            "queue": queue,
            "steps": steps,
            "batch": batch,
            "lr": lr,
            "threads": threads,
            "seed": seed,
        }
        resolved = resolve(config, overrides(flags, settings or []))
        return command.run(folder, resolved, command.Run(out, start, resume, events))

    run(body)
