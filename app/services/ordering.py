"""The order of the queue: computed when somebody asks, then kept, so that nothing moves under the person who works.

An order is a place for each image in the database. Images that come later stand at the end, by name, until it is asked
for again.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from app.services import goodness
from app.services.duplicates import GROUPED
from app.services.looks import refresh
from app.services.workspace import Workspace
from app.store.decisions import now
from app.store.images import Brief
from app.store.looks import Look

Order = Literal["name", "smart", "uncertain", "diverse", "masks", "pending"]
"""``name``; ``masks``: most first; ``pending``: most undecided first; ``uncertain``: those first whose undecided masks
are, on average, hardest to tell good from bad; ``diverse``: each image as unlike all before it as can be; ``smart``:
the same, with the distance weighted by the uncertainty: unlike the others and worth a look."""

Float32 = npt.NDArray[np.float32]

CENTRES = 2000
"""Images that farthest-first picks one by one; the rest follows by the distance to them."""

_KEY = "queue.order"
_CHUNK = 500


@dataclass(frozen=True)
class Arrangement:
    """How the queue is arranged."""

    order: Order
    at: str
    """When, UTC, ISO 8601; empty for the order of a new workspace."""
    newest_mask: int
    """The largest id of a mask then: a larger one now means new proposals."""


@dataclass(frozen=True)
class Standing:
    """The arrangement and how far the workspace has moved on since."""

    arrangement: Arrangement
    unplaced: int
    """Images that the order does not know."""
    new_proposals: bool
    new_groups: bool
    """Whether look-alikes were found since."""


def standing(ws: Workspace) -> Standing:
    """How the queue is arranged, and whether arranging it anew would take something into account."""
    with ws.store.read() as tx:
        text = tx.meta.get(_KEY)
        arrangement = Arrangement(**json.loads(text)) if text else Arrangement("name", "", 0)
        if arrangement.order == "name":
            return Standing(arrangement, 0, new_proposals=False, new_groups=False)
        return Standing(
            arrangement,
            tx.images.unplaced(),
            new_proposals=tx.instances.last_id() > arrangement.newest_mask,
            new_groups=(tx.meta.get(GROUPED) or "") > arrangement.at,
        )


def arrange(ws: Workspace, order: Order) -> Arrangement:
    """Order the queue, and keep the order. Look-alikes count as far as they are known.

    Images without undecided masks come last in ``smart`` and ``uncertain``. Of a group of look-alikes the first stands
    at its place; the others come last in ``diverse`` and ``smart``, in all other orders but ``name`` right behind it.
    """
    if order in ("smart", "diverse"):
        refresh(ws, embeddings=True)
    with ws.store.read() as tx:
        briefs = tx.images.briefs()
        newest = tx.instances.last_id()
    places = [] if order == "name" else _sorted(ws, briefs, order)
    arrangement = Arrangement(order, now(), newest)
    with ws.store.write() as tx:
        tx.images.arrange(places)
        tx.meta.set(_KEY, json.dumps(asdict(arrangement)))
    return arrangement


def _sorted(ws: Workspace, briefs: Sequence[Brief], order: Order) -> list[int]:
    if order == "masks":
        return _together(sorted(briefs, key=lambda brief: -brief.masks))
    if order == "pending":
        return _together(sorted(briefs, key=lambda brief: -brief.pending))
    unsure = uncertainties(ws, [brief.id for brief in briefs if brief.pending]) if order != "diverse" else {}
    if order == "uncertain":
        return _together(sorted(briefs, key=lambda brief: -unsure.get(brief.id, -1.0)))
    singles = [brief for brief in briefs if brief.alike in (None, brief.id)]
    copies = [brief for brief in briefs if brief.alike not in (None, brief.id)]
    if order == "smart":
        rows = [*_spread(ws, [b for b in singles if b.pending], unsure), *(b for b in singles if not b.pending)]
    else:
        rows = _spread(ws, singles, {})
    place = {brief.id: index for index, brief in enumerate(rows)}
    copies.sort(key=lambda brief: place.get(brief.alike or 0, len(place)))
    return [brief.id for brief in (*rows, *copies)]


def _together(briefs: Iterable[Brief]) -> list[int]:
    """Each group of look-alikes at the place of the one of it that comes first."""
    rows: dict[int, list[int]] = {}
    for brief in briefs:
        rows.setdefault(brief.alike or brief.id, []).append(brief.id)
    return [image_id for group in rows.values() for image_id in group]


def uncertainties(ws: Workspace, image_ids: Sequence[int]) -> dict[int, float]:
    """Mean binary entropy, in bits, of how likely each undecided mask is good, by image."""
    estimates = goodness.bring_up_to_date(ws)
    found: dict[int, float] = {}
    for start in range(0, len(image_ids), _CHUNK):
        with ws.store.read() as tx:
            rows = tx.instances.pending_scores(image_ids[start : start + _CHUNK])
        for image_id, masks in rows.items():
            ids, scores = np.array([row[0] for row in masks], np.int64), np.array([row[1] for row in masks])
            found[image_id] = float(entropy(estimates.of(ids, scores)).mean())
    return found


def entropy(likelihood: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Binary entropy in bits, 0 to 1; what lies outside [0, 1] counts as sure."""
    p = np.clip(likelihood, 1e-9, 1 - 1e-9)
    return np.asarray(-(p * np.log2(p) + (1 - p) * np.log2(1 - p)))


