"""What a box around an object can mean: tree nodes in it, what is likely in it, and proposals that fill it, ranked by one weighted sum."""

from collections.abc import Sequence

import numpy as np

from freesolo.freemask.box_likeness import Boxed
from freesolo.freemask.click_map import ClickMap
from freesolo.freemask.click_pool import Click, Collector, Pool, clicked_regions
from freesolo.freemask.click_ranking import boundary
from freesolo.instances import Bool, Float32

_THRESHOLDS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7)
"""Probability from which a region is in a set of likely ones."""
_SURE, _POSSIBLE = 0.6, 0.3
"""Probability from which a region joins a node, and below which it leaves one."""
_NODE_INSIDE = 0.6
"""Share of a node that lies in the box at least."""
_NODE_FILLS = 0.12
"""Share of the box that it covers at least."""
_FITS = 0.4
"""IoU of a set's own box with the person's at least, where any has so much."""
_MOST = 250
"""Sets that are ranked: those whose own box fits best."""

_STILL = 5.0
"""Weight of the box while clicks correct what it gave."""

_WEIGHTS = {
    "likely": 2.3,
    "box": 11.9,
    "outside": -15.2,
    "feature_contrast": 3.5,
    "feature_edge": 2.9,
    "colour_contrast": 1.0,
    "colour_edge": 4.3,
    "compactness": 3.7,
    "border": -6.0,
}
"""Fitted once on boxes around the human masks of 73 COCO train photographs; the same for every image."""

CUES = tuple(_WEIGHTS)
"""Columns of `measure`."""


def collect(box: Boxed, clicks: Sequence[Click] = (), others: Sequence[Bool] = ()) -> Pool:
    """All sets worth ranking that hold what the clicks ask for, none of them empty.

    Args:
        box: on the image's regions.
        clicks: in their order.
        others: (n,) sets from elsewhere, such as proposals.
    """
    collector = Collector(*clicked_regions(box.where, clicks))
    inside = box.share > 0.5
    for regions, score in _nodes(box):
        collector.add(regions, score)
        for changed in (regions & inside, regions | (box.likely > _SURE), regions & (box.likely > _POSSIBLE)):
            collector.add(changed)
    for threshold in _THRESHOLDS:
        likely = box.likely > threshold
        collector.add(likely)
        if likely.any():
            collector.add(_largest_part(box.where, likely))
    for number, regions in enumerate(others):
        collector.add(regions, other=number)
    collector.add(inside)
    if not collector.found:
        # The box lies inside one region, or clicks remove all of them: the mask is cut out of the region that has most of the box.
        collector = Collector([], [])
        collector.add(box.share == box.share.max())
    pool = collector.pool()
    fits = _fit(box, pool.sets)
    best = np.argsort(-fits, kind="stable")[:_MOST]
    return pool[np.sort(best[fits[best] >= min(_FITS, float(fits.max()))])]


def rank(box: Boxed, pool: Pool) -> Float32:
    """(k,) float32 logarithmic scores of the sets of a pool, higher is more likely meant."""
    scores: Float32 = measure(box, pool) @ np.array(list(_WEIGHTS.values()), np.float32)
    return scores


def measure(box: Boxed, pool: Pool) -> Float32:
    """(k, cues) float32: IoU to expect from the probabilities of the regions, how well the set fits the box, and cues of objectness."""
    where = box.where
    weights = pool.sets * where.sizes
    area = np.maximum(weights.sum(axis=1), 1)
    common = weights @ box.likely
    dimensions = where.features.shape[1]
    inside = weights @ np.concatenate([where.features, where.lab], axis=1) / area[:, None]
    mean, colour = np.split(inside, [dimensions], axis=1)
    ring, perimeter, edges = boundary(where, pool.sets)
    on_border = pool.sets @ where.border
    outline = np.maximum(perimeter + on_border, 1)
    cues = {
        "likely": np.log(common / (area + box.likely @ where.sizes - common) + 0.02),
        "box": np.log(_fit(box, pool.sets) + 0.02),
        "outside": 1 - weights @ box.share / area,
        "feature_contrast": np.log(np.linalg.norm(mean - ring[:, :dimensions], axis=1) + 0.02),
        "feature_edge": np.log(edges[:, 0] / np.maximum(perimeter, 1) + 0.02),
        "colour_contrast": np.log(np.linalg.norm(colour - ring[:, dimensions:], axis=1) + 1),
        "colour_edge": np.log(edges[:, 1] / np.maximum(perimeter, 1) + 0.1),
        "compactness": np.log(4 * np.pi * area / outline**2 + 0.01),
        "border": on_border / outline,
    }
    return np.stack([cues[name] for name in CUES], axis=1).astype(np.float32)


def fit(box: Boxed, pool: Pool) -> Float32:
    """(k,) float32 what the box adds to the scores of sets that correct its first answer."""
    return np.asarray(_STILL * np.log(_fit(box, pool.sets) + 0.02), np.float32)


def _nodes(box: Boxed) -> list[tuple[Bool, float]]:
    """Nodes of all trees that lie in the box for the most part and fill some of it, and their scores."""
    where, hierarchy = box.where, box.where.hierarchy
    left, top, right, bottom = box.sides
    least = _NODE_FILLS * (right - left) * (bottom - top)
    found: list[tuple[Bool, float]] = []
    for tree in range(hierarchy.trees):
        leaves, ranges = hierarchy.layout(tree)
        sums = np.zeros((len(leaves) + 1, 2))
        np.cumsum(np.stack([where.sizes * box.share, where.sizes], axis=1)[leaves], axis=0, out=sums[1:])
        inside, area = (sums[ranges[:, 1]] - sums[ranges[:, 0]]).T
        for node in np.flatnonzero((inside >= least) & (inside >= _NODE_INSIDE * area)).tolist():
            regions = np.zeros(hierarchy.regions, bool)
            regions[leaves[slice(*ranges[node])]] = True
            found.append((regions, float(hierarchy.scores[tree * hierarchy.per_tree + node])))
    return found


def _largest_part(where: ClickMap, regions: Bool) -> Bool:
    """The largest of the connected parts."""
    parts = where.parts(regions)
    sizes = np.bincount(parts[regions], where.sizes[regions])
    return np.asarray(regions & (parts == sizes.argmax()))


def _fit(box: Boxed, sets: Bool) -> Float32:
    """(k,) float32 IoU of the box around each set with the person's."""
    left, top, right, bottom = box.sides
    x0, y0, x1, y1 = box.where.bounds(sets)
    across = np.maximum(np.minimum(x1, right) - np.maximum(x0, left), 0)
    down = np.maximum(np.minimum(y1, bottom) - np.maximum(y0, top), 0)
    common = across * down
    return np.asarray(common / ((x1 - x0) * (y1 - y0) + (right - left) * (bottom - top) - common), np.float32)
