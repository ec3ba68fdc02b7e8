"""Name, options and help of the command that scores."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from trainers.cli_ending import run
from trainers.cli_options import EXECUTOR, RAY_ADDRESS, WORKERS, address_of
from trainers.errors import UsageError

commands = typer.Typer()
"""Added to `trainers.cli.cli`."""

Table = Literal["1", "2", "3", "4", "5", "6", "s1"]


@commands.command()
def evaluate(
    truth: Annotated[
        Path,
        typer.Argument(
            metavar="GROUND_TRUTH",
            help="COCO file with masks that people drew, or a Pascal VOC folder (VOCdevkit/VOC2012).",
            show_default=False,
        ),
    ],
    results: Annotated[
        Path | None,
        typer.Argument(
            metavar="[RESULTS]",
            help="What to score: a .jsonl file of propose, a COCO file with scores, or a list of COCO results.",
            show_default=False,
        ),
    ] = None,
    proposer: Annotated[
        str | None,
        typer.Option(
            help="Instead of results: what finds them now, a name as for propose or weights (.safetensors).",
            show_default=False,
        ),
    ] = None,
    images: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="For --proposer: where the images are.  [default: images/ beside the file, or its own folder]",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="For --proposer: keep the masks in this .jsonl file, and go on from what it has.",
            show_default=False,
        ),
    ] = None,
    workers: Annotated[int | None, WORKERS] = None,
    split: Annotated[
        str | None,
        typer.Option(
            metavar="LIST",
            help="Of a Pascal VOC folder.  [default: val for masks, trainval for boxes]",
            show_default=False,
        ),
    ] = None,
    boxes: Annotated[
        bool, typer.Option("--boxes", help="Score the boxes around the masks instead; adds CorLoc.")
    ] = False,
    classes: Annotated[
        bool,
        typer.Option("--classes", help="What is found has to be called right, too: AP over classes, and by class."),
    ] = False,
    protocol: Annotated[
        Literal["coco", "s1"],
        typer.Option(
            help="coco: AP and AR as on COCO. s1: the FreeSOLO paper's easier one, objects above 64 x 64 pixels, IoU 0.5."
        ),
    ] = "coco",
    table: Annotated[
        Table | None,
        typer.Option(
            help="Print the figures under the rows of this table of the FreeSOLO paper. It decides what is scored: 1, 2 "
            "masks; 3, 4 boxes; 5, 6 masks with classes; s1 masks, both protocols.",
            show_default=False,
        ),
    ] = None,
    bootstrap: Annotated[
        int, typer.Option(min=0, metavar="N", help="95 % intervals from drawing the images anew N times; 200 will do.")
    ] = 0,
    executor: Annotated[Literal["local", "ray"], EXECUTOR] = "local",
    ray_address: Annotated[str | None, RAY_ADDRESS] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON instead of a table.")] = False,
) -> None:
    """Score masks against those that people drew: whether things are found, not what they are called.

    AP asks how much of what was found is right, AR how many of the objects were found at all. Nobody told the program
    which things the people chose to label, so AR is the fairer question where only some were.

    Images are matched by file name where the results have names, else by id. Crowd annotations are ignored; so are the
    pixels that Pascal VOC marks as void.

    Examples:  python -m trainers evaluate annotations.json photos.jsonl --bootstrap 200

    python -m trainers evaluate annotations.json --proposer run/solo.safetensors --table 1
    """

    def body() -> int:
        from trainers.commands import evaluate as command
        from trainers.scoring.finding import Finder

        if table is not None and (boxes or classes or protocol != "coco"):
            raise UsageError(f"--table {table} decides what is scored: leave out --boxes, --classes and --protocol")
        if proposer is None and (out or images or workers):
            raise UsageError("--images, --out and --workers are for --proposer: add that, or leave them out")
        address = address_of(executor, ray_address)
        finder = None if proposer is None else Finder(proposer, out, workers, executor, address)
        subject = command.Subject(truth, results, finder, images, split)
        manner = command.Manner("boxes" if boxes else "masks", protocol, classes, bootstrap, executor, address)
        return command.run(subject, manner, table, as_json)

    run(body)