def _spread(ws: Workspace, briefs: Sequence[Brief], unsure: dict[int, float]) -> list[Brief]:
    """Farthest first among the images with embeddings that compare (the largest such set); the others behind, by name."""
    with ws.store.read() as tx:
        looks = tx.looks.of_ids([brief.id for brief in briefs])
    space = _commonest_space(looks.values())
    seen = [brief for brief in briefs if brief.id in looks and _space(looks[brief.id]) == space and space is not None]
    rest = [brief for brief in briefs if brief.id not in {each.id for each in seen}]
    if not seen:
        return list(rest)
    rows = np.stack([np.frombuffer(looks[brief.id].embedding or b"", "<f2") for brief in seen]).astype(np.float32)
    weights = np.array([0.1 + unsure.get(brief.id, 0.0) for brief in seen], np.float32) if unsure else None
    return [*(seen[k] for k in farthest_first(rows, weights)), *rest]


def _space(look: Look) -> tuple[str | None, int] | None:
    return None if look.embedding is None else (look.proposer, len(look.embedding))


def _commonest_space(looks: Iterable[Look]) -> tuple[str | None, int] | None:
    counts: dict[tuple[str | None, int], int] = {}
    for look in looks:
        space = _space(look)
        if space is not None:
            counts[space] = counts.get(space, 0) + 1
    return max(counts, key=counts.__getitem__, default=None)


def farthest_first(rows: Float32, weights: Float32 | None = None, centres: int = CENTRES) -> list[int]:
    """k-centre greedy: start at the most typical row, then always the one farthest from all picked so far.

    Args:
        rows: (n, e) float32 of length 1.
        weights: (n,) float32 that the distances are multiplied with, or None.
        centres: picked one by one; the others follow by their distance from these, farthest first.

    Returns:
        All positions.
    """
    count = len(rows)
    scale = np.ones(count, np.float32) if weights is None else weights
    mean = rows.mean(axis=0)
    latest = int((rows @ mean * scale).argmax())
    order = [latest]
    distance = np.full(count, np.inf, np.float32)
    taken = np.zeros(count, bool)
    taken[latest] = True
    for _ in range(min(count, centres) - 1):
        np.minimum(distance, 1 - rows @ rows[latest], out=distance)
        latest = int(np.where(taken, -np.inf, np.maximum(distance, 0) * scale).argmax())
        taken[latest] = True
        order.append(latest)
    np.minimum(distance, 1 - rows @ rows[latest], out=distance)
    left = np.flatnonzero(~taken)
    return [*order, *left[np.argsort(-distance[left] * scale[left], kind="stable")].tolist()]
