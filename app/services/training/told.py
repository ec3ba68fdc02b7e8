"""What a training tells of itself while it runs."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Told:
    """Progress of a training."""

    phase: str
    """What is being done, for people."""
    done: int = 0
    total: int = 0
    event: dict[str, Any] = field(default_factory=dict)
    """The training process's own event, where it is one."""


OnTold = Callable[[Told], None]


def teller(on_told: OnTold, learning: str, looking: str) -> Callable[[dict[str, Any]], None]:
    """What to do with the events of a training process.

    Args:
        on_told: told of progress.
        learning: what its steps are, for people.
        looking: what it does with images between or after them.
    """

    def tell(event: dict[str, Any]) -> None:
        if event["event"] == "image":
            on_told(Told(looking, int(event["done"]), int(event["total"]), event))
        elif event["event"] in ("start", "step", "shown") and "steps" in event:
            on_told(Told(learning, int(event["step"]), int(event["steps"]), event))

    return tell
