"""Improve: train on what there is, compare on what was held out, and propose with the better one from now on.

Stopped at any moment, the same call on the same folder goes on where it was: what it learns from is written once, training resumes from
its checkpoint, and a model appears in the workspace whole or not at all.
"""

import json
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from app.files import replacing
from app.services import models
from app.services.models import Training
from app.services.training import decided, label_free, snapshot
from app.services.training.judging import Reached, Verdict, choose, reached, steadier
from app.services.training.label_free import Steadiness
from app.services.training.methods import Settings
from app.services.training.process import trained
from app.services.training.snapshot import DATA, Snapshot
from app.services.training.told import OnTold, Told, teller
from app.services.workspace import Workspace
from app.store.records import Manner, Model
from freesolo.proposers import UNION

BESIDE = "default"
"""The proposer that the new network is put in one list with, as one candidate; alone it is another."""

_RESULT, _WEIGHTS = "result.json", "solo.safetensors"


@dataclass(frozen=True)
class Improved:
    """What came of it."""

    model: Model | None
    """None: the network is what it was before."""
    verdict: Verdict
    counts: decided.Counts


@dataclass(frozen=True)
class _Figures:
    """What the new network and the one in use reach."""

    before: Reached | None = None
    """None: there is nothing to compare them on."""
    candidates: dict[str, Reached] = field(default_factory=dict)
    """By manner."""
    steadiness: Steadiness | None = None
    """Of a training without labels."""

    def as_json(self) -> dict[str, Any]:
        """For the table of models."""
        known = self.candidates if self.before is None else {**self.candidates, "before": self.before}
        figures: dict[str, Any] = {name: each.as_json() for name, each in known.items()}
        return figures if self.steadiness is None else {**figures, "steadiness": asdict(self.steadiness)}


def improve(
    ws: Workspace, folder: Path, settings: Settings, on_told: OnTold, cancelled: Callable[[], bool]
) -> Improved | None:
    """Train and promote the result if it is better; None when stopped.

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
    known = snapshot.taken(ws, folder, settings)
    run = _run_folder(folder, settings)
    steadiness = None
    if known.method == "finetune":
        if not _finetune(ws, folder, run, known, settings, on_told, cancelled):
            return None
    else:
        steadiness = label_free.learn(ws, folder, run, known, settings, on_told, cancelled)
        if steadiness is None:
            return None
    finished = _finished(ws, folder, known)
    if finished is not None:
        return finished
    if known.method == "selftrain" and steadiness is not None and not steadiness.is_better:
        return Improved(None, steadier(known.current, steadiness.before, steadiness.now), known.counts)
    figures = _compare(ws, known, run / _WEIGHTS, steadiness, on_told, cancelled)
    return None if figures is None else _concluded(ws, folder, run / _WEIGHTS, known, settings, figures)


def _finished(ws: Workspace, folder: Path, known: Snapshot) -> Improved | None:
    """What a run that was killed at its very end had come to."""
    file = folder / _RESULT
    if not file.exists():
        return None
    values = json.loads(file.read_text("utf-8"))
    return _promoted(ws, Improved(models.get(ws, values["model"]), Verdict(**values["verdict"]), known.counts))


def _concluded(
    ws: Workspace, folder: Path, weights: Path, known: Snapshot, settings: Settings, figures: _Figures
) -> Improved:
    """The verdict, and the model in the workspace."""
    if figures.before is not None:
        verdict = choose((known.current, figures.before), figures.candidates)
    else:
        found = figures.steadiness if known.method == "selftrain" else None
        verdict = steadier(known.current, *(None, None) if found is None else (found.before, found.now))
    model = _kept(ws, weights, known, settings, verdict, figures)
    with replacing(folder / _RESULT) as stream:
        stream.write(json.dumps({"model": model.id, "verdict": asdict(verdict)}).encode())
    return _promoted(ws, Improved(model, verdict, known.counts))


def _promoted(ws: Workspace, improved: Improved) -> Improved:
    if improved.verdict.is_new and improved.model is not None:
        models.use(ws, models.name_of(improved.model.id))
    return improved


def _run_folder(folder: Path, settings: Settings) -> Path:
    """Another batch (after memory ran out) is another run: a checkpoint goes on only with the settings it was made with."""
    return folder / f"run-batch{settings.batch}"


def _finetune(
    ws: Workspace,
    folder: Path,
    run: Path,
    known: Snapshot,
    settings: Settings,
    on_told: OnTold,
    cancelled: Callable[[], bool],
) -> bool:
    command = ["finetune", str(folder / DATA), "--images", str(folder), "--out", str(run)]
    command += ["--start", known.start, "--preset", "decisions", "--beside", BESIDE, *label_free.flags(settings)]
    command += label_free.shown(ws, folder, known)
    return trained(command, folder, teller(on_told, "learning from decisions", "judging scores"), cancelled)


def _compare(
    ws: Workspace,
    known: Snapshot,
    weights: Path,
    steadiness: Steadiness | None,
    on_told: OnTold,
    cancelled: Callable[[], bool],
) -> _Figures | None:
    """Figures of the proposer in use, and of the new network in each manner, on the held-out images; None when stopped."""
    images = decided.reviewed(ws).held
    if steadiness is not None and not sum(image.accepted for image in images):
        return _Figures(steadiness=steadiness)
    proposers: dict[str, str] = {
        "before": models.resolve(ws, known.current),
        "union": f"{UNION}{weights}",
        "solo": str(weights),
    }
    found: dict[str, Reached] = {}
    for place, (name, proposer) in enumerate(proposers.items()):
        on_told(Told("comparing on held-out images", place, len(proposers)))
        with tempfile.TemporaryDirectory(prefix="compare-", dir=weights.parent) as work:
            figures = reached(ws, proposer, images, Path(work), cancelled)
        if figures is None:
            return None
        found[name] = figures
    on_told(Told("comparing on held-out images", len(proposers), len(proposers)))
    # The union keeps what ``default`` finds, and with it most of the recall, whatever became of the network.
    candidates = {"union": found["union"], "solo": found["solo"]}
    return _Figures(found["before"], candidates, steadiness)


def _kept(
    ws: Workspace, weights: Path, known: Snapshot, settings: Settings, verdict: Verdict, figures: _Figures
) -> Model:
    manner: Manner = "solo" if verdict.is_new and verdict.name == "solo" else "union"
    counts = known.counts
    name = f"{counts.accepted} masks on {counts.images} images"
    training = Training(
        name=name if known.method == "finetune" else f"{counts.images} images without labels",
        kind=known.method,
        parent=BESIDE if known.method == "pretrain" else known.current,
        manner=manner,
        log_position=known.log_position,
        data=asdict(counts),
        settings={**settings.model_dump(), "method": known.method},
        figures=figures.as_json(),
        verdict=verdict.sentence,
    )
    return models.register(ws, weights, training)
