"""A training command as a child process, with its events."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from app.errors import TrainError
from app.services import child

MESSAGES = "messages.txt"


def trained(
    command: Sequence[str], folder: Path, on_event: Callable[[dict[str, Any]], None], cancelled: Callable[[], bool]
) -> bool:
    """Run ``python -m trainers COMMAND --events``; false when it was stopped before its end, and can be run again to go on.

    Args:
        command: of the trainers, with its arguments.
        folder: existing; the process's messages go there.
        on_event: told of each event, see `trainers.training.events.JsonLines`.
        cancelled: asked a few times a second.

    Raises:
        TrainError: the process ended with an error; its last words are in the message.
        ProposeError: it could not be started.
    """
    messages = folder / MESSAGES
    with child.running([sys.executable, "-m", "trainers", *command, "--events"], messages) as process:
        for event in child.events_of(process, cancelled):
            on_event(event)
        if cancelled():
            return False
        code = process.wait()
    if code != 0:
        raise TrainError(f"the training stopped: {child.last_words(messages, code)}")
    return True
