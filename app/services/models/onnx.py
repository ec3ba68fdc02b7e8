"""A model as ONNX, for programs that run networks without torch; a child process makes it, as the app itself loads no network."""

import subprocess
import sys
from pathlib import Path

from app.errors import ModelError
from app.services.models.registry import get, weights_of
from app.services.workspace import Workspace


def export_onnx(ws: Workspace, model_id: int, out: Path) -> None:
    """Write a model's network as an ONNX file, whole or not at all.

    Raises:
        NotFoundError: there is no such model.
        ModelError: the extra ``onnx`` is not installed, or the file cannot be written.
    """
    get(ws, model_id)
    command = [sys.executable, "-m", "trainers", "export-onnx", str(weights_of(ws, model_id)), str(out)]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=False
    )
    if done.returncode != 0:
        said = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        reason = said[-1].removeprefix("error: ") if said else f"the process ended with code {done.returncode}"
        raise ModelError(f"model {model_id} is not exported to ONNX: {reason}")
