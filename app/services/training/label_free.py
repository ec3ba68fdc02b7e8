"""Trainings that see no decision: a round of self-training on the workspace's images, on the network in use or an adapted backbone."""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.errors import TrainError
from app.services import child
from app.services.training import snapshot
from app.services.training.methods import Settings
from app.services.training.process import trained
from app.services.training.snapshot import Snapshot
from app.services.training.told import OnTold, Told, teller
from app.services.workspace import Workspace

BACKBONE = "backbone.safetensors"
TEACHER = "default"
"""The proposer whose masks are learnt from."""
_VIEWS = 4
"""Images a step of the backbone, for each of the network's: DenseCL tells the images of a step apart."""


@dataclass(frozen=True)
class Steadiness:
    """Agreement of masks with those of the mirrored image, in [0, 1]: what can be told without labels."""

    before: float
    now: float

    @property
    def is_better(self) -> bool:
        """Whether the round is kept."""
        return self.now > self.before


def learn(
    ws: Workspace,
    folder: Path,
    run: Path,
    known: Snapshot,
    settings: Settings,
    on_told: OnTold,
    cancelled: Callable[[], bool],
) -> Steadiness | None:
    """Train without labels; the weights are in the run's folder. None when stopped: the same call goes on where it was.

    Args:
        ws: the workspace.
        folder: of the job.
        run: of the training.
        known: what it learns from.
        settings: of it.
        on_told: told of progress.
        cancelled: asked often.

    Raises:
        TrainError: the training failed.
        ProposeError: the proposer that it learns from failed.
    """
    found = coarse(ws, folder, known.images, on_told, cancelled)
    if found is None:
        return None
    begin = ["--start", known.start]
    if known.method == "pretrain":
        if not _adapted(found.listing, folder, run, settings, on_told, cancelled):
            return None
        begin = ["--backbone", str(run / "backbone" / BACKBONE)]
    told: list[Steadiness] = []
    tell = teller(on_told, "learning from the images", "predicting what to learn from")

    def hear(event: dict[str, Any]) -> None:
        if event["event"] == "round":
            told.append(Steadiness(float(event["before"]), float(event["now"])))
        tell(event)

    command = ["selftrain", str(found.results), "--out", str(run), *begin, *flags(settings), *shown(ws, folder, known)]
    if not trained(command, folder, hear, cancelled):
        return None
    if not told:
        raise TrainError("the training ended without a word on its rounds: see its messages in the job's log")
    return told[-1]


@dataclass(frozen=True)
class Coarse:
    """The teacher's masks of images."""

    listing: Path
    """The images, as ``propose --list`` takes them."""
    results: Path


def coarse(
    ws: Workspace, folder: Path, image_ids: Sequence[int], on_told: OnTold, cancelled: Callable[[], bool]
) -> Coarse | None:
    """Masks to learn from, in the folder; None when stopped.

    Raises:
        ProposeError: the proposer's process failed.
    """
    work = folder / "coarse"
    work.mkdir(exist_ok=True)
    files = snapshot.listing(ws, image_ids)
    on_told(Told("finding masks to learn from", 0, len(files)))
    with closing(child.propose(files, work, TEACHER, None, cancelled)) as reports:
        for report in reports:
            if "total" in report.event:
                done, total = int(report.event.get("done", 0)), int(report.event["total"])
                on_told(Told("finding masks to learn from", done, total, report.event))
    return None if cancelled() else Coarse(work / child.LISTING, work / child.RESULTS)


def _adapted(
    listing: Path, folder: Path, run: Path, settings: Settings, on_told: OnTold, cancelled: Callable[[], bool]
) -> bool:
    """The backbone's file, in the run's folder; false when stopped."""
    command = ["pretrain", str(listing), "--out", str(run / "backbone"), *flags(wide(settings))]
    return trained(command, folder, teller(on_told, "adapting the backbone", "reading images"), cancelled)


def wide(settings: Settings) -> Settings:
    """Those of the backbone's part."""
    return settings.model_copy(update={"batch": _VIEWS * settings.batch})


def shown(ws: Workspace, folder: Path, known: Snapshot) -> list[str]:
    """Flags that let a training predict the fixed images again and again."""
    if not known.shown:
        return []
    file = folder / "shown.jsonl"
    child.write_listing(file, snapshot.listing(ws, known.shown))
    return ["--show", str(file)]


def flags(settings: Settings) -> list[str]:
    """The settings as flags of any training command."""
    given = ["--steps", str(settings.steps), "--batch", str(settings.batch), "--seed", str(settings.seed)]
    return given if settings.threads is None else [*given, "--threads", str(settings.threads)]
