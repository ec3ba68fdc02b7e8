"""Names, options and help of the commands on finished models."""

from pathlib import Path
from typing import Annotated

import typer

from trainers.cli_ending import run

commands = typer.Typer()
"""Added to `trainers.cli.cli`."""


@commands.command("export-onnx")
def export_onnx(
    weights: Annotated[
        Path, typer.Argument(help="A light SOLO (.safetensors), as train writes it.", show_default=False)
    ],
    out: Annotated[Path, typer.Argument(metavar="OUT.onnx", help="The file to write.", show_default=False)],
) -> None:
    """Write a trained light network as ONNX, for programs and devices that run networks without torch.

    Input: images, n x 3 x side x side, scaled to the side and normalised as the file's metadata say (card). Outputs: category
    logits, dynamic kernels and embeddings of each grid cell, and the features that kernels draw masks on. Needs the extra onnx.

    Example:  python -m trainers export-onnx run/solo.safetensors solo.onnx
    """

    def body() -> int:
        from trainers.commands import export

        return export.run(weights, out)

    run(body)
