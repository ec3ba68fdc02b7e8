"""Improve: learn from the decisions, compare on what was held out, and propose with the better one from now on.

Stopped at any moment, the same call on the same folder goes on where it was: the training set is written once, training resumes from
its checkpoint, and a model appears in the workspace whole or not at all.
"""

import json
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pydantic import Field

from app.errors import TrainError
from app.files import replacing
from app.services import models
from app.services.models import Training
from app.services.training import decided
from app.services.training.judging import Reached, Verdict, choose, reached
from app.services.training.process import trained
from app.services.workspace import Workspace
from app.store.records import Manner, Model
from freesolo.assets import shipped_weights
from freesolo.config import Config
from freesolo.proposers import UNION

STEPS = 300
BESIDE = "default"
"""The proposer that the new network is put in one list with, as one candidate; alone it is another."""
LEAST_ACCEPTED = 5
"""Accepted masks to learn from, at least."""

_DATA, _SNAPSHOT, _RESULT, _WEIGHTS = "decisions.json", "snapshot.json", "result.json", "solo.safetensors"


class Settings(Config):
    """Of one improvement."""

    steps: int = Field(default=STEPS, ge=1)
    batch: int = Field(default=4, ge=1)
    """Images a step."""
    threads: int | None = Field(default=None, ge=1)
    """Of the training; None: one a core."""
    seed: int = Field(default=0, ge=0)


@dataclass(frozen=True)
class Told:
    """Progress of an improvement."""

    phase: str
    """What is being done, for people."""
    done: int = 0
    total: int = 0
    event: dict[str, Any] = field(default_factory=dict)
    """The training process's own event, where it is one."""


@dataclass(frozen=True)
class Improved:
    """What came of it."""

    model: Model
    verdict: Verdict
    counts: decided.Counts


OnTold = Callable[[Told], None]


def improve(
    ws: Workspace, folder: Path, settings: Settings, on_told: OnTold, cancelled: Callable[[], bool]
) -> Improved | None:
    """Train on the decisions and promote the result if it is better; None when stopped.

    Args:
        ws: the workspace.
        folder: existing; everything of this run that is not finished is kept there.
        settings: of the training.
        on_told: told of progress.
        cancelled: asked often.

    Raises:
        TrainError: there is too little to learn from, or the training failed.
        ProposeError: a proposer's process failed.
        ModelError: the workspace's disk cannot take the model.
    """
    snapshot = _snapshot(ws, folder)
    on_told(Told("learning from decisions", 0, settings.steps))
    if not _train(folder, snapshot, settings, on_told, cancelled):
        return None
    known = _finished(ws, folder, snapshot)
    if known is not None:
        return known
    weights = _run_folder(folder, settings) / _WEIGHTS
    figures = _compare(ws, snapshot.current, weights, on_told, cancelled)
    if figures is None:
        return None
    before, candidates = figures
    verdict = choose((snapshot.current, before), candidates)
    model = _kept(ws, weights, snapshot, settings, verdict, candidates, before)
    with replacing(folder / _RESULT) as stream:
        stream.write(json.dumps({"model": model.id, "verdict": asdict(verdict)}).encode())
    if verdict.is_new:
        models.use(ws, models.name_of(model.id))
    return Improved(model, verdict, snapshot.counts)


def _finished(ws: Workspace, folder: Path, snapshot: "_Snapshot") -> Improved | None:
    """What a run that was killed at its very end had come to."""
    file = folder / _RESULT
    if not file.exists():
        return None
    values = json.loads(file.read_text("utf-8"))
    verdict = Verdict(**values["verdict"])
    model = models.get(ws, values["model"])
    if verdict.is_new:
        models.use(ws, models.name_of(model.id))
    return Improved(model, verdict, snapshot.counts)


@dataclass(frozen=True)
class _Snapshot:
    """What a run learns from and starts at, fixed at its beginning."""

    log_position: int
    current: str
    """Name of the proposer in use."""
    start: str
    """Path of the weights to go on from."""
    counts: decided.Counts


