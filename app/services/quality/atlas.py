"""A map of the masks: their embeddings in two dimensions, the first principal components."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from app.services import goodness
from app.services.goodness.features import units
from app.services.workspace import Workspace
from app.store.records import INSTANCE_STATES

MOST = 50_000
"""Points that a browser draws and searches at once; of more masks the decided ones and the best of the others are shown."""

_BORDER = 0.02


@dataclass(frozen=True, eq=False)
class Atlas:
    """Points of a map; one entry a mask in each array."""

    ids: npt.NDArray[np.int64]
    image_ids: npt.NDArray[np.int64]
    states: npt.NDArray[np.int64]
    """Index in `INSTANCE_STATES`."""
    points: npt.NDArray[np.float32]
    """(n, 2) in [0, 1]."""
    total: int
    """Masks that have an embedding."""


def atlas(ws: Workspace) -> Atlas:
    """The map of all masks whose embeddings compare: those of the commonest length."""
    estimates = goodness.bring_up_to_date(ws)
    with ws.store.read() as tx:
        table = tx.columns.table()
    nothing = np.empty(0, np.intp), np.empty((0, 2), np.float32)
    positions, rows = max(units(table), key=lambda group: len(group[0]), default=nothing)
    total = len(positions)
    if total > MOST:
        rank = estimates.of(table.ids[positions], table.scores[positions]) + (table.states[positions] != "pending")
        kept = np.sort(np.argsort(-rank, kind="stable")[:MOST])
        positions, rows = positions[kept], rows[kept]
    states = np.array([INSTANCE_STATES.index(state) for state in table.states[positions]], np.int64)
    return Atlas(table.ids[positions], table.image_ids[positions], states, flat(rows), total)


def flat(rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """(n, d) rows -> (n, 2) float32: the two principal components, each scaled to [0, 1] without its outermost hundredths."""
    if not len(rows):
        return np.zeros((0, 2), np.float32)
    centred = rows - rows.mean(axis=0)
    _, vectors = np.linalg.eigh(centred.T @ centred)
    points = centred @ vectors[:, ::-1][:, :2]
    low, high = np.percentile(points, [1, 99], axis=0)
    scaled = _BORDER + (1 - 2 * _BORDER) * (points - low) / np.maximum(high - low, 1e-9)
    return np.asarray(np.clip(scaled, 0, 1), np.float32)
