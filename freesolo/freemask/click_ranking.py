"""Which of the sets that clicks allow is meant: one weighted sum of cues, none of which needs a label."""

from collections.abc import Sequence

import numpy as np

from freesolo.freemask.click_map import ClickMap
from freesolo.freemask.click_pool import Click, Pool
from freesolo.instances import Bool, Float32

_WEIGHTS = {
    "area": (-0.41, -0.43),
    "area_squared": (0.35, 0.41),
    "feature_variance": (0.38, -0.13),
    "feature_contrast": (0.06, 0.47),
    "feature_edge": (1.84, 1.65),
    "colour_contrast": (1.47, 0.72),
    "colour_edge": (1.72, 0.80),
    "compactness": (1.55, 1.40),
    "box_fill": (0.75, 0.79),
    "border": (-7.76, -2.67),
    "likeness": (2.02, 2.39),
    "depth": (3.41, 2.71),
    "offset": (-3.67, -1.66),
    "node": (-1.36, 0.55),
    "node_score": (0.11, 0.11),
    "kept": (0.00, 1.27),
    "change_depth": (0.00, 2.86),
    "change_offset": (0.00, 0.01),
}
"""Of each cue for the first click of a new mask, and for every click that corrects one. Fitted once, on clicks simulated on COCO train
photographs with their human masks; the same for every image."""

CUES = tuple(_WEIGHTS)
"""Columns of `measure`."""


def rank(where: ClickMap, clicks: Sequence[Click], base: Bool | None, pool: Pool) -> Float32:
    """(k,) float32 logarithmic scores of the sets of a pool, higher is more likely meant."""
    weights = np.array([pair[base is not None] for pair in _WEIGHTS.values()], np.float32)
    scores: Float32 = measure(where, clicks, base, pool) @ weights
    return scores


def measure(where: ClickMap, clicks: Sequence[Click], base: Bool | None, pool: Pool) -> Float32:
    """(k, cues) float32.

    People click near the middle of what they mean. So beside the cues of objectness (as `freesolo.freemask.cues`, on the regions
    alone) count how deep the first click lies in the set, and how deep the last one lies in what it changes.
    """
    sets = pool.sets
    total = where.rows * where.columns
    weights = sets * where.sizes  # float32, so that the products below run in BLAS
    area = np.maximum(weights.sum(axis=1), 1)
    inside = (
        weights @ np.concatenate([where.features, where.lab, (where.features**2).sum(1, keepdims=True)], axis=1)
    ) / area[:, None]
    dimensions = where.features.shape[1]
    mean, colour, square = np.split(inside, [dimensions, dimensions + 3], axis=1)
    ring, perimeter, edges = boundary(where, sets)
    on_border = sets.astype(np.float32) @ where.border
    outline = np.maximum(perimeter + on_border, 1)
    positive = [click for click in clicks if click.adds] or [_middle(where, base)]
    depth, offset = _depth(where, sets, area, positive[0])
    query = where.unit[[where.hierarchy.region_at(click.x, click.y) for click in positive]].mean(axis=0)
    size = np.log(area / total)
    cues = {
        "area": size,
        "area_squared": size**2 / 10,
        "feature_variance": np.log(np.maximum(square[:, 0] - (mean**2).sum(axis=1), 0) + 0.005),
        "feature_contrast": np.log(np.linalg.norm(mean - ring[:, :dimensions], axis=1) + 0.02),
        "feature_edge": np.log(edges[:, 0] / np.maximum(perimeter, 1) + 0.02),
        "colour_contrast": np.log(np.linalg.norm(colour - ring[:, dimensions:], axis=1) + 1),
        "colour_edge": np.log(edges[:, 1] / np.maximum(perimeter, 1) + 0.1),
        "compactness": np.log(4 * np.pi * area / outline**2 + 0.01),
        "box_fill": np.log(area / _box_areas(where, sets) + 0.01),
        "border": on_border / outline,
        "likeness": _unit(mean) @ query,
        "depth": depth,
        "offset": offset,
        "node": pool.is_node,
        "node_score": np.where(pool.is_node, pool.scores, 0),
    }
    if base is None:
        cues |= dict.fromkeys(("kept", "change_depth", "change_offset"), np.zeros(len(sets), np.float32))
    else:
        common = weights @ base.astype(np.float32)
        changes = sets ^ base
        changed = np.maximum((changes * where.sizes).sum(axis=1), 1)
        cues["kept"] = common / (area + where.sizes[base].sum() - common)
        cues["change_depth"], cues["change_offset"] = _depth(where, changes, changed, clicks[-1])
    return np.stack([cues[name] for name in CUES], axis=1).astype(np.float32)


def _middle(where: ClickMap, base: Bool | None) -> Click:
    """Where a person would have clicked who got the base otherwise: in the region of it that is nearest to its centre."""
    assert base is not None  # without one the clicks have to add
    regions = np.flatnonzero(base) if base.any() else np.arange(len(where.sizes))
    centre = where.sizes[regions] @ where.centres[regions] / where.sizes[regions].sum()
    x, y = where.centres[regions[np.linalg.norm(where.centres[regions] - centre, axis=1).argmin()]].tolist()
    height, width = where.hierarchy.size
    return Click(x * width / where.columns, y * height / where.rows, adds=True)


def boundary(where: ClickMap, sets: Bool) -> tuple[Float32, Float32, Float32]:
    """Mean features and colour of what touches each set (by length of contact); length of contact; feature and image edge along it."""
    outside = (~sets).astype(np.float32)
    contact, *edges = (np.asarray(weights @ sets.T.astype(np.float32)).T * outside for weights in where.contacts)
    perimeter = contact.sum(axis=1)
    ring = contact @ np.concatenate([where.features, where.lab], axis=1) / np.maximum(perimeter, 1e-3)[:, None]
    return ring, perimeter, np.stack([edge.sum(axis=1) for edge in edges], axis=1)


def _depth(where: ClickMap, sets: Bool, area: Float32, click: Click) -> tuple[Float32, Float32]:
    """How far a click lies from the outside of each set (logarithm), and from its centre; both relative to its size."""
    x, y = where.place(click.x, click.y)
    side = np.sqrt(area)
    away = np.where(sets, np.float32(1e6), where.distances(x, y)).min(axis=1)
    depth = np.log(np.minimum(away, max(where.rows, where.columns)) / side + 0.05)
    centres = (sets * where.sizes) @ where.centres / area[:, None]
    return depth, np.hypot(centres[:, 0] - x, centres[:, 1] - y) / side


def _box_areas(where: ClickMap, sets: Bool) -> Float32:
    x0, y0, x1, y1 = where.bounds(sets)
    areas: Float32 = np.maximum(x1 - x0, 1) * np.maximum(y1 - y0, 1)
    return areas


def _unit(rows: Float32) -> Float32:
    unit: Float32 = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6)
    return unit
