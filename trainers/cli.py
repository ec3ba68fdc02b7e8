"""The command line of `python -m trainers`: names, options and help.

Each command's body is a module of `trainers.commands`, loaded only when the command runs, so that help comes at once.
"""

from pathlib import Path
from typing import Annotated, Literal

import typer

from trainers import cli_training
from trainers.cli_ending import run
from trainers.errors import UsageError

cli = typer.Typer(
    name="python -m trainers",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    help="Long work on folders of images, without the app: find masks in all of them, score masks against human ones.",
)

_EXECUTOR = typer.Option(
    help="Where the work is done: local, on this machine; ray, on a Ray cluster, whose machines need this package and "
    "the files under the same paths (a shared file system)."
)
_RAY_ADDRESS = typer.Option(
    metavar="HOST:PORT",
    help="The Ray cluster, or ray://HOST:PORT from outside of it.  [default: Ray is started on this machine, reachable "
    "from here only]",
    show_default=False,
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
            help="What finds the masks: default (best), fast, paper (the published method, unchanged), "
            "or package.module:factory of your own."
        ),
    ] = "default",
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first so many images.", show_default=False)] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            min=1, help="Processes, each needs a core and about 1 GB.  [default: one a core]", show_default=False
        ),
    ] = None,
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
    executor: Annotated[Literal["local", "ray"], _EXECUTOR] = "local",
    ray_address: Annotated[str | None, _RAY_ADDRESS] = None,
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
            ray_address=_address(executor, ray_address),
            resume=resume,
            hierarchies=hierarchies,
        )
        return command.run(folder, listing, settings, limit, events)

    run(body)


@cli.command()
def evaluate(
    truth: Annotated[Path, typer.Argument(help="COCO file with masks that people drew.", show_default=False)],
    results: Annotated[
        Path,
        typer.Argument(
            help="What to score: a .jsonl file of propose, a COCO file with scores, or a list of COCO results.",
            show_default=False,
        ),
    ],
    boxes: Annotated[
        bool, typer.Option("--boxes", help="Score the boxes around the masks instead; adds CorLoc.")
    ] = False,
    protocol: Annotated[
        Literal["coco", "s1"],
        typer.Option(
            help="coco: AP and AR as on COCO. s1: the FreeSOLO paper's easier one, objects above 64 x 64 pixels, IoU 0.5."
        ),
    ] = "coco",
    bootstrap: Annotated[
        int, typer.Option(min=0, metavar="N", help="95 % intervals from drawing the images anew N times; 200 will do.")
    ] = 0,
    executor: Annotated[Literal["local", "ray"], _EXECUTOR] = "local",
    ray_address: Annotated[str | None, _RAY_ADDRESS] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON instead of a table.")] = False,
) -> None:
    """Score masks against those that people drew: whether things are found, not what they are called.

    AP asks how much of what was found is right, AR how many of the objects were found at all. Nobody told the program
    which things the people chose to label, so AR is the fairer question where only some were.

    Images are matched by file name where the results have names, else by id. Crowd annotations are ignored.

    Example:  python -m trainers evaluate annotations.json photos.jsonl --bootstrap 200
    """

    def body() -> int:
        from trainers.commands import evaluate as command

        address = _address(executor, ray_address)
        kind: Literal["boxes", "masks"] = "boxes" if boxes else "masks"
        command.show(command.score(truth, results, kind, protocol, bootstrap, executor, address), kind, as_json)
        return 0

    run(body)


def _address(executor: str, address: str | None) -> str | None:
    if executor != "ray" and address is not None:
        raise UsageError("--ray-address is for --executor ray: add that, or leave it out")
    return address


cli.add_typer(cli_training.commands)


def main() -> None:
    """Run the command line."""
    cli()
