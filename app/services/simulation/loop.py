"""`python -m app loop --simulate`: propose, review, train, again; a third of the images is never shown and only scored."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from app.errors import IngestError, ProposeError, TrainError
from app.services import ingest, models, proposing
from app.services.simulation.reviewer import Habits, Reviewer, Work
from app.services.simulation.scoring import scored
from app.services.training import decided, improving
from app.services.training.improving import Improved
from app.services.training.methods import Settings
from app.services.workspace import Workspace
from app.store.records import Image
from freesolo.codecs import coco_rle
from freesolo.errors import CodecError
from freesolo.instances import Instances


@dataclass(frozen=True)
class Plan:
    """Of a simulation."""

    rounds: int = 2
    """Trainings; after each follows a review."""
    images: int = 10
    """Reviewed a round."""
    start: str = "union"
    """Proposer of round 0."""
    habits: Habits = field(default_factory=Habits)
    training: Settings = field(default_factory=lambda: Settings(method="finetune"))
    seed: int = 0
    """Of the order of the images."""


@dataclass(frozen=True)
class Truth:
    """Human masks of a folder's images."""

    masks: dict[str, Instances]
    """By file name; crowds are left out."""

    @classmethod
    def read(cls, path: Path) -> "Truth":
        """From a COCO file.

        Raises:
            IngestError: it cannot be read, or is no COCO instance file.
        """
        try:
            data = json.loads(path.read_text("utf-8"))
            sizes = {row["id"]: (int(row["height"]), int(row["width"])) for row in data["images"]}
            names = {row["id"]: str(row["file_name"]) for row in data["images"]}
            codes: dict[int, list[bytes]] = {image_id: [] for image_id in sizes}
            for row in data["annotations"]:
                if not row.get("iscrowd"):
                    codes[row["image_id"]].append(coco_rle.parse(row["segmentation"], sizes[row["image_id"]]))
            masks = {
                names[key]: Instances.from_counts(sizes[key], each, np.ones(len(each))) for key, each in codes.items()
            }
        except OSError as error:
            raise IngestError(f"{path} cannot be read: {error.strerror}") from error
        except (ValueError, KeyError, TypeError, CodecError) as error:
            raise IngestError(f"{path} is no COCO file with masks: {error!r}") from error
        return cls({name: found[found.areas > 0] for name, found in masks.items()})


Say = Callable[[str], None]


def simulate(
    ws: Workspace, truth: Truth, images: Path, plan: Plan, say: Say, cancelled: Callable[[], bool]
) -> dict[str, Any]:
    """Run the loop in an empty workspace.

    Args:
        ws: without images.
        truth: human masks of the folder's images.
        images: the folder.
        plan: of the simulation.
        say: told of every step, in a sentence.
        cancelled: asked often; once true the rounds that are finished are returned.

    Returns:
        ``{"rounds": [...], "plan": {...}, "images": {...}}``; round 0 is the untrained start. ``accept_rate`` and shares are in [0, 1], AP,
        AP50 and AR100 in percent, on the images that are never shown.

    Raises:
        IngestError: no image of the folder has human masks.
        ProposeError, TrainError: a process failed.
    """
    ingest.import_folder(ws, images)
    with ws.store.read() as tx:
        known = [image for batch in tx.images.walk() for image in batch if image.name in truth.masks]
    if len(known) < 3:
        raise IngestError(f"{len(known)} images of {images} have masks in the COCO file; 3 are needed at least")
    order = np.random.default_rng(plan.seed).permutation(len(known))
    shuffled = [known[place] for place in order]
    scored, shown = shuffled[: len(known) // 3], shuffled[len(known) // 3 :]
    models.use(ws, plan.start)
    run = _Run(ws, truth, plan, scored, shown, say, cancelled)
    return {
        "rounds": run.rounds(),
        "plan": {**asdict(plan), "training": plan.training.model_dump()},
        "images": {"scored": len(scored), "shown": len(shown)},
    }


class _Run:
    def __init__(
        self,
        ws: Workspace,
        truth: Truth,
        plan: Plan,
        scored: Sequence[Image],
        shown: Sequence[Image],
        say: Say,
        cancelled: Callable[[], bool],
    ) -> None:
        self._ws = ws
        self._truth = truth
        self._plan = plan
        self._scored = scored
        self._shown = shown
        self._say = say
        self._cancelled = cancelled
        self._reviewer = Reviewer(ws, plan.habits)

    def rounds(self) -> list[dict[str, Any]]:
        """One after another, as long as there are images to review."""
        rows: list[dict[str, Any]] = []
        improved, seconds = None, 0.0
        for number in range(self._plan.rounds + 1):
            if number:
                started = time.perf_counter()
                improved = self._train(number)
                seconds = time.perf_counter() - started
            shown = self._shown[number * self._plan.images : (number + 1) * self._plan.images]
            if self._cancelled() or not shown or (number and improved is None):
                break
            rows.append(self._round(number, shown, improved, seconds))
        return rows

    def _round(self, number: int, shown: Sequence[Image], improved: Improved | None, seconds: float) -> dict[str, Any]:
        name = models.in_use(self._ws)
        report = proposing.run(
            self._ws, name, image_ids=[image.id for image in (*shown, *self._scored)], cancelled=self._cancelled
        )
        if report.faults:
            raise ProposeError(f"{len(report.faults)} images failed, the first: {': '.join(report.faults[0])}")
        reached = scored({image.id: self._truth.masks[image.name] for image in self._scored}, self._found())
        self._reviewer.look()
        work = sum((self._reviewer.review(image.id, self._truth.masks[image.name]) for image in shown), Work())
        row = {
            "round": number,
            "proposer": name,
            "accept_rate": work.accepted / max(1, work.judged),
            "actions_per_object": work.actions / max(1, work.objects),
            "objects": work.objects,
            "actions": work.actions,
            "judged": work.judged,
            "clicked": work.clicked,
            "AP": reached.figures["AP"],
            "AP50": reached.figures["AP50"],
            "AR100": reached.figures["AR100"],
            "intervals": {
                key: list(value) for key, value in reached.intervals.items() if key in ("AP", "AP50", "AR100")
            },
            "train_seconds": seconds,
            "verdict": "" if improved is None else improved.verdict.sentence,
        }
        self._say(_sentence(row))
        return row

    def _train(self, number: int) -> Improved | None:
        folder = self._ws.path / "jobs" / f"simulated-{number}"
        folder.mkdir(parents=True, exist_ok=True)
        try:
            improved = improving.improve(self._ws, folder, self._plan.training, lambda _: None, self._cancelled)
        except TrainError as error:
            self._say(f"round {number}: {error}")
            return None
        if improved is not None:
            self._say(f"round {number}: {improved.verdict.sentence}")
        return improved

    def _found(self) -> dict[int, Instances]:
        with self._ws.store.read() as tx:
            return {image.id: decided.as_instances(image, tx.instances.of_image(image.id)) for image in self._scored}


def _sentence(row: dict[str, Any]) -> str:
    return (
        f"round {row['round']} ({row['proposer']}): {100 * row['accept_rate']:.0f} % of {row['judged']} proposals accepted, "
        f"{row['objects']} objects by {row['actions']} actions ({row['actions_per_object']:.1f} each); on images never shown "
        f"AP {row['AP']:.1f}, AP50 {row['AP50']:.1f}, AR100 {row['AR100']:.1f}"
    )
