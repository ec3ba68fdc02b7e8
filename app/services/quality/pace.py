"""How fast masks are decided, without the breaks, and when all will be."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from app.services.workspace import Workspace
from app.store.records import INSTANCE_STATES, InstanceState

BREAK_SECONDS = 120.0
"""A longer time between two decisions of a person was no work on masks."""
ENOUGH_DECISIONS = 50
ENOUGH_SECONDS = 300.0
"""Of work, before which no forecast is made."""

_LATEST = 20_000
"""Decisions that count: those before say little of how fast it goes now."""
_BLOCK_SECONDS = 300.0
"""The interval of the pace comes from how much it differs between such stretches of work."""
_BLOCKS = 4
"""Stretches from which on there is an interval."""


@dataclass(frozen=True)
class Pace:
    """Masks decided and the time that took."""

    decided: int
    seconds: float
    """Of work."""
    per_hour: float | None
    """None: too little was done to tell."""
    lowest: float | None
    highest: float | None
    """95 % interval of the pace; None where it is not known."""


@dataclass(frozen=True)
class Progress:
    """How far the masks are."""

    pace: Pace
    states: dict[InstanceState, int]
    categories: list[tuple[int | None, dict[InstanceState, int]]]
    """(category id or None, masks by state), most accepted first; those of which something was decided or named."""
    forecast: str
    """A sentence."""


def progress(ws: Workspace) -> Progress:
    """Pace, masks by state and by category, and the forecast."""
    with ws.store.read() as tx:
        rows = tx.decisions.latest_first_judgements(_LATEST)
        states = tx.images.by_state()
        counted = tx.instances.by_category()
    pace = pace_of(rows)
    categories: dict[int | None, dict[InstanceState, int]] = {}
    for category, state, number in counted:
        categories.setdefault(category, dict.fromkeys(INSTANCE_STATES, 0))[state] = number
    listed = sorted(categories.items(), key=lambda item: (-item[1]["accepted"], item[0] or 0))
    return Progress(pace, states, listed, _forecast(pace, states["pending"]))


def pace_of(rows: Sequence[tuple[str, str]]) -> Pace:
    """The pace of (who, when) of decisions, oldest first."""
    gaps: list[float] = []
    last: dict[str, float] = {}
    for who, at in rows:
        moment = datetime.fromisoformat(at).timestamp()
        gap = moment - last.get(who, -np.inf)
        if gap <= BREAK_SECONDS:
            gaps.append(max(gap, 0.0))
        last[who] = moment
    seconds = float(sum(gaps))
    if len(gaps) < ENOUGH_DECISIONS or seconds < ENOUGH_SECONDS:
        return Pace(len(rows), seconds, None, None, None)
    rate = 3600 * len(gaps) / seconds
    blocks = np.bincount((np.cumsum(gaps) / _BLOCK_SECONDS).astype(int))[: int(seconds // _BLOCK_SECONDS)]
    if len(blocks) < _BLOCKS:
        return Pace(len(rows), seconds, rate, None, None)
    half = 1.96 * blocks.std(ddof=1) / np.sqrt(len(blocks)) * 3600 / _BLOCK_SECONDS
    return Pace(len(rows), seconds, rate, max(rate - half, 0.1 * rate), rate + half)


def _forecast(pace: Pace, pending: int) -> str:
    if pending == 0:
        return "No mask waits for a decision."
    waiting = "1 mask waits" if pending == 1 else f"{pending:,} masks wait"
    if pace.per_hour is None:
        return f"{waiting}. {too_little(pace)}"
    about = f"{waiting}: about {_hours(pending / pace.per_hour)} of work at {pace.per_hour:,.0f} masks an hour"
    if pace.lowest is None or pace.highest is None:
        return f"{about}. That is rough: there is little to go by yet."
    return f"{about} (95 %: {_hours(pending / pace.highest)} to {_hours(pending / pace.lowest)})."


def too_little(pace: Pace) -> str:
    """What is missing for a forecast."""
    return (
        f"A forecast needs {ENOUGH_DECISIONS} decisions in {ENOUGH_SECONDS / 60:.0f} minutes of work; "
        f"so far: {pace.decided} in {pace.seconds / 60:.0f} min."
    )


def _hours(value: float) -> str:
    if value < 1.5:
        return f"{max(1, round(60 * value))} min"
    return f"{value:.1f} h" if value < 10 else f"{value:,.0f} h"