def _snapshot(ws: Workspace, folder: Path) -> _Snapshot:
    file = folder / _SNAPSHOT
    if file.exists():
        values = json.loads(file.read_text("utf-8"))
        return _Snapshot(**{**values, "counts": decided.Counts(**values["counts"])})
    with ws.store.read() as tx:
        position = tx.decisions.last_id()
    try:
        counts = decided.write(ws, folder / _DATA)
        _require(counts.accepted)
        current = models.in_use(ws)
        snapshot = _Snapshot(position, current, str(_start(ws, current)), counts)
        with replacing(file) as stream:
            stream.write(json.dumps(asdict(snapshot)).encode())
    except OSError as error:
        raise TrainError(f"the training set cannot be written to {folder}: {error.strerror}") from error
    return snapshot


def require_enough(ws: Workspace) -> None:
    """Raises TrainError where people have not accepted enough masks on images that may be learnt from."""
    learnt = decided.reviewed(ws).learnt
    _require(sum(image.accepted for image in learnt))


def _require(accepted: int) -> None:
    if accepted < LEAST_ACCEPTED:
        raise TrainError(
            f"there are {accepted} accepted masks to learn from, {LEAST_ACCEPTED} are needed (every fifth reviewed image is kept for "
            "comparison): review some more images first"
        )


def _run_folder(folder: Path, settings: Settings) -> Path:
    """Another batch (after memory ran out) is another run: a checkpoint goes on only with the settings it was made with."""
    return folder / f"run-batch{settings.batch}"


def _start(ws: Workspace, current: str) -> Path:
    """Weights to go on from: steps are what is short, so each round continues."""
    model_id = models.id_of(current)
    return shipped_weights() if model_id is None else models.weights_of(ws, model_id)


def _train(
    folder: Path, snapshot: _Snapshot, settings: Settings, on_told: OnTold, cancelled: Callable[[], bool]
) -> bool:
    command = ["finetune", str(folder / _DATA), "--images", str(folder), "--out", str(_run_folder(folder, settings))]
    command += ["--start", snapshot.start, "--preset", "decisions", "--beside", BESIDE]
    command += ["--steps", str(settings.steps), "--batch", str(settings.batch), "--seed", str(settings.seed)]
    if settings.threads is not None:
        command += ["--threads", str(settings.threads)]

    def tell(event: dict[str, Any]) -> None:
        if event["event"] == "image":
            on_told(Told("judging scores", int(event["done"]), int(event["total"]), event))
        elif event["event"] in ("start", "step") and "steps" in event:
            on_told(Told("learning from decisions", int(event["step"]), int(event["steps"]), event))

    return trained(command, folder, tell, cancelled)


def _compare(
    ws: Workspace, current: str, weights: Path, on_told: OnTold, cancelled: Callable[[], bool]
) -> tuple[Reached, dict[str, Reached]] | None:
    """Figures of the proposer in use, and of the new network in each manner, on the held-out images."""
    images = decided.reviewed(ws).held
    proposers: dict[str, str] = {
        "before": models.resolve(ws, current),
        "solo": str(weights),
        "union": f"{UNION}{weights}",
    }
    found: dict[str, Reached] = {}
    for place, (name, proposer) in enumerate(proposers.items()):
        on_told(Told("comparing on held-out images", place, len(proposers)))
        with tempfile.TemporaryDirectory(prefix="compare-", dir=weights.parent) as work:
            figures = reached(ws, proposer, images, Path(work), cancelled)
        if figures is None:
            return None
        found[name] = figures
    return found["before"], {"solo": found["solo"], "union": found["union"]}


def _kept(
    ws: Workspace,
    weights: Path,
    snapshot: _Snapshot,
    settings: Settings,
    verdict: Verdict,
    candidates: dict[str, Reached],
    before: Reached,
) -> Model:
    manner: Manner = "solo" if verdict.is_new and verdict.name == "solo" else "union"
    figures = {name: each.as_json() for name, each in candidates.items()}
    counts = snapshot.counts
    training = Training(
        name=f"{counts.accepted} masks on {counts.images} images",
        kind="finetune",
        parent=snapshot.current,
        manner=manner,
        log_position=snapshot.log_position,
        data=asdict(counts),
        settings=settings.model_dump(),
        figures={**figures, "before": before.as_json()},
        verdict=verdict.sentence,
    )
    return models.register(ws, weights, training)
