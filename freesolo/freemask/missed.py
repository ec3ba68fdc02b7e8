"""Places that look like an object and that no mask covers yet: nodes of an image's merge trees, best first.

The order is that of the proposals' own score, without its liking for large areas (what was missed is small), and with
what the person accepted in this image as examples: another one of these is what is missed most often.
"""

import cv2
import numpy as np

from freesolo.freemask.hierarchy import RegionHierarchy
from freesolo.instances import Bool, Float32, Instances, Int64

SMALLEST, LARGEST = 0.0007, 0.4
"""Shares of the image that a place may have: smaller ones are specks, larger ones mostly background."""
COVERED = 0.3
"""Share of a place under the masks, or IoU with one of them, from which it is no longer open."""
REFUSED = 0.5
"""IoU with a mask that a person refused from which it is the same thing again."""
SAME_PLACE = 0.5
"""Share of the smaller of two places that lies in the other from which only the better is shown."""

_LIKENESS = 4.0
"""Weight of the distance to the features of the nearest accepted mask."""
_AREA = 0.4
"""Weight of the logarithm of the area: what the score of the proposals adds is taken off again."""
_CONSIDERED = 300
"""Best open nodes among which the places are picked."""


def missed(
    hierarchy: RegionHierarchy, accepted: Instances, waiting: Instances, refused: Instances, limit: int = 5
) -> Int64:
    """The best nodes that no mask covers, each place once.

    The constants were chosen on 90 photographs of COCO train, with their human masks; the function sees no label.

    Args:
        hierarchy: of the image.
        accepted: masks that are objects, as a person said.
        waiting: masks that may be objects; they cover places too.
        refused: masks of which a person said that they are none.
        limit: places at most.

    Returns:
        (k,) int64 nodes, best first.
    """
    sizes = np.bincount(hierarchy.labels.ravel(), minlength=hierarchy.regions).astype(np.float32)
    areas = _sums_below(hierarchy, sizes[:, None])[:, 0]
    shares = areas / hierarchy.labels.size
    open_ = (shares >= SMALLEST) & (shares <= LARGEST)
    examples = _pixels_in(hierarchy, accepted)
    covering = np.concatenate([examples, _pixels_in(hierarchy, waiting)], axis=1)
    everything = np.minimum(covering.sum(axis=1, keepdims=True), sizes[:, None])
    open_ &= _sums_below(hierarchy, everything)[:, 0] < COVERED * areas
    open_ &= _best_iou(hierarchy, covering, areas) < COVERED
    open_ &= _best_iou(hierarchy, _pixels_in(hierarchy, refused), areas) < REFUSED
    rank = hierarchy.scores - _AREA * np.log(shares + 1e-4)
    if len(accepted):
        rank -= _LIKENESS * _distance(hierarchy, examples, sizes, areas)
    nodes = np.flatnonzero(open_)
    nodes = nodes[np.argsort(-rank[nodes], kind="stable")][:_CONSIDERED]
    return _distinct(hierarchy, nodes, sizes, limit)


def _pixels_in(hierarchy: RegionHierarchy, masks: Instances) -> Float32:
    """(n, m) float32: pixels of each region, on the grid of the labels, that lie in each mask."""
    rows, columns = hierarchy.labels.shape
    labels = hierarchy.labels.ravel()
    found = np.zeros((hierarchy.regions, len(masks)), np.float32)
    for k in range(len(masks)):
        mask = masks[[k]].decode()[0].astype(np.uint8)
        small = cv2.resize(mask, (columns, rows), interpolation=cv2.INTER_NEAREST)
        found[:, k] = np.bincount(labels[small.ravel() > 0], minlength=hierarchy.regions)
    return found


def _sums_below(hierarchy: RegionHierarchy, values: Float32) -> Float32:
    """(n, m) values of the regions -> (nodes, m) their sums below every node of every tree."""
    sums = []
    for tree in range(hierarchy.trees):
        leaves, ranges = hierarchy.layout(tree)
        running = np.zeros((len(leaves) + 1, values.shape[1]), np.float64)
        np.cumsum(values[leaves], axis=0, out=running[1:])
        sums.append((running[ranges[:, 1]] - running[ranges[:, 0]]).astype(np.float32))
    return np.concatenate(sums)


def _best_iou(hierarchy: RegionHierarchy, pixels: Float32, areas: Float32) -> Float32:
    """(nodes,) float32 IoU of each node with the mask that it overlaps most; zeros where there is no mask."""
    common = _sums_below(hierarchy, pixels)
    union = areas[:, None] + pixels.sum(axis=0)[None] - common
    return np.asarray((common / np.maximum(union, 1)).max(axis=1, initial=0), np.float32)


def _distance(hierarchy: RegionHierarchy, examples: Float32, sizes: Float32, areas: Float32) -> Float32:
    """(nodes,) float32 distance of each node's mean feature to that of the nearest example."""
    features = hierarchy.features.astype(np.float32)
    nodes = _sums_below(hierarchy, sizes[:, None] * features) / areas[:, None]
    means = examples.T @ features / np.maximum(examples.sum(axis=0)[:, None], 1)
    squares = (nodes**2).sum(axis=1)[:, None] + (means**2).sum(axis=1)[None] - 2 * nodes @ means.T
    return np.asarray(np.sqrt(np.maximum(squares.min(axis=1), 0)), np.float32)


def _distinct(hierarchy: RegionHierarchy, nodes: Int64, sizes: Float32, limit: int) -> Int64:
    """The first of ``nodes`` that do not repeat one before."""
    kept: list[int] = []
    inside: list[Bool] = []
    for node in nodes.tolist():
        mine = np.zeros(hierarchy.regions, bool)
        mine[hierarchy.members(node)] = True
        area = sizes[mine].sum()
        if all(sizes[mine & other].sum() < SAME_PLACE * min(area, sizes[other].sum()) for other in inside):
            kept.append(node)
            inside.append(mine)
        if len(kept) == limit:
            break
    return np.asarray(kept, np.int64)
