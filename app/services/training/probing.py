"""What a training will take, from a few of its steps on this machine: time and memory before it starts."""

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.services.memory import Peak
from app.services.training import label_free, snapshot
from app.services.training.methods import TITLES, Settings
from app.services.training.process import trained
from app.services.training.snapshot import DATA, Snapshot
from app.services.training.told import OnTold, Told
from app.services.workspace import Workspace

STEPS = 10
IMAGES = 4
"""Whose first masks are found, for a training without labels."""
_WARM = 2
"""First steps, which take longer."""


@dataclass(frozen=True)
class Cost:
    """Of a training."""

    seconds_a_step: float
    seconds: float
    """Of all its steps."""
    finding: float
    """Seconds until there are masks to learn from, before them."""
    memory: int
    """Bytes, at most, of all its processes."""


def probe(
    ws: Workspace, folder: Path, settings: Settings, on_told: OnTold, cancelled: Callable[[], bool]
) -> Cost | None:
    """Take a few steps of the training, and throw them away; None when stopped.

    Args:
        ws: the workspace.
        folder: existing, of this probe alone.
        settings: of the training.
        on_told: told of progress.
        cancelled: asked often.

    Raises:
        TrainError: there is too little to learn from, or the training fails.
        ProposeError: the proposer that it learns from failed.
    """
    known = snapshot.taken(ws, folder, settings)
    with Peak() as peak:
        if known.method == "finetune":
            command = ["finetune", str(folder / DATA), "--images", str(folder), "--preset", "decisions"]
            steps = _steps([*command, "--start", known.start], folder, settings, on_told, cancelled)
            return None if steps is None else Cost(steps, steps * settings.steps, 0.0, peak.bytes)
        return _without_labels(ws, folder, known, settings, peak, on_told, cancelled)


def sentence(cost: Cost, known: Settings) -> str:
    """The cost for people."""
    before = f" Finding masks to learn from takes about {_duration(cost.finding)} before." if cost.finding else ""
    title = TITLES[known.method] if known.method is not None else "The training"
    return (
        f"{title}: about {_duration(cost.seconds)} for {known.steps} steps at {cost.seconds_a_step:.1f} s each, and "
        f"{cost.memory / 1e9:.1f} GB of memory, by {STEPS} steps on this machine as busy as it was.{before} "
        "The comparison on held-out images comes on top."
    )


def _without_labels(
    ws: Workspace,
    folder: Path,
    known: Snapshot,
    settings: Settings,
    peak: Peak,
    on_told: OnTold,
    cancelled: Callable[[], bool],
) -> Cost | None:
    rates: list[float] = []

    def hear(told: Told) -> None:
        rates.extend([float(told.event["rate"])] if told.event.get("rate") else [])
        on_told(told)

    coarse = label_free.coarse(ws, folder, known.images[:IMAGES], hear, cancelled)
    if coarse is None:
        return None
    begin = ["--start", known.start] if known.method == "selftrain" else []
    network = _steps(["train", str(coarse.results), *begin], folder, settings, on_told, cancelled)
    if network is None:
        return None
    seconds, each = network * settings.steps, network
    if known.method == "pretrain":
        wide = label_free.wide(settings)
        backbone = _steps(["pretrain", str(coarse.listing)], folder, wide, on_told, cancelled)
        if backbone is None:
            return None
        # The network is trained twice then: from the first masks, and once more from its own.
        seconds, each = (2 * network + backbone) * settings.steps, max(network, backbone)
    finding = len(known.images) / rates[-1] if rates else 0.0
    return Cost(each, seconds, finding, peak.bytes)


def _steps(
    command: list[str], folder: Path, settings: Settings, on_told: OnTold, cancelled: Callable[[], bool]
) -> float | None:
    """Seconds a step of a training command; None when stopped."""
    seconds: list[float] = []

    def hear(event: dict[str, Any]) -> None:
        if event["event"] == "step":
            seconds.append(float(event["seconds_a_step"]))
            on_told(Told("trying some steps", len(seconds), STEPS, event))

    few = settings.model_copy(update={"steps": STEPS})
    flags = [
        *label_free.flags(few),
        "--set",
        "log_every=1",
        "--no-resume",
        "--out",
        str(folder / f"probe-{command[0]}"),
    ]
    if not trained([*command, *flags], folder, hear, cancelled):
        return None
    return statistics.median(seconds[_WARM:] or seconds or [0.0])


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
