"""Greedy merge trees over a region graph: always join the two touching regions of least cost; every node is a possible mask."""

import heapq
from dataclasses import dataclass

import numpy as np
from numba import njit

from freesolo.freemask.region_graph import RegionGraph
from freesolo.freemask.settings import MergeCost
from freesolo.instances import Float32, Int32

COLOUR_SCALE = 30.0
"""Lab distance at which the colour term saturates."""


@dataclass(frozen=True, eq=False)
class MergeTree:
    """n leaves (the regions, nodes 0..n-1) and one node a merge, children before parents; several roots if the graph falls apart."""

    children: Int32
    """(merges, 2) int32 child nodes of node n + k."""
    costs: Float32
    """(merges,) float32 cost of each merge."""
    parents: Int32
    """(nodes,) int32 parent of each node, -1 for a root."""
    persistence: Float32
    """(nodes,) float32 in [0, 1]: (c_parent - c) / c_parent, c being the largest merge cost below a node. How long a node stays alone."""
    leaves: Int32
    """(n,) int32 regions ordered so that those below any node are neighbours in this row."""
    ranges: Int32
    """(nodes, 2) int32: the regions below a node are ``leaves[start:stop]``."""

    def members(self, node: int) -> Int32:
        """The regions below a node, int32."""
        start, stop = self.ranges[node]
        return self.leaves[start:stop]


def build(graph: RegionGraph, cost: MergeCost) -> MergeTree:
    """The merge tree of a region graph under one cost."""
    weights = (cost.features, cost.colour, cost.edge, cost.size, cost.edge_scale)
    children, costs = _merge(
        graph.features, graph.lab, graph.sizes, graph.starts, graph.neighbours, graph.lengths, graph.edges, weights
    )
    return from_merges(len(graph), children, costs)


def from_merges(leaves: int, children: Int32, costs: Float32) -> MergeTree:
    """The tree with all that follows from its merges: children (merges, 2) int32 in order of merging, and their costs."""
    return MergeTree(children, costs, *_shape(leaves, children, costs))


def tree_shape(n: int, children: Int32) -> tuple[Int32, Int32, Int32]:
    """Parents, leaf order and leaf ranges (see `MergeTree`) of a tree over n leaves, from its merges alone."""
    parents, _, leaves, ranges = _shape(n, children, np.zeros(len(children), np.float32))
    return parents, leaves, ranges


@njit(cache=True)
def _cost(
    features: Float32,
    lab: Float32,
    sizes: Float32,
    total: float,
    i: int,
    j: int,
    length: float,
    edge: float,
    weights: tuple[float, float, float, float, float],
) -> float:
    distance = 0.0
    for c in range(features.shape[1]):
        difference = features[i, c] - features[j, c]
        distance += difference * difference
    distance *= weights[0]
    if weights[1] > 0:
        colour = 0.0
        for c in range(3):
            colour += (lab[i, c] - lab[j, c]) ** 2
        distance += weights[1] * min(np.sqrt(colour) / COLOUR_SCALE, 1.0)
    distance += weights[2] * min(edge / length / weights[4], 1.0)
    harmonic = sizes[i] / (sizes[i] + sizes[j]) * sizes[j] / total
    cost: float = (distance + 1e-4) * harmonic ** weights[3]
    return cost


