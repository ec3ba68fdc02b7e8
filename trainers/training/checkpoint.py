"""The state of a run in one file, replaced as a whole: a run that was killed goes on as if it had not been."""

import io
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from trainers.errors import UsageError
from trainers.results import write_whole

NAME = "checkpoint.pt"


@dataclass(frozen=True)
class State:
    """What a run needs to go on."""

    step: int
    """Steps done."""
    settings: str
    """YAML of the run's settings."""
    network: dict[str, Any]
    averaged: dict[str, Any]
    optimizer: dict[str, Any]
    history: list[float]
    """Mean loss up to each checkpoint, for early stopping."""


def save(folder: Path, state: State) -> None:
    """Write the state.

    Raises:
        OutputError: the disk cannot take it; the checkpoint before stays.
    """
    buffer = io.BytesIO()
    torch.save(vars(state), buffer)
    write_whole(folder / NAME, buffer.getvalue())


def load(folder: Path) -> State | None:
    """The state in a folder, or None where there is none.

    Raises:
        UsageError: the file is damaged.
    """
    path = folder / NAME
    if not path.exists():
        return None
    try:
        return State(**torch.load(path, map_location="cpu", weights_only=True))
    except (OSError, RuntimeError, ValueError, EOFError, TypeError, pickle.UnpicklingError) as error:
        raise UsageError(f"{path} is damaged ({type(error).__name__}); remove it to train from the start") from error
