"""How many of the masks above a threshold are wrong: what bulk accept promises, before and after a blind audit.

Before: N masks with estimates p hold sum(1 - p) wrong ones. The 90 % interval adds two doubts: chance (each mask is a coin
of its own: variance sum p (1 - p)), and calibration: decided images are drawn again with replacement (bootstrap), and each
draw says how much the share of wrong masks among those above the threshold differed from what was estimated, by a model
that had not seen their images.

After: the share wrong is a Beta distribution whose mean and spread are those of the promise, never worth more than
`_TRUST` looked-at masks; the audit's masks are added to it. What is promised of the rest is beta-binomial.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.errors import ReviewError
from app.services import goodness
from app.services.goodness.model import Checked, FloatArray
from app.services.workspace import Workspace

THRESHOLDS = tuple(round(0.3 + 0.01 * step, 2) for step in range(70))
"""0.30 to 0.99."""
AUDIT = 20
"""Masks to be looked at before the rest is accepted."""

_LOW, _HIGH = 0.05, 0.95
_DRAWS = 400
_FEWEST = 30
"""Decided masks that a threshold's calibration is measured on, at least; else those with the highest estimates."""
_TRUST = 40.0


@dataclass(frozen=True)
class Promise:
    """How many of ``count`` masks are wrong."""

    count: int
    wrong: float
    """Expected."""
    low: float
    """90 % interval."""
    high: float


@dataclass(frozen=True)
class Offer:
    """What accepting all pending masks above a threshold would mean."""

    minimum: float
    promise: Promise


def offers(ws: Workspace) -> list[Offer]:
    """One for each threshold above which there are masks; none while the estimates are not calibrated.

    Everything that was decided before counts, so this may take seconds.
    """
    estimates = goodness.bring_up_to_date(ws)
    if estimates.checked is None:
        return []
    with ws.store.read() as tx:
        rows = tx.columns.rows(("pending",), None)
    p = np.sort(estimates.of(np.array([row.id for row in rows], np.int64), np.array([row.score for row in rows])))
    found = []
    for minimum in THRESHOLDS:
        above = p[np.searchsorted(p, minimum) :]
        if len(above):
            found.append(Offer(minimum, before(above, minimum, estimates.checked)))
    return found


def of_masks(ws: Workspace, instance_ids: Sequence[int], minimum: float, good: int, wrong: int) -> Promise:
    """What accepting exactly these masks would mean, once an audit of others found so many good and wrong ones.

    Args:
        ws: the workspace.
        instance_ids: the masks that nobody has looked at.
        minimum: the threshold they are above.
        good: masks of the audit that were accepted.
        wrong: those that were rejected.

    Raises:
        ReviewError: there are no masks, or the estimates are not calibrated.
    """
    estimates = goodness.estimates(ws)
    with ws.store.read() as tx:
        rows = tx.columns.rows_of(instance_ids)
    if not rows:
        raise ReviewError("there is no mask left to accept")
    if estimates.checked is None:
        raise ReviewError(goodness.summary(ws).sentence)
    p = estimates.of(np.array([row.id for row in rows], np.int64), np.array([row.score for row in rows]))
    return after(before(p, minimum, estimates.checked), good, wrong)


def before(p: FloatArray, minimum: float, checked: Checked) -> Promise:
    """The promise for masks with these estimates, all at least ``minimum``."""
    rng = np.random.default_rng(0)
    count, expected = len(p), float(np.sum(1 - p))
    chance = rng.normal(size=_DRAWS) * np.sqrt(np.sum(p * (1 - p)))
    draws = expected + count * _miscalibration(minimum, checked, rng) + chance
    low, high = np.quantile(np.clip(draws, 0, count), (_LOW, _HIGH))
    return Promise(count, expected, min(float(low), expected), max(float(high), expected))


def after(promise: Promise, good: int, wrong: int) -> Promise:
    """The promise for the same number of masks once others of the kind were looked at."""
    from scipy.stats import betabinom  # the server starts without it

    mean = np.clip(promise.wrong / promise.count, 0.001, 0.999)
    spread = max(
        (promise.high - promise.low) / promise.count / 3.29, 1e-3
    )  # 90 % of a normal distribution is 3.29 wide
    weight = float(np.clip(mean * (1 - mean) / spread**2 - 1, 1.0, _TRUST))
    a, b = mean * weight + wrong, (1 - mean) * weight + good
    low, high = betabinom.ppf((_LOW, _HIGH), promise.count, a, b)
    return Promise(promise.count, promise.count * a / (a + b), float(low), float(high))


def _miscalibration(minimum: float, checked: Checked, rng: np.random.Generator) -> FloatArray:
    """(draws,) how much more of the masks above the threshold were wrong than estimated, as shares."""
    chosen = np.flatnonzero(checked.p >= minimum)
    if len(chosen) < _FEWEST:
        chosen = np.argsort(-checked.p, kind="stable")[:_FEWEST]
    images, place = np.unique(checked.image_ids[chosen], return_inverse=True)
    excess = np.bincount(place, weights=checked.p[chosen] - checked.accepted[chosen])
    number = np.bincount(place)
    drawn = rng.integers(0, len(images), (_DRAWS, len(images)))
    found: FloatArray = excess[drawn].sum(1) / number[drawn].sum(1)
    return found