@njit(cache=True)
def _merge(
    region_features: Float32,
    region_lab: Float32,
    region_sizes: Float32,
    starts: Int32,
    neighbours: Int32,
    region_lengths: Float32,
    region_edges: Float32,
    weights: tuple[float, float, float, float, float],
) -> tuple[Int32, Float32]:
    """Children (merges, 2) and costs (merges,) of the greedy merging.

    A node's boundary is a row in a growing pool. Entries name the node they met when the row was made; the node that holds it now is
    found by union-find, and parallel entries add up when the row's owner is merged.
    """
    n = len(region_sizes)
    nodes = 2 * n - 1
    features = np.zeros((nodes, region_features.shape[1]), np.float32)
    features[:n] = region_features
    lab = np.zeros((nodes, 3), np.float32)
    lab[:n] = region_lab
    sizes = np.zeros(nodes, np.float32)
    sizes[:n] = region_sizes
    total = region_sizes.sum()
    holder = np.arange(nodes).astype(np.int32)
    alive = np.ones(nodes, np.bool_)
    rows = [
        (
            neighbours[starts[i] : starts[i + 1]],
            region_lengths[starts[i] : starts[i + 1]],
            region_edges[starts[i] : starts[i + 1]],
        )
        for i in range(n)
    ]
    heap = [(0.0, np.int32(0), np.int32(0)) for _ in range(0)]
    for i in range(n):
        others, lengths, edges = rows[i]
        for k in range(len(others)):
            if others[k] > i:
                cost = _cost(features, lab, sizes, total, i, others[k], lengths[k], edges[k], weights)
                heap.append((cost, np.int32(i), np.int32(others[k])))
    heapq.heapify(heap)
    children = np.empty((n - 1, 2), np.int32)
    costs = np.empty(n - 1, np.float32)
    place = np.full(nodes, -1, np.int32)
    new = n
    while len(heap) > 0 and new < nodes:
        cost, first, second = heapq.heappop(heap)
        i, j = int(first), int(second)
        if not (alive[i] and alive[j]):
            continue
        alive[i] = alive[j] = False
        holder[i] = holder[j] = new
        children[new - n, 0], children[new - n, 1] = i, j
        costs[new - n] = cost
        sizes[new] = sizes[i] + sizes[j]
        features[new] = (features[i] * sizes[i] + features[j] * sizes[j]) / sizes[new]
        lab[new] = (lab[i] * sizes[i] + lab[j] * sizes[j]) / sizes[new]
        capacity = len(rows[i][0]) + len(rows[j][0])
        others, lengths, edges = (
            np.empty(capacity, np.int32),
            np.zeros(capacity, np.float32),
            np.zeros(capacity, np.float32),
        )
        count = 0
        for side in (i, j):
            old_others, old_lengths, old_edges = rows[side]
            for k in range(len(old_others)):
                other = old_others[k]
                while holder[other] != other:
                    holder[other] = holder[holder[other]]
                    other = holder[other]
                if other == new:
                    continue
                if place[other] < 0:
                    place[other] = count
                    others[count] = other
                    count += 1
                lengths[place[other]] += old_lengths[k]
                edges[place[other]] += old_edges[k]
        for k in range(count):
            place[others[k]] = -1
            heapq.heappush(
                heap,
                (
                    _cost(features, lab, sizes, total, new, others[k], lengths[k], edges[k], weights),
                    others[k],
                    np.int32(new),
                ),
            )
        rows.append((others[:count], lengths[:count], edges[:count]))
        new += 1
    return children[: new - n], costs[: new - n]


@njit(cache=True)
def _shape(n: int, children: Int32, costs: Float32) -> tuple[Int32, Float32, Int32, Int32]:
    """Parents, persistence, leaf order and leaf ranges of a tree."""
    nodes = n + len(children)
    parents = np.full(nodes, -1, np.int32)
    highest = np.zeros(nodes, np.float32)
    parent_cost = np.full(nodes, costs.max() if len(costs) else np.float32(0), np.float32)
    counts = np.ones(nodes, np.int32)
    for k in range(len(children)):
        a, b = children[k]
        parents[a] = parents[b] = n + k
        parent_cost[a] = parent_cost[b] = costs[k]
        highest[n + k] = max(costs[k], highest[a], highest[b])
        counts[n + k] = counts[a] + counts[b]
    persistence = np.empty(nodes, np.float32)
    for k in range(nodes):
        above = max(parent_cost[k], highest[k])
        persistence[k] = (above - highest[k]) / (above + 1e-6)
    leaves = np.empty(n, np.int32)
    ranges = np.empty((nodes, 2), np.int32)
    begin = 0
    for k in range(nodes - 1, -1, -1):  # parents come after their children, so going down places each below its parent
        if parents[k] < 0:
            ranges[k, 0] = begin
            ranges[k, 1] = begin + counts[k]
            begin += counts[k]
        if k >= n:
            a, b = children[k - n]
            middle = ranges[k, 0] + counts[a]
            ranges[a, 0], ranges[a, 1] = ranges[k, 0], middle
            ranges[b, 0], ranges[b, 1] = middle, ranges[k, 1]
        else:
            leaves[ranges[k, 0]] = k
    return parents, persistence, leaves, ranges
