"""Masks of all images as one list: filtered, ordered by P(good), by look-alike groups, or by likeness to one mask."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from app.services import goodness, lookalikes
from app.services.workspace import Workspace
from app.store.mask_columns import MaskRow
from app.store.records import InstanceState

Order = Literal["best", "worst", "uncertain"]
"""Highest estimate first, lowest first, nearest to 50 % first."""

LONGEST = 20_000
"""Masks of a list at most."""
_AVERAGE = 5
_ALIKE = 400
"""Neighbours of one mask that are looked at."""


@dataclass(frozen=True)
class Wanted:
    """Which masks, and in which order."""

    states: tuple[InstanceState, ...] = ("pending",)
    category: int | None = None
    """0: not named; None: any."""
    minimum: float = 0.0
    """Lowest estimate."""
    order: Order = "best"
    group: int | None = None
    """Only the masks of this look-alike group, the most typical first."""
    like: int | None = None
    """Only the masks most similar to this one, itself first whatever its state."""


@dataclass(frozen=True)
class Listed:
    """The masks that were asked for."""

    total: int
    """All that match."""
    calibrated: bool
    """Whether the estimates were learnt from decisions; else they are those of the score."""
    rows: list[MaskRow]
    p: list[float]
    """Of each row."""


@dataclass(frozen=True)
class Group:
    """Masks that look alike."""

    number: int
    masks: int
    pending: int
    p: float
    """Mean estimate of its pending masks."""


def listed(ws: Workspace, wanted: Wanted, limit: int = LONGEST) -> Listed:
    """The masks that match, the first ``limit`` of them.

    Raises:
        NotFoundError: the mask to be like is not there.
    """
    chosen: list[int] | None = None
    if wanted.like is not None:
        chosen = lookalikes.of_workspace(ws).like(wanted.like, _ALIKE).tolist()
    elif wanted.group is not None:
        chosen = lookalikes.of_workspace(ws).members(wanted.group).tolist()
    with ws.store.read() as tx:
        rows = tx.columns.rows(wanted.states, wanted.category) if chosen is None else tx.columns.rows_of(chosen)
    if chosen is not None:
        rows = _in_order(rows, chosen, wanted)
    estimates = goodness.estimates(ws, at_least_once=True)
    p = estimates.of(np.array([row.id for row in rows], np.int64), np.array([row.score for row in rows]))
    keep = np.flatnonzero((p >= wanted.minimum) | np.array([row.id == wanted.like for row in rows], np.bool_))
    if chosen is None:
        keep = keep[_order(p[keep], np.array([rows[place].id for place in keep]), wanted.order)]
    first = keep[:limit]
    return Listed(len(keep), estimates.calibrated, [rows[place] for place in first], p[first].tolist())


def now(ws: Workspace, instance_ids: Sequence[int]) -> list[MaskRow]:
    """How these masks are now; those that are gone are left out."""
    with ws.store.read() as tx:
        return tx.columns.rows_of(instance_ids)


def groups(ws: Workspace, order: Order = "best") -> list[Group]:
    """The look-alike groups with pending masks, by mean estimate; ``uncertain``: most pending masks first."""
    alike = lookalikes.of_workspace(ws)
    with ws.store.read() as tx:
        rows = tx.columns.rows(("pending",), None)
    if not len(alike.ids) or not rows:
        return []
    ids = np.array([row.id for row in rows], np.int64)
    p = goodness.estimates(ws, at_least_once=True).of(ids, np.array([row.score for row in rows]))
    places = np.minimum(np.searchsorted(alike.ids, ids), len(alike.ids) - 1)
    known = alike.ids[places] == ids
    number, p = alike.groups[places[known]], p[known]
    pending = Counter(number.tolist())
    masks = Counter(alike.groups.tolist())
    sums = np.bincount(number, weights=p)
    found = [Group(group, masks[group], count, float(sums[group] / count)) for group, count in pending.items()]
    overall = float(p.mean())

    def key(group: Group) -> tuple[float, int]:
        # A few masks say little of a group: their mean counts with so many average ones.
        mean = (group.p * group.pending + overall * _AVERAGE) / (group.pending + _AVERAGE)
        return {"best": -mean, "worst": mean, "uncertain": -group.pending}[order], group.number

    return sorted(found, key=key)


def _in_order(rows: list[MaskRow], chosen: Sequence[int], wanted: Wanted) -> list[MaskRow]:
    """The rows that match, in the order of the chosen ids."""
    by_id = {row.id: row for row in rows}
    present = [by_id[mask] for mask in chosen if mask in by_id]
    return [row for row in present if row.id == wanted.like or _matches(row, wanted)]


def _matches(row: MaskRow, wanted: Wanted) -> bool:
    named = wanted.category is None or (row.category_id or 0) == wanted.category
    return row.state in wanted.states and named


def _order(p: npt.NDArray[np.float64], ids: npt.NDArray[np.int64], order: Order) -> npt.NDArray[np.intp]:
    keys = {"best": -p, "worst": p, "uncertain": np.abs(p - 0.5)}[order]
    places: npt.NDArray[np.intp] = np.lexsort((ids, keys))
    return places
