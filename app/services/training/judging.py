"""How good proposers are on the reviewed images that no training sees, and which of them is to propose.

What people judged there came from the proposer in use, and an image may hold objects that nobody marked. So a mask counts only if it shows
something that was judged: COCO's figures against the accepted masks alone would call everything else wrong, and the outlines of the
proposer in use perfect.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from app.services import child
from app.services.counted import counted
from app.services.training import decided
from app.services.training.decided import Judged
from app.services.workspace import Workspace
from app.store.records import Image
from freesolo.instances import Instances
from trainers.records import Record

FIRST = 20
"""Masks of an image that the acceptance rate looks at, best score first: as many as people go through."""
SAME_OBJECT = 0.5
"""IoU from which a mask shows what was accepted, which is an object."""
GOOD = 0.75
"""IoU from which a person would accept a mask instead of the one they accepted, and from which a mask is the one they rejected: that is an
outline, and a better one may be of an object."""
LESS_FOUND = 0.8
"""A new proposer has to find this share of what the one in use finds, of the accepted masks. They were chosen among what the latter found,
so that even one as good finds less of them."""
LEAST_GAIN = 0.25
"""AP has to rise by more than this part of what one accepted mask is worth (100 points by their number): less is chance. On COCO
photographs a worse network was used for 3 points on two accepted masks."""
_DRAWS = 200
_BINS = 10


@dataclass(frozen=True)
class Reached:
    """What a proposer reaches on held-out images, in percent."""

    figures: dict[str, float]
    """``AP``: average precision of telling accepted from rejected masks by the score of what the proposer finds in their place;
    ``found``: share of accepted masks that it finds; ``accepted``: share of its `FIRST` masks of an image, of those that show something
    judged, that people would accept; ``calibration``: mean distance of scores and shares of right masks, in points."""
    intervals: dict[str, tuple[float, float]]
    """95 % over images, where there are at least two."""
    images: int
    objects: int
    """Accepted masks."""

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
    """Run a proposer over reviewed images and compare with what people decided; None when stopped.

    Args:
        ws: the workspace.
        proposer: as `app.services.models.resolve` gives it.
        images: with decisions.
        folder: existing, empty: for the process's files.
        cancelled: asked often.

    Raises:
        ProposeError: the proposer's process failed.
    """
    found = found_by(ws, proposer, images, folder, cancelled)
    return None if found is None else scored(decided.judged(ws, images), found)


def found_by(
    ws: Workspace,
    proposer: str,
    images: Sequence[Image],
    folder: Path,
    cancelled: Callable[[], bool],
    on_done: Callable[[int], None] = lambda _: None,
) -> dict[int, Instances] | None:
    """What a proposer finds on images, best first, by image; those that it failed on are missing. None when stopped.

    Args:
        ws: the workspace.
        proposer: as `app.services.models.resolve` gives it.
        images: of the workspace.
        folder: existing: for the process's files; what is there from a stopped run is not done again.
        cancelled: asked often.
        on_done: told how many images are finished.

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
            on_done(int(report.event.get("done", len(found))))
    return None if cancelled() else found


def scored(judged: Mapping[int, Judged], found: Mapping[int, Instances]) -> Reached:
    """Figures of masks against what people decided.

    Args:
        judged: by image.
        found: masks, best first, by image; images that are missing have none.
    """
    parts = [_outcome(found.get(key, Instances.empty(each.masks.size)), each) for key, each in judged.items()]
    intervals = {}
    if len(parts) > 1:
        rng = np.random.default_rng(0)
        draws = [_figures([parts[place] for place in rng.integers(len(parts), size=len(parts))]) for _ in range(_DRAWS)]
        for name in draws[0]:
            low, high = np.percentile([draw[name] for draw in draws], [2.5, 97.5])
            intervals[name] = (float(low), float(high))
    objects = sum(int(each.is_accepted.sum()) for each in judged.values())
    return Reached(_figures(parts), intervals, len(judged), objects)


def choose(current: tuple[str, Reached], candidates: Mapping[str, Reached]) -> Verdict:
    """The candidate with the best AP of those that find nearly as much, if it gains more than chance; else the one in use; and why.

    Args:
        current: name and figures of the proposer in use.
        candidates: figures by name, the safest first: the others have to be better than it by more than chance, too.
    """
    name, before = current
    if not before.objects:
        return Verdict(
            name, False, "No held-out image has an accepted mask yet, so nothing can be compared: review more images."
        )
    was = before.figures
    finding = {each: now for each, now in candidates.items() if now.figures["found"] >= LESS_FOUND * was["found"]}
    chance = LEAST_GAIN * 100 / before.objects
    best = _best(finding or candidates, chance)
    now = candidates[best].figures
    on = counted(before.images, "held-out image")
    found, found_before = f"{now['found']:.0f} %", f"{was['found']:.0f} %"
    change = (
        f"it tells accepted from rejected masks with AP {now['AP']:.0f} instead of {was['AP']:.0f} and finds {found} "
        f"{'as before' if found == found_before else f'instead of {found_before}'} of the {before.objects} accepted ones, on {on}"
    )
    if not finding:
        return Verdict(name, False, f"Not used, as it finds less: {change}.")
    if now["AP"] <= was["AP"] + chance:
        return Verdict(name, False, f"Not used, as it is no better: {change}.")
    return Verdict(best, True, f"Used, as it is better: {change}.")


