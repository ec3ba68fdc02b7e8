"""The command line of `python -m trainers`: names, options and help.

Each command's body is a module of `trainers.commands`, loaded only when the command runs, so that help comes at once.
"""

from pathlib import Path
from typing import Annotated, Literal

import typer

from trainers import cli_ablate, cli_evaluate, cli_models, cli_pretrain, cli_training
from trainers.cli_ending import leave_ray, run
from trainers.cli_options import EXECUTOR, RAY_ADDRESS, WORKERS, address_of

cli = typer.Typer(
    name="python -m trainers",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    help="Long work on folders of images, without the app: find masks in all of them, train a segmenter on those, score masks "
    "against human ones.",
)


@cli.callback()
def commands() -> None:
    """Keeps the names of commands, however few there are."""


@cli.command()
def propose(
    out: Annotated[
        Path,
        typer.Option(metavar="FILE", help="Results: one line of JSON an image, written as soon as it is finished."),
    ],
    folder: Annotated[
        Path | None, typer.Argument(help="Folder of images; folders in it are searched too.", show_default=False)
    ] = None,
    listing: Annotated[
        Path | None,
        typer.Option(
            "--list",
            metavar="FILE",
            help='Instead of a folder: a file with one {"key": "any name", "path": "/absolute/path"} a line.',
        ),
    ] = None,
    proposer: Annotated[
        str,
        typer.Option(
            help="What finds the masks: union (best), default, solo (ten times faster), fast, paper (the published method, "
            "unchanged), weights that you trained (.safetensors), settings of Free Mask (.json), or package.module:factory "
            "of your own."
        ),
    ] = "default",
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first so many images.", show_default=False)] = None,
    workers: Annotated[int | None, WORKERS] = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume/--no-resume",
            help="Keep what the results file has and do only what is missing, or start it anew.",
        ),
    ] = True,
    hierarchies: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Also keep, in this folder, how the parts of each image join into objects and groups.",
            show_default=False,
        ),
    ] = None,
    executor: Annotated[Literal["local", "ray"], EXECUTOR] = "local",
    ray_address: Annotated[str | None, RAY_ADDRESS] = None,
    events: Annotated[
        bool, typer.Option("--events", help="Report progress to a program: lines of JSON on standard output, no bar.")
    ] = False,
) -> None:
    """Find the outlines (masks) of things in every image of a folder. Nobody has to have labelled anything.

    The masks come with scores, best first, and without names: the program sees that something is one thing, not
    what it is.

    Interrupt it whenever you like and run the same command again: finished images are kept. An image that cannot be
    read gets a line with the reason and holds up nothing.

    Example:  python -m trainers propose photos --out photos.jsonl
    """

    def body() -> int:
        from trainers.commands import propose as command
        from trainers.extract import ExtractSettings

        settings = ExtractSettings(
            out=out,
            proposer=proposer,
            workers=workers,
            executor=executor,
            ray_address=address_of(executor, ray_address),
            resume=resume,
            hierarchies=hierarchies,
        )
        return command.run(folder, listing, settings, limit, events)

    run(body)


@cli.command()
def fuse(
    first: Annotated[Path, typer.Argument(help="Results of propose (.jsonl); scores stay as they are here.")],
    second: Annotated[Path, typer.Argument(help="Results of another proposer on the same images.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="The union, as propose writes it.")],
    space: Annotated[
        Path | None,
        typer.Option(
            metavar="WEIGHTS",
            help="The SOLO that made the second: says how to compare the embeddings of both.  [default: as they are]",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Join the masks of two proposers, image by image, in one list ranked without labels.

    Example:  python -m trainers fuse coarse.jsonl better.jsonl --out both.jsonl
    """

    def body() -> int:
        from freesolo.solo.weights import load
        from freesolo.union import UnionSettings
        from trainers.fusing import fuse_results

        fuse_results(first, second, out, UnionSettings(), None if space is None else load(space).space)
        return 0

    run(body)


cli.add_typer(cli_evaluate.commands)
cli.add_typer(cli_training.commands)
cli.add_typer(cli_pretrain.commands)
cli.add_typer(cli_ablate.commands)
cli.add_typer(cli_models.commands)


def main() -> None:
    """Run the command line."""
    try:
        cli()
    except SystemExit as ending:
        leave_ray(ending.code if isinstance(ending.code, int) else 1)
        raise
