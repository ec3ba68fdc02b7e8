"""P(good) from decisions: regularised logistic regression, recalibrated and judged across images.

A mask is good if the person accepts it as it is. Rows to learn from (`judged`) are proposals that a person looked at and
accepted or rejected unchanged:

* unsure and pending masks say nothing, also where the image is finished: nobody judged them;
* edited masks are left out: their pixels are no longer the proposal's, and neither are the features;
* what a person drew is left out: it was never a proposal;
* masks that a bulk step decided unseen are left out, else the model would learn from its own guesses.

Everything that is said about the model's quality comes from masks of images that it did not learn from.
"""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from app.services.goodness.features import Float32, facts, log_odds, units
from app.store.mask_columns import MaskTable

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]

ENOUGH = 20
"""Decisions of each kind before anything is learnt."""
IMAGES = 5
"""Images that they must come from: quality is measured on images that were not learnt from."""

_FOLDS = 5
_LARGEST = 20_000
"""Decisions learnt from at most; a random choice beyond."""
_ANCHORS = 4_000
"""Decided masks that neighbours are looked for among, at most."""
_WIDTH = 0.1
"""Of the similarity: weight exp((cosine - 1) / width). Chosen on coco_train among 0.05 and 0.1."""
_SHRINK = 1.0
"""Weight of the overall share beside the neighbours'."""
_STRENGTH = 0.1
"""Inverse of the regularisation of standardised features."""
_LOOSE = 10.0
"""The same of the recalibration, which has one slope alone."""
_ROWS = 2048
"""Masks compared with the anchors at a time: 32 MB."""
_BINS = 10


@dataclass(frozen=True)
class Bin:
    """Masks with nearly the same estimate, and what people made of them."""

    predicted: float
    """Mean estimate."""
    observed: float
    """Share accepted."""
    count: int


@dataclass(frozen=True)
class Quality:
    """How far the estimates can be trusted, measured across images: no image was judged by a model that had seen it."""

    bins: tuple[Bin, ...]
    """Lowest estimate first."""
    brier: float
    log_loss: float
    prior_brier: float
    """Of the score alone, on the same masks."""
    prior_log_loss: float
    auc: float
    """Chance that an accepted mask has a higher estimate than a rejected one."""
    prior_auc: float
    error: float
    """Mean distance of predicted and observed over the bins, by count: the expected calibration error."""


@dataclass(frozen=True, eq=False)
class Checked:
    """Decided masks with the estimate of a model that had not seen their image."""

    p: FloatArray
    accepted: npt.NDArray[np.bool_]
    image_ids: npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Fit:
    """Estimates of all masks of a table."""

    p: FloatArray
    """(n,) in (0, 1)."""
    quality: Quality
    checked: Checked


def prior(scores: npt.NDArray[np.floating]) -> FloatArray:
    """(n,) scores -> (n,) in (0, 1), rising with the score.

    Scores of the proposers `default` and `union` are about the chance of IoU 0.5 with an object on everyday photographs.
    """
    return 0.01 + 0.98 * np.clip(np.asarray(scores, np.float64), 0.0, 1.0)


def judged(table: MaskTable, unseen: Collection[int], people: Collection[str]) -> IntArray:
    """Places in the table of the masks that can be learnt from.

    Args:
        table: all masks.
        unseen: ids of masks that were decided without a look.
        people: names of reviewers, which are the sources of masks that they drew.
    """
    decided = np.isin(table.states, ("accepted", "rejected")) & ~table.edited
    drawn = np.isin(table.sources, list(people)) if people else np.zeros(len(table.ids), np.bool_)
    return np.flatnonzero(decided & ~drawn & ~np.isin(table.ids, list(unseen)))


def enough(accepted: npt.NDArray[np.bool_], image_ids: npt.NDArray[np.int64]) -> bool:
    """Whether there is enough to learn from: both kinds, also when any fifth of the images is left out."""
    if min(accepted.sum(), (~accepted).sum()) < ENOUGH or len(np.unique(image_ids)) < IMAGES:
        return False
    folds = folds_of(image_ids)
    return all(0 < accepted[folds != fold].sum() < (folds != fold).sum() for fold in range(_FOLDS))


def folds_of(image_ids: npt.NDArray[np.int64]) -> IntArray:
    """(n,) number of each mask's fold; masks of one image share it, and the same images always fall alike."""
    unique, places = np.unique(image_ids, return_inverse=True)
    folds = np.arange(len(unique)) % _FOLDS
    np.random.default_rng(0).shuffle(folds)
    return folds[places].astype(np.intp)


def fit(table: MaskTable, rows: IntArray) -> Fit:
    """Learn from the rows (`judged` and `enough`), and estimate every mask of the table."""
    if len(rows) > _LARGEST:
        rows = np.sort(np.random.default_rng(0).choice(rows, _LARGEST, replace=False))
    accepted, folds = table.states[rows] == "accepted", folds_of(table.image_ids[rows])
    features = facts(table)
    shares = _Neighbours(table, rows, accepted, folds)
    own = features[rows]
    within = shares.of(rows)

    def design(fold: int | None, places: IntArray) -> Float32:
        return np.column_stack([own[places], within.without(fold)[places]])

    raw = np.empty(len(rows))
    for fold in range(_FOLDS):
        learn, test = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        raw[test] = _Line.fitted(design(fold, learn), accepted[learn]).log_odds(design(fold, test))
    # Each fold is recalibrated by what the others' unseen images say; so it stays unseen itself.
    crossed = np.empty(len(rows))
    for fold in range(_FOLDS):
        learn, test = folds != fold, folds == fold
        crossed[test] = _Line.fitted(raw[learn, None], accepted[learn], _LOOSE).p(raw[test, None])
    everything = np.column_stack([features, shares.of(np.arange(len(table.ids))).without(None)])
    line = _Line.fitted(design(None, np.arange(len(rows))), accepted)
    p = _Line.fitted(raw[:, None], accepted, _LOOSE).p(line.log_odds(everything)[:, None])
    quality = quality_of(crossed, accepted, prior(table.scores[rows]))
    return Fit(np.clip(p, 1e-4, 1 - 1e-4), quality, Checked(crossed, accepted, table.image_ids[rows]))


