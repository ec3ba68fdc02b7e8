"""What scores are worth by masks that people drew: puts the masks of two proposers on one scale, for `freesolo.union`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from freesolo.instances import Instances
from freesolo.solo.weights import Card
from trainers.errors import UsageError
from trainers.fusing import QUANTILES
from trainers.records import Record, latest

HIT = 0.5
"""IoU with a drawn mask from which a mask counts as right."""
_LEAST = 1e-4
"""Added to scores before their logarithm is taken."""
_EVIDENCE = 1.0
"""Right and wrong masks that each proposer is given in advance, so that few images make no certainty."""


@dataclass(frozen=True)
class Worth:
    """The chance that a mask is right rises with its score s: log-odds = slope * ln(s) + offset."""

    slope: float
    """Above 0."""
    offset: float

    def log_odds(self, scores: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
        """(n,) scores -> (n,)."""
        found: npt.NDArray[np.float64] = self.slope * np.log(np.asarray(scores, np.float64) + _LEAST) + self.offset
        return found

    def score_of(self, log_odds: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """The inverse of `log_odds`; odds that no score has lead far outside [0, 1], but stay finite as float32."""
        found: npt.NDArray[np.float64] = np.exp(np.clip((log_odds - self.offset) / self.slope, -50, 50)) - _LEAST
        return found


def measured(scores: npt.NDArray[np.floating], is_right: npt.NDArray[np.bool_]) -> Worth:
    """Fit by maximum likelihood (Newton); a proposer whose better scores are not better gets a slope near 0.

    Args:
        scores: (n,) of masks.
        is_right: (n,) whether each is.
    """
    x = np.log(np.asarray(scores, np.float64) + _LEAST)
    middle, spread = x.mean(), max(float(x.std()), 1e-6)
    design = np.column_stack([(x - middle) / spread, np.ones(len(x))])
    # One right and one wrong mask of mean score each, so that the fit stays finite.
    design = np.concatenate([design, [[0, 1], [0, 1]]])
    right = np.concatenate([is_right, [True, False]]).astype(np.float64)
    weights = np.concatenate([np.ones(len(x)), [_EVIDENCE, _EVIDENCE]])
    line = np.zeros(2)
    for _ in range(50):
        p = 1 / (1 + np.exp(-design @ line))
        gradient = design.T @ (weights * (right - p)) - [1e-3 * line[0], 0]
        curvature = (design * (weights * p * (1 - p))[:, None]).T @ design + np.diag([1e-3, 1e-9])
        step = np.clip(np.linalg.solve(curvature, gradient), -2, 2)
        line += step
        if np.abs(step).max() < 1e-8:
            break
    slope = max(float(line[0]), 1e-2) / spread
    return Worth(slope, float(line[1]) - slope * float(middle))


def card_with_worth(card: Card, own: Path, teacher: Path, truth: Mapping[str, Instances]) -> Card:
    """The card with what the network's and the teacher's scores are worth, on one scale.

    Args:
        card: of the network.
        own: its masks, a results file.
        teacher: the teacher's.
        truth: drawn masks by path of the image.

    Raises:
        UsageError: one of the files has no mask on these images.
        CodecError: a line is damaged.
    """
    found = {"solo": _judged(own, truth), "teacher": _judged(teacher, truth)}
    worth = {name: measured(*part) for name, part in found.items()}
    pooled = np.concatenate([worth[name].log_odds(scores) for name, (scores, _) in found.items()])
    common = np.quantile(pooled, np.linspace(0, 1, QUANTILES))
    quantiles = {name: tuple(np.maximum.accumulate(each.score_of(common)).tolist()) for name, each in worth.items()}
    # Where a proposer's scores tell little, those that a certain mask would have lie far outside [0, 1]: the list is scored by chances.
    quantiles["result"] = tuple((1 / (1 + np.exp(-common))).tolist())
    return card.model_copy(update={"score_quantiles": quantiles})


def _judged(results: Path, truth: Mapping[str, Instances]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    records = [record for record in latest(results) if isinstance(record, Record) and record.path in truth]
    if not sum(len(record.instances) for record in records):
        raise UsageError(f"{results} has no mask on the {len(truth)} images that people drew on")
    scores = np.concatenate([record.instances.scores for record in records])
    return scores, np.concatenate(list(_hits(records, truth)))


def _hits(records: Iterable[Record], truth: Mapping[str, Instances]) -> Iterable[npt.NDArray[np.bool_]]:
    for record in records:
        drawn = truth[record.path]
        if len(drawn) and len(record.instances):
            yield record.instances.iou(drawn).max(axis=1) >= HIT
        else:
            yield np.zeros(len(record.instances), bool)
