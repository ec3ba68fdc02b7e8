"""What more minutes of review are worth: the share of the good proposals that is accepted, against time.

Coverage is the accepted masks by the accepted ones and the good ones still expected among the undecided (the sum of their P(good)). It says
nothing of objects that no proposal shows. The curve is that of somebody who decides the most promising mask first, as the Grid shows them,
at the pace of the latest decisions.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from app.services import goodness
from app.services.quality.pace import Pace, pace_of, too_little
from app.services.workspace import Workspace

MINUTES = 20.0
"""What the sentence is about."""
LONGEST = 120.0
"""Minutes that the curve goes on for, at most: nobody works longer at a stretch."""
_POINTS = 24
_LATEST = 20_000
"""Decisions that the pace is taken from, as the Quality screen does."""

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Effort:
    """What more time is worth."""

    seconds: float | None
    """A decision; None: too little was decided to tell."""
    points: list[tuple[float, float]]
    """(minutes, coverage in [0, 1]), from now on; empty where it cannot be told."""
    sentence: str


def effort(ws: Workspace) -> Effort:
    """The plan for this workspace; what is missing for one, where it cannot be made."""
    with ws.store.read() as tx:
        pace = pace_of(tx.decisions.latest_first_judgements(_LATEST))
        states = tx.images.by_state()
        rows = tx.columns.rows(("pending",), None)
    seconds = None if pace.per_hour is None else 3600 / pace.per_hour
    estimates = goodness.estimates(ws, at_least_once=True)
    if not rows:
        return Effort(seconds, [], "No mask waits for a decision.")
    if seconds is None:
        return Effort(None, [], f"What more minutes are worth is not known yet: {too_little(pace)}")
    if not estimates.calibrated:
        return Effort(seconds, [], f"{seconds:.1f} s a decision. {goodness.summary(ws).sentence}")
    ids, scores = np.array([row.id for row in rows]), np.array([row.score for row in rows])
    gained = gains(estimates.of(ids, scores))
    return Effort(seconds, curve(gained, states["accepted"], seconds), _sentence(gained, states["accepted"], pace))


def gains(p: FloatArray) -> FloatArray:
    """(n,) estimates -> (n + 1,) good masks expected among the first 0 to n decisions, the most promising first."""
    return np.concatenate([[0.0], np.cumsum(np.sort(p)[::-1])])


def coverage(gained: FloatArray, accepted: int, decisions: float) -> float:
    """Share of the good proposals that is accepted after so many more decisions, in [0, 1]; rises with them.

    Args:
        gained: as `gains` gives it.
        accepted: masks that are accepted already.
        decisions: at least 0; a fraction counts as such.
    """
    total = accepted + gained[-1]
    if total <= 0:
        return 0.0
    now = accepted + np.interp(decisions, np.arange(len(gained)), gained)
    return float(min(1.0, now / total))


def curve(gained: FloatArray, accepted: int, seconds: float) -> list[tuple[float, float]]:
    """(minutes, coverage) until everything is decided, or `LONGEST` is over.

    Args:
        gained: as `gains` gives it.
        accepted: masks that are accepted already.
        seconds: a decision, above 0.
    """
    end = min(LONGEST, (len(gained) - 1) * seconds / 60)
    minutes = np.linspace(0, end, _POINTS + 1)
    return [(float(each), coverage(gained, accepted, 60 * float(each) / seconds)) for each in minutes]


def _sentence(gained: FloatArray, accepted: int, pace: Pace) -> str:
    assert pace.per_hour is not None
    now, hours = coverage(gained, accepted, 0), MINUTES / 60
    seconds = 3600 / pace.per_hour
    pending = len(gained) - 1
    if pending <= hours * pace.per_hour:
        return (
            f"{max(1, round(pending * seconds / 60))} more minutes decide all {pending:,} masks that wait: estimated coverage of the good "
            f"proposals {_percent(now)} -> 100 %, at {seconds:.1f} s a decision."
        )
    then = _percent(coverage(gained, accepted, hours * pace.per_hour))
    span = " (rough: there is little to go by yet)"
    if pace.lowest is not None and pace.highest is not None:
        low, high = (coverage(gained, accepted, hours * rate) for rate in (pace.lowest, pace.highest))
        span = f" ({100 * low:.0f} to {100 * high:.0f} by how much your pace varies)"
    return (
        f"{MINUTES:.0f} more minutes here, the most promising masks first: estimated coverage of the good proposals {_percent(now)} -> "
        f"{then}{span}, at {seconds:.1f} s a decision."
    )


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
