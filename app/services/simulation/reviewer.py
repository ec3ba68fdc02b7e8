"""A reviewer who knows the human masks of an image and works as a person would, through the app's own services.

Proposals are gone through in order of their estimated chance of acceptance, as the Grid shows them: good ones are accepted, others
rejected. While the app has too few decisions to estimate it, the order is that of the score, and all are gone through; later those
with little chance are left alone. Objects that nothing proposed are then pointed at. Every key and every click is an action, and an
image gets so many of them at most.
"""

from dataclasses import dataclass
from uuid import uuid4

import cv2
import numpy as np
import numpy.typing as npt

from app.errors import ClickError
from app.services import review
from app.services.clicking import Clicker
from app.services.goodness.tracker import tracker_of
from app.services.review import Operation
from app.services.workspace import Workspace
from app.store.records import Instance
from freesolo.freemask.click_pool import Click
from freesolo.instances import Instances

GOOD = 0.75
"""IoU with a human mask from which a mask is good."""
WHO = "simulated reviewer"

Bool = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Habits:
    """How the reviewer works."""

    actions: int = 60
    """At most on one image, the key that finishes it included."""
    least: float = 0.3
    """Estimated chance of acceptance below which proposals are left alone."""
    clicks: int = 3
    """Clicks on one object before it is given up."""


@dataclass
class Work:
    """What was done."""

    actions: int = 0
    judged: int = 0
    """Proposals accepted or rejected."""
    accepted: int = 0
    clicked: int = 0
    """Good masks made by clicks."""

    @property
    def objects(self) -> int:
        """Good masks obtained."""
        return self.accepted + self.clicked

    def __add__(self, other: "Work") -> "Work":
        return Work(
            self.actions + other.actions,
            self.judged + other.judged,
            self.accepted + other.accepted,
            self.clicked + other.clicked,
        )


class Reviewer:
    """Reviews one image after another."""

    def __init__(self, ws: Workspace, habits: Habits) -> None:
        self._ws = ws
        self._habits = habits
        self._clicker = Clicker(ws)

    def review(self, image_id: int, truth: Instances) -> Work:
        """Decide on an image and finish it.

        Args:
            image_id: the image; it has proposals.
            truth: its human masks.
        """
        work = Work()
        taken = np.zeros(len(truth), bool)
        self._proposals(image_id, truth, taken, work)
        for number in np.argsort(-truth.areas, kind="stable"):
            # An object costs two actions at least, and the last one finishes the image.
            if not taken[number] and work.actions + 3 <= self._habits.actions:
                taken[number] = self._pointed_at(image_id, truth[[int(number)]], work)
        self._save(Operation(_key(), image_id, _key(), "finish"))
        work.actions += 1
        return work

    def _proposals(self, image_id: int, truth: Instances, taken: Bool, work: Work) -> None:
        masks = self._promising([mask for mask in review.load(self._ws, image_id).instances if mask.state == "pending"])
        codes = [mask.counts.encode("ascii") for mask in masks]
        found = Instances.from_counts(truth.size, codes, np.array([mask.score for mask in masks]))
        iou = found.iou(truth)  # (masks, objects)
        operations = []
        for mask, overlaps in zip(masks, iou, strict=True):
            if work.actions + 1 >= self._habits.actions:
                break
            free = np.where(taken, 0.0, overlaps)
            is_good = len(free) > 0 and bool(free.max() >= GOOD)
            if is_good:
                taken[free.argmax()] = True
            work.actions += 1
            work.judged += 1
            work.accepted += is_good
            state = "accepted" if is_good else "rejected"
            operations.append(
                Operation(_key(), image_id, _key(), "state", mask.id, mask.revision, state)  # type: ignore[arg-type]
            )
        self._save(*operations)

    def _promising(self, masks: list[Instance]) -> list[Instance]:
        """What is worth a look, best first; masks come in order of score."""
        estimates = tracker_of(self._ws).current(self._ws)
        if not estimates.calibrated or not masks:
            return masks
        p = estimates.of(np.array([mask.id for mask in masks]), np.array([mask.score for mask in masks], np.float64))
        return [masks[place] for place in np.argsort(-p, kind="stable") if p[place] >= self._habits.least]

    def _pointed_at(self, image_id: int, target: Instances, work: Work) -> bool:
        """Click on an object until the answer is good; whether it was kept."""
        truth: Bool = target.decode()[0]
        clicks: list[Click] = []
        mask: Bool = np.zeros_like(truth)
        base: str | None = None
        for _ in range(self._habits.clicks):
            clicks.append(_next_click(truth, mask))
            work.actions += 1
            try:
                answer = self._clicker.click(image_id, clicks, base)
            except ClickError:
                break
            if not len(answer.masks):
                break
            best = answer.masks[[0]]
            if best.iou(target)[0, 0] >= GOOD:
                counts = best.counts[0].decode("ascii")
                self._save(Operation(_key(), image_id, _key(), "create", counts=counts))
                work.actions += 1
                work.clicked += 1
                return True
            mask, base = best.decode()[0], best.counts[0].decode("ascii")
        work.actions += 1  # the key that gives up
        return False

    def _save(self, *operations: Operation) -> None:
        if operations:
            outcome = review.apply(self._ws, WHO, operations)
            assert not outcome.conflicts, outcome.conflicts


def _next_click(truth: Bool, mask: Bool) -> Click:
    """In the middle of the largest error, where it is thickest."""
    missing, extra = _largest(truth & ~mask), _largest(mask & ~truth)
    adds = bool(missing.sum() >= extra.sum())
    region = missing if adds else extra
    depth = cv2.distanceTransform(np.pad(region.astype(np.uint8), 1), cv2.DIST_L2, 5)[1:-1, 1:-1]
    y, x = np.unravel_index(int(depth.argmax()), depth.shape)
    return Click(float(x) + 0.5, float(y) + 0.5, adds)


def _largest(error: Bool) -> Bool:
    count, labels, stats, _ = cv2.connectedComponentsWithStats(error.astype(np.uint8), connectivity=8)
    if count < 2:
        return np.zeros_like(error)
    return np.asarray(labels == 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax()))


def _key() -> str:
    return uuid4().hex
