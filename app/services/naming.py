"""Names that masks probably have, from the names that people gave to masks that look alike.

Nothing is trained: the nearest named masks in the space of the semantic embeddings vote, so that the first names help at once. Only
accepted masks vote, whatever image they are on. A drawn mask has no embedding: it neither votes nor is guessed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from app.services import lookalikes
from app.services.goodness.features import units
from app.services.workspace import Workspace
from app.store.mask_columns import MaskTable

LEAST = 0.5
"""Estimated chance from which a name is suggested."""

_ENOUGH = 20
"""Named masks before anything is said of how good suggestions are."""
_MOST = 4_000
"""Named masks that vote, at most: the newest."""
_WIDTH = 0.1
"""Of the similarity: a vote weighs exp((cosine - 1) / width). Chosen on facade among 0.03 to 0.2 (tests/benchmarks/names.py)."""
_NOBODY = 0.1
"""Weight of the votes for no name at all, for masks like which none is named; chosen there, so that the estimates are about right."""

_MEAN, _SCALE = np.array([-4.0, 0.6, 0.0]), np.array([1.7, 0.2, 0.8])
"""Of `lookalikes.geometry` on everyday photographs: the first named masks are too few to measure them."""


@dataclass(frozen=True)
class Suggestion:
    """A name that a mask probably has."""

    category_id: int
    p: float
    """Estimated chance that it is right, in (0, 1)."""


def suggestions(ws: Workspace, instance_ids: Sequence[int]) -> dict[int, Suggestion]:
    """Names of these masks that are as good as `LEAST`, by id, whether they have one already or not."""
    named = _named(ws)
    if not len(named.ids):
        return {}
    with ws.store.read() as tx:
        table = tx.columns.table_of(instance_ids)
    categories, p = guesses(table, named)
    return {
        int(table.ids[place]): Suggestion(int(categories[place]), float(p[place]))
        for place in np.flatnonzero(p >= LEAST)
    }


def summary(ws: Workspace) -> str:
    """How far suggested names are to be trusted here, in a sentence; empty while too few masks, or all alike, are named to say."""
    named = _named(ws)
    images = len(np.unique(named.image_ids))
    if len(named.ids) < _ENOUGH or images < 2 or len(np.unique(named.categories)) < 2:
        return ""
    categories, p = guesses(named, named, other_images=True)
    suggested = p >= LEAST
    if not suggested.any():
        return f"Names given on one image do not tell those on another yet ({len(named.ids):,} named masks)."
    right = (categories == named.categories)[suggested].mean()
    return (
        f"Of {len(named.ids):,} named masks on {images:,} images, {100 * suggested.mean():.0f} % would get a suggestion from the other "
        f"images, and {100 * right:.0f} % of these suggestions are right."
    )


def guesses(
    table: MaskTable, named: MaskTable, *, other_images: bool = False
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """The likeliest name of each mask.

    Args:
        table: n masks.
        named: masks whose names vote.
        other_images: only those of other images vote: to measure how good the guesses are.

    Returns:
        (n,) category ids and (n,) estimated chances; 0 and 0.0 where nothing is known of a mask's looks.
    """
    found, p = np.zeros(len(table.ids), np.int64), np.zeros(len(table.ids))
    ours, theirs = ((lookalikes.geometry(each) - _MEAN) / _SCALE for each in (table, named))
    voters = {rows.shape[1]: (places, lookalikes.unit_points(rows, theirs[places])) for places, rows in units(named)}
    for places, rows in units(table):
        if rows.shape[1] not in voters:
            continue
        whose, points = voters[rows.shape[1]]
        weights = np.exp((lookalikes.unit_points(rows, ours[places]) @ points.T - 1) / _WIDTH)  # (m, voters)
        asked, voting = (table.image_ids, named.image_ids) if other_images else (table.ids, named.ids)
        weights[asked[places][:, None] == voting[whose]] = 0  # nobody is asked about oneself
        categories, column = np.unique(named.categories[whose], return_inverse=True)
        votes = weights @ np.eye(len(categories), dtype=np.float32)[column]  # (m, categories)
        best = votes.argmax(1)
        found[places] = categories[best]
        p[places] = votes[np.arange(len(best)), best] / (votes.sum(1) + _NOBODY)
    return found, p


_kept: "WeakKeyDictionary[Workspace, tuple[tuple[int, int], MaskTable]]" = WeakKeyDictionary()


def _named(ws: Workspace) -> MaskTable:
    """The masks that vote."""
    with ws.store.read() as tx:
        position = tx.columns.position()
        known = _kept.get(ws)
        if known is None or known[0] != position:
            known = _kept[ws] = (position, tx.columns.table_of(tx.columns.named(_MOST)))
    return known[1]
