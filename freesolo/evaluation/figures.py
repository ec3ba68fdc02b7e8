"""From the outcome of matching to figures: COCOeval's accumulation over any selection of the images."""

import contextlib
import io
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from freesolo.evaluation.matching import Matches, Protocol, evaluation_of

SIZES = {"small": 1, "medium": 2, "large": 3}
"""COCO's sizes and their place among its ranges of areas."""


@dataclass(frozen=True)
class Scores:
    """Figures in percent, by their usual names."""

    figures: dict[str, float]
    """Protocol ``coco``: AP, AP50, AP75, AR1, AR10, AR100, AR_small, AR_medium, AR_large; ``s1``: AP*, AP*_medium, AP*_large; for
    boxes CorLoc, and with classes AP_small, AP_medium, AP_large. -1 where no object has that size."""
    intervals: dict[str, tuple[float, float]]
    """2.5 % and 97.5 % quantiles over resampled images, where asked for."""
    objects: int
    detections: int
    images: int
    by_class: dict[str, dict[str, float]] = field(default_factory=dict)
    """With classes, for each that has objects: its AP (``s1``: AP*), AP50, and ``objects``, how many."""


class _Curves(NamedTuple):
    """COCOeval's arrays; -1 where there is no object."""

    precision: npt.NDArray[np.float64]
    """(thresholds, recalls, categories, areas, detection limits)."""
    recall: npt.NDArray[np.float64]
    """(thresholds, categories, areas, detection limits)."""


def figures(matches: Matches, images: Sequence[int], protocol: Protocol, classes: bool) -> dict[str, float]:
    """The figures over a selection of the images, by their place, in which one may stand several times."""
    precision, recall = _curves(matches, images, protocol)
    if protocol == "s1":
        names = ("AP*", "AP*_medium", "AP*_large")
        return {name: _mean(precision[:, :, :, area, 2]) for area, name in enumerate(names)}
    found = {
        "AP": _mean(precision[:, :, :, 0, 2]),
        "AP50": _mean(precision[0, :, :, 0, 2]),
        "AP75": _mean(precision[5, :, :, 0, 2]),
    }
    if classes:
        found |= {f"AP_{size}": _mean(precision[:, :, :, area, 2]) for size, area in SIZES.items()}
    found |= {f"AR{limit}": _mean(recall[:, :, 0, k]) for k, limit in enumerate((1, 10, 100))}
    found |= {f"AR_{size}": _mean(recall[:, :, area, 2]) for size, area in SIZES.items()}
    if matches.single:
        found["CorLoc"] = 100 * float(np.mean(matches.single))
    return found


def by_class(
    matches: Matches, protocol: Protocol, names: Sequence[str], annotations: list[dict[str, Any]]
) -> dict[str, dict[str, float]]:
    """As `Scores.by_class`; ``names`` and ``annotations`` of the normalised ground truth."""
    precision = _curves(matches, range(len(matches.areas[0])), protocol).precision
    objects = Counter(row["category_id"] for row in annotations if not row["iscrowd"])
    return {
        name: {
            "AP*" if protocol == "s1" else "AP": _mean(precision[:, :, place, 0, 2]),
            "AP50": _mean(precision[0, :, place, 0, 2]),
            "objects": objects[place + 1],
        }
        for place, name in enumerate(names)
        if objects[place + 1]
    }


def intervals(matches: Matches, protocol: Protocol, classes: bool, times: int) -> dict[str, tuple[float, float]]:
    """2.5 % and 97.5 % quantiles of each figure over ``times`` resamplings of the images."""
    rng = random.Random(0)  # noqa: S311 - a resampling, no secret
    everything = range(len(matches.areas[0]))
    runs = [figures(matches, rng.choices(everything, k=len(everything)), protocol, classes) for _ in range(times)]
    low, high = int(0.025 * times), int(0.975 * times) - 1
    found = {}
    for name in runs[0]:
        values = sorted(run[name] for run in runs)
        if name != "CorLoc":  # it is not resampled
            found[name] = (values[low], values[max(high, 0)])
    return found


def _curves(matches: Matches, images: Sequence[int], protocol: Protocol) -> _Curves:
    evaluation = evaluation_of("masks", protocol, 1)  # the kind matters to matching only
    categories = len(matches.areas) // len(evaluation.params.areaRng)
    evaluation.params.catIds = list(range(1, categories + 1))
    evaluation.params.imgIds = list(range(len(images)))
    evaluation.evalImgs = [area[image] for area in matches.areas for image in images]
    evaluation._paramsEval = evaluation.params
    with contextlib.redirect_stdout(io.StringIO()):
        evaluation.accumulate()
    return _Curves(evaluation.eval["precision"], evaluation.eval["recall"])


def _mean(values: npt.NDArray[np.float64]) -> float:
    """In percent over what is defined; -1 if nothing is, as COCOeval has it."""
    defined = values[values > -1]
    return 100 * float(defined.mean()) if defined.size else -1.0
