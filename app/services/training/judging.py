"""How good proposers are on the reviewed images that no training sees, and which of them is to propose."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from app.services import child
from app.services.training import decided
from app.services.workspace import Workspace
from app.store.records import Image
from freesolo.evaluation import evaluate
from freesolo.instances import Instances
from trainers.records import Record

FIRST = 20
"""Masks of an image that the acceptance rate looks at, best score first: as many as people go through."""
GOOD = 0.75
"""IoU from which a person would accept a mask."""
_BOOTSTRAP = 200
_BINS = 10


@dataclass(frozen=True)
class Reached:
    """What a proposer reaches on held-out images; shares in percent."""

    figures: dict[str, float]
    """AP, AP50, AR100 of `freesolo.evaluation`, ``accepted`` (share of the `FIRST` masks of an image that are good and repeat no other)
    and ``calibration`` (mean distance, in points, of score and share of masks right at IoU 0.5)."""
    intervals: dict[str, tuple[float, float]]
    """95 % over images, where there are at least two."""
    images: int
    objects: int

    def as_json(self) -> dict[str, Any]:
        """For the table of models."""
        rounded = {name: round(value, 2) for name, value in self.figures.items()}
        intervals = {name: [round(low, 2), round(high, 2)] for name, (low, high) in self.intervals.items()}
        return {**rounded, "intervals": intervals, "images": self.images, "objects": self.objects}


@dataclass(frozen=True)
class Verdict:
    """Which proposer is to propose from now on."""

    name: str
    """One of the candidates, or the one in use."""
    is_new: bool
    sentence: str
    """Why, for people."""


def reached(
    ws: Workspace, proposer: str, images: Sequence[Image], folder: Path, cancelled: Callable[[], bool]
) -> Reached | None:
    """Run a proposer over reviewed images and compare with what people accepted; None when stopped.

    Args:
        ws: the workspace.
        proposer: as `app.services.models.resolve` gives it.
        images: with decisions.
        folder: existing, empty: for the process's files.
        cancelled: asked often.

    Raises:
        ProposeError: the proposer's process failed.
    """
    with ws.store.read() as tx:
        folders = {each.id: Path(each.path) for each in tx.folders.all()}
    files = [(str(image.id), folders[image.folder_id] / image.relative_path) for image in images]
    found: dict[int, Instances] = {}
    with closing(child.propose(files, folder, proposer, None, cancelled)) as reports:
        for report in reports:
            found.update((int(each.key), each.instances) for each in report.results if isinstance(each, Record))
    return None if cancelled() else scored(decided.accepted(ws, images), found)


def scored(drawn: Mapping[int, Instances], found: Mapping[int, Instances]) -> Reached:
    """Figures of masks against those that people accepted.

    Args:
        drawn: what is to be found, by image.
        found: masks, best first, by image; images that are missing have none.
    """
    figures, intervals = {"AP": 0.0, "AP50": 0.0, "AR100": 0.0}, {}
    objects = sum(len(masks) for masks in drawn.values())
    truth, results = _coco_truth(drawn), _coco_results(found)
    if results and objects:
        scores = evaluate(truth, results, bootstrap=_BOOTSTRAP if len(drawn) > 1 else 0)
        figures = {name: scores.figures[name] for name in figures}
        intervals = {name: scores.intervals[name] for name in figures if name in scores.intervals}
    hits = [_hits(found[key], masks) for key, masks in drawn.items() if key in found]
    good = np.concatenate([first for first, _, _ in hits]) if hits else np.zeros(0)
    figures["accepted"] = 100 * float(good.mean()) if len(good) else 0.0
    figures["calibration"] = _calibration_error(hits)
    return Reached(figures, intervals, len(drawn), objects)


def choose(current: tuple[str, Reached], candidates: Mapping[str, Reached]) -> Verdict:
    """The candidate with the best AP that finds no less than the proposer in use; or that one, and why.

    Args:
        current: name and figures of the proposer in use.
        candidates: figures by name.
    """
    name, before = current
    if not before.objects:
        return Verdict(
            name, False, "No held-out image has an accepted mask yet, so nothing can be compared: review more images."
        )
    where = f"on {before.images} held-out images with {before.objects} objects"
    finding = {each: now for each, now in candidates.items() if now.figures["AR100"] >= before.figures["AR100"]}
    best = max(finding or candidates, key=lambda each: candidates[each].figures["AP"])
    now = candidates[best].figures
    was = before.figures
    change = f"AP {was['AP']:.1f} -> {now['AP']:.1f}, AR100 {was['AR100']:.1f} -> {now['AR100']:.1f} {where}"
    if not finding:
        return Verdict(name, False, f"Not used, it would find fewer objects: {change}.")
    if now["AP"] <= was["AP"]:
        return Verdict(name, False, f"Not used, it is no better: {change}.")
    return Verdict(best, True, f"Used, it is better: {change}.")


def _coco_truth(drawn: Mapping[int, Instances]) -> dict[str, Any]:
    rows = [
        {"image_id": key, "category_id": 1, "segmentation": code, "area": int(area), "bbox": box.tolist()}
        for key, masks in drawn.items()
        for code, area, box in zip(masks.rles(), masks.areas, masks.boxes, strict=True)
    ]
    images = [
        {"id": key, "file_name": str(key), "height": masks.size[0], "width": masks.size[1]}
        for key, masks in drawn.items()
    ]
    return {"images": images, "annotations": rows, "categories": [{"id": 1, "name": "object"}]}


def _coco_results(found: Mapping[int, Instances]) -> list[dict[str, Any]]:
    return [
        {"image_id": key, "category_id": 1, "segmentation": code, "score": float(score)}
        for key, masks in found.items()
        for code, score in zip(masks.rles(), masks.scores, strict=True)
    ]


Hits = tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_], npt.NDArray[np.floating]]
"""(first k) whether each is good and takes an object; (n) whether each is right at IoU 0.5; (n) scores."""


def _hits(found: Instances, drawn: Instances) -> Hits:
    if not len(drawn) or not len(found):
        return np.zeros(min(len(found), FIRST), bool), np.zeros(len(found), bool), found.scores
    iou = found.iou(drawn)
    taken = np.zeros(len(drawn), bool)
    good = np.zeros(min(len(found), FIRST), bool)
    for place in range(len(good)):
        free = np.where(taken, 0.0, iou[place])
        if free.max() >= GOOD:
            taken[int(free.argmax())] = good[place] = True
    return good, iou.max(axis=1) >= 0.5, found.scores


def _calibration_error(hits: Sequence[Hits]) -> float:
    """Expected calibration error in points."""
    if not hits:
        return 0.0
    right = np.concatenate([each for _, each, _ in hits])
    scores = np.concatenate([each for _, _, each in hits])
    parts = [part for part in np.array_split(np.argsort(scores, kind="stable"), _BINS) if len(part)]
    gaps = [len(part) * abs(float(scores[part].mean()) - float(right[part].mean())) for part in parts]
    return 100 * sum(gaps) / max(1, len(scores))
