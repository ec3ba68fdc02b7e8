"""Decisions worth a second look: masks unlike their category, accepted ones that look bad, rejected ones that look good."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from app.services import goodness
from app.services.goodness.features import units
from app.services.workspace import Workspace
from app.store.mask_columns import MaskTable

Kind = Literal["unlike", "accepted", "rejected"]
"""``unlike``: far from the other accepted masks of its category; ``accepted``: with a low P(good); ``rejected``: with a high one."""
KINDS: tuple[Kind, ...] = get_args(Kind)

FEWEST = 10
"""Accepted masks of a category from which it has a centre."""
FAR = 3.5
"""Robust standard deviations from the usual distance to the centre."""
LISTED = 50

Places = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Row:
    """A mask worth a second look."""

    image_id: int
    instance_id: int
    name: str
    """Of the image."""
    detail: str


def outliers(ws: Workspace) -> dict[Kind, list[Row]]:
    """The most striking masks of each kind, worst first."""
    estimates = goodness.estimates(ws)
    with ws.store.read() as tx:
        table = tx.columns.table()
        names = {category.id: category.name for category in tx.categories.all()}
    p = estimates.of(table.ids, table.scores)
    unlike = _unlike(table)[:LISTED]
    accepted = np.flatnonzero(table.states == "accepted")
    rejected = np.flatnonzero(table.states == "rejected")
    chosen: dict[Kind, list[tuple[int, str]]] = {
        "unlike": [
            (k, f"unlike other {names.get(int(table.categories[k]), 'unnamed')} masks ({z:.1f} sd)") for k, z in unlike
        ],
        "accepted": [
            (int(k), f"accepted, est. {100 * p[k]:.0f} % good") for k in accepted[np.argsort(p[accepted])][:LISTED]
        ],
        "rejected": [
            (int(k), f"rejected, est. {100 * p[k]:.0f} % good") for k in rejected[np.argsort(-p[rejected])][:LISTED]
        ],
    }
    if not estimates.calibrated:  # by the score alone these lists would only repeat the order of the review
        chosen["accepted"], chosen["rejected"] = [], []
    with ws.store.read() as tx:
        images = tx.images.of_ids(sorted({int(table.image_ids[k]) for rows in chosen.values() for k, _ in rows}))
    titles = {image.id: image.name for image in images}
    return {
        kind: [
            Row(int(table.image_ids[k]), int(table.ids[k]), titles[int(table.image_ids[k])], text) for k, text in rows
        ]
        for kind, rows in chosen.items()
    }


def _unlike(table: MaskTable) -> list[tuple[int, float]]:
    """(position, robust z) of accepted masks far from the centre of their category, farthest first."""
    found: list[tuple[int, float]] = []
    for positions, rows in units(table):
        accepted = np.flatnonzero(table.states[positions] == "accepted")
        for category in np.unique(table.categories[positions[accepted]]):
            members = accepted[table.categories[positions[accepted]] == category]
            if len(members) >= FEWEST:
                z = robust_z(rows[members])
                found += [(int(positions[k]), float(value)) for k, value in zip(members, z, strict=True) if value > FAR]
    return sorted(found, key=lambda item: -item[1])


def robust_z(rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """(n,) distance of each row to the centre of all, in robust standard deviations above the median."""
    distance = np.linalg.norm(rows - np.median(rows, axis=0), axis=1).astype(np.float64)
    middle = np.median(distance)
    spread = 1.4826 * np.median(np.abs(distance - middle))
    return np.asarray((distance - middle) / max(float(spread), 1e-6))