def quality_of(p: FloatArray, accepted: npt.NDArray[np.bool_], before: FloatArray) -> Quality:
    """Compare estimates, and the prior's, with what was decided."""
    from sklearn.metrics import roc_auc_score

    order = np.argsort(p, kind="stable")
    parts = [part for part in np.array_split(order, _BINS) if len(part)]
    bins = [Bin(float(p[part].mean()), float(accepted[part].mean()), len(part)) for part in parts]
    error = sum(each.count * abs(each.predicted - each.observed) for each in bins) / len(p)
    return Quality(
        bins=tuple(bins),
        brier=_brier(p, accepted),
        log_loss=_log_loss(p, accepted),
        prior_brier=_brier(before, accepted),
        prior_log_loss=_log_loss(before, accepted),
        auc=float(roc_auc_score(accepted, p)),
        prior_auc=float(roc_auc_score(accepted, before)),
        error=float(error),
    )


def _brier(p: FloatArray, accepted: npt.NDArray[np.bool_]) -> float:
    return float(np.mean((p - accepted) ** 2))


def _log_loss(p: FloatArray, accepted: npt.NDArray[np.bool_]) -> float:
    return float(-np.mean(np.log(np.where(accepted, p, 1 - p))))


@dataclass(frozen=True, eq=False)
class _Line:
    """A fitted logistic regression of standardised features."""

    mean: FloatArray
    scale: FloatArray
    weights: FloatArray
    offset: float

    @classmethod
    def fitted(
        cls, features: npt.NDArray[np.floating], accepted: npt.NDArray[np.bool_], strength: float = _STRENGTH
    ) -> "_Line":
        from sklearn.linear_model import LogisticRegression  # a second and 60 MB that most starts do without

        mean, scale = features.mean(0), features.std(0)
        scale = np.where(scale > 1e-6, scale, 1.0)
        found = LogisticRegression(C=strength, max_iter=500).fit((features - mean) / scale, accepted)
        return cls(mean, scale, found.coef_[0], float(found.intercept_[0]))

    def log_odds(self, features: npt.NDArray[np.floating]) -> FloatArray:
        found: FloatArray = (features - self.mean) / self.scale @ self.weights + self.offset
        return found

    def p(self, features: npt.NDArray[np.floating]) -> FloatArray:
        found: FloatArray = 1 / (1 + np.exp(-self.log_odds(features)))
        return found


@dataclass(frozen=True, eq=False)
class _Shares:
    """Accepted and all weight that each mask's neighbours have, by the fold the neighbours are in."""

    accepted: FloatArray
    """(n, folds)."""
    total: FloatArray
    """(n, folds)."""
    share: FloatArray
    """(folds,) accepted ones among the anchors outside each fold; (folds + 1): the last is of all."""

    def without(self, fold: int | None) -> FloatArray:
        """(n,) log-odds of the neighbours' share accepted, where a fold's masks are not asked."""
        kept = np.arange(self.total.shape[1]) != (-1 if fold is None else fold)
        base = self.share[-1 if fold is None else fold]
        share = (self.accepted[:, kept].sum(1) + _SHRINK * base) / (self.total[:, kept].sum(1) + _SHRINK)
        return log_odds(share)


class _Neighbours:
    """What people decided on masks that look alike. A mask's own image is never asked."""

    def __init__(self, table: MaskTable, rows: IntArray, accepted: npt.NDArray[np.bool_], folds: IntArray) -> None:
        self._table = table
        self._units = units(table)
        chosen = np.arange(len(rows))
        if len(rows) > _ANCHORS:
            chosen = np.sort(np.random.default_rng(1).choice(chosen, _ANCHORS, replace=False))
        self._anchors, self._accepted, self._folds = rows[chosen], accepted[chosen], folds[chosen]

    def of(self, places: IntArray) -> _Shares:
        n = len(self._table.ids)
        accepted, total = np.zeros((n, _FOLDS)), np.zeros((n, _FOLDS))
        members = np.eye(_FOLDS, dtype=np.float32)[self._folds]  # (anchors, folds)
        for at, rows in self._units:
            where = np.full(n, -1)
            where[at] = np.arange(len(at))
            anchors = np.flatnonzero(where[self._anchors] >= 0)
            wanted = places[where[places] >= 0]
            for start in range(0, len(wanted), _ROWS):
                some = wanted[start : start + _ROWS]
                weights = self._weights(rows[where[some]], rows[where[self._anchors[anchors]]])
                own = self._table.image_ids[some][:, None] == self._table.image_ids[self._anchors[anchors]]
                weights[own] = 0
                total[some] = weights @ members[anchors]
                accepted[some] = weights @ (members[anchors] * self._accepted[anchors, None])
        outside = [self._accepted[self._folds != fold] for fold in range(_FOLDS)]
        share = np.array([each.mean() for each in (*outside, self._accepted)])
        return _Shares(accepted[places], total[places], share)

    @staticmethod
    def _weights(rows: Float32, anchors: Float32) -> Float32:
        """(m, d), (k, d) -> (m, k)."""
        cosines: Float32 = rows @ anchors.T
        cosines -= 1
        cosines /= np.float32(_WIDTH)
        np.exp(cosines, out=cosines)
        return cosines