def _best(candidates: Mapping[str, Reached], chance: float) -> str:
    """The first, unless a later one is better by more than chance."""
    best, *others = candidates
    for name in others:
        if candidates[name].figures["AP"] > candidates[best].figures["AP"] + chance:
            best = name
    return best


def steadier(current: str, before: float | None, now: float | None) -> Verdict:
    """What is said of a training without labels where nothing can be compared with what people accepted.

    Args:
        current: name of the proposer in use, which stays so.
        before: share of its masks that the mirrored image has too, in [0, 1]; None: the two networks have no start in common.
        now: the same of the new network.
    """
    if before is None or now is None:
        told = ""
    elif now <= before:
        return Verdict(
            current,
            False,
            "Gone back to where it was: after the round without labels its masks agree with those of the mirrored image by "
            f"{100 * now:.0f} %, before by {100 * before:.0f} %.",
        )
    else:
        told = (
            f" Without labels it looks steadier: its masks agree with those of the mirrored image by {100 * now:.0f} % instead of "
            f"{100 * before:.0f} %."
        )
    return Verdict(
        current,
        False,
        f"Not used yet, as no held-out image has an accepted mask to compare models on.{told} Compare it with the one in use, and choose.",
    )


@dataclass(frozen=True, eq=False)
class _Outcome:
    """One image: m judged masks, n found ones."""

    is_accepted: npt.NDArray[np.bool_]
    """(m,)"""
    responses: npt.NDArray[np.float64]
    """(m,) best score of a found mask that shows this one rather than another judged one; 0: none does."""
    first: npt.NDArray[np.bool_]
    """(k,) of the first found masks that show something judged: whether people would accept it."""
    scores: npt.NDArray[np.float64]
    """(k',) of all found masks that show something judged."""
    is_right: npt.NDArray[np.bool_]
    """(k',) whether that was accepted."""


def _outcome(found: Instances, judged: Judged) -> _Outcome:
    responses = np.zeros(len(judged.masks))
    if not len(found) or not len(judged.masks):
        nothing = np.zeros(0, bool)
        return _Outcome(judged.is_accepted, responses, nothing, np.zeros(0), nothing)
    iou = found.iou(judged.masks)  # (n, m)
    nearest = iou.argmax(axis=1)
    shows = np.flatnonzero(iou.max(axis=1) >= np.where(judged.is_accepted[nearest], SAME_OBJECT, GOOD))
    scores = np.asarray(found.scores, np.float64)
    np.maximum.at(responses, nearest[shows], scores[shows])
    taken: set[int] = set()
    first = []
    for place in shows[shows < FIRST]:
        target = int(nearest[place])
        is_good = bool(judged.is_accepted[target] and iou[place, target] >= GOOD and target not in taken)
        first.append(is_good)
        if is_good:
            taken.add(target)
    return _Outcome(
        judged.is_accepted, responses, np.array(first, bool), scores[shows], judged.is_accepted[nearest[shows]]
    )


def _figures(parts: Sequence[_Outcome]) -> dict[str, float]:
    if not parts:
        return {"AP": 0.0, "found": 0.0, "accepted": 0.0, "calibration": 0.0}
    is_accepted = np.concatenate([part.is_accepted for part in parts])
    responses = np.concatenate([part.responses for part in parts])
    first = np.concatenate([part.first for part in parts])
    return {
        "AP": 100 * _average_precision(responses, is_accepted),
        "found": 100 * float((responses[is_accepted] > 0).mean()) if is_accepted.any() else 0.0,
        "accepted": 100 * float(first.mean()) if len(first) else 0.0,
        "calibration": _calibration_error(
            np.concatenate([part.scores for part in parts]), np.concatenate([part.is_right for part in parts])
        ),
    }


def _average_precision(responses: npt.NDArray[np.float64], is_accepted: npt.NDArray[np.bool_]) -> float:
    from sklearn.metrics import average_precision_score  # a second that only trainings wait for

    return float(average_precision_score(is_accepted, responses)) if is_accepted.any() else 0.0


def _calibration_error(scores: npt.NDArray[np.float64], is_right: npt.NDArray[np.bool_]) -> float:
    """Expected calibration error in points."""
    parts = [part for part in np.array_split(np.argsort(scores, kind="stable"), _BINS) if len(part)]
    gaps = [len(part) * abs(float(scores[part].mean()) - float(is_right[part].mean())) for part in parts]
    return 100 * sum(gaps) / max(1, len(scores))
