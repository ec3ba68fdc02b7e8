"""The compiled merging against a plain one that looks at all pairs each time."""

import numpy as np
import pytest

from freesolo.freemask import merge_tree
from freesolo.freemask.region_graph import RegionGraph
from freesolo.freemask.settings import GroupingSettings, MergeCost
from tests.freesolo.freemask.photographs import random_graph

COSTS = GroupingSettings().trees


def slow_merges(graph: RegionGraph, cost: MergeCost) -> list[tuple[frozenset[int], float]]:
    """The region set and cost of every merge, in order; each time the cheapest touching pair of all."""
    pairs: dict[frozenset[frozenset[int]], np.ndarray] = {}
    leaves = [frozenset({i}) for i in range(len(graph))]
    for i in range(len(graph)):
        for k in range(graph.starts[i], graph.starts[i + 1]):
            pair = frozenset({leaves[i], leaves[graph.neighbours[k]]})
            pairs[pair] = np.array([graph.lengths[k], graph.edges[k]], np.float64)
    stats = {
        leaf: (graph.sizes[i], graph.features[i].astype(float), graph.lab[i].astype(float))
        for i, leaf in enumerate(leaves)
    }
    total = graph.sizes.sum()

    def price(pair: frozenset[frozenset[int]]) -> float:
        (n_a, f_a, c_a), (n_b, f_b, c_b) = (stats[side] for side in pair)
        length, edge = pairs[pair]
        distance = cost.features * ((f_a - f_b) ** 2).sum()
        distance += cost.colour * min(np.linalg.norm(c_a - c_b) / 30, 1)
        distance += cost.edge * min(edge / length / cost.edge_scale, 1)
        return (distance + 1e-4) * (n_a * n_b / (n_a + n_b) / total) ** cost.size

    merges = []
    while pairs:
        pair = min(pairs, key=price)
        merges.append((frozenset.union(*pair), price(pair)))
        (n_a, f_a, c_a), (n_b, f_b, c_b) = (stats.pop(side) for side in pair)
        union = merges[-1][0]
        stats[union] = (n_a + n_b, (n_a * f_a + n_b * f_b) / (n_a + n_b), (n_a * c_a + n_b * c_b) / (n_a + n_b))
        del pairs[pair]
        for old in [other for other in pairs if other & pair]:
            values = pairs.pop(old)
            (rest,) = old - pair
            pairs[frozenset({rest, union})] = pairs.get(frozenset({rest, union}), 0) + values
    return merges


@pytest.mark.parametrize("cost", COSTS)
@pytest.mark.parametrize("seed", range(3))
def test_equal_to_the_plain_merging(seed: int, cost: MergeCost) -> None:
    graph = random_graph(seed)
    tree = merge_tree.build(graph, cost)
    expected = slow_merges(graph, cost)
    n = len(graph)
    assert [frozenset(tree.members(n + k).tolist()) for k in range(n - 1)] == [regions for regions, _ in expected]

    highest = np.zeros(2 * n - 1)
    above = np.full(2 * n - 1, expected[-1][1])
    for k, (_, price) in enumerate(expected):
        children = tree.children[k]
        highest[n + k] = max(price, *highest[children])
        above[children] = price
    above = np.maximum(above, highest)
    np.testing.assert_allclose(tree.persistence, (above - highest) / (above + 1e-6), atol=1e-4)


def test_shape_of_the_tree() -> None:
    graph = random_graph(7, regions=80)
    tree = merge_tree.build(graph, COSTS[0])
    n = len(graph)
    assert sorted(tree.leaves.tolist()) == list(range(n))
    assert tree.parents[-1] == -1
    assert (tree.parents[:-1] > np.arange(2 * n - 2)).all()
    for node in range(n):
        assert tree.members(node).tolist() == [node]
    for k, (a, b) in enumerate(tree.children):
        assert tree.parents[a] == tree.parents[b] == n + k
        assert sorted(tree.members(n + k).tolist()) == sorted([*tree.members(a), *tree.members(b)])
    assert ((tree.persistence >= 0) & (tree.persistence <= 1)).all()
    parents, leaves, ranges = merge_tree.tree_shape(n, tree.children)
    for again, first in ((parents, tree.parents), (leaves, tree.leaves), (ranges, tree.ranges)):
        np.testing.assert_array_equal(again, first)


def test_a_single_region_is_a_tree_of_one_node() -> None:
    graph = random_graph(0, regions=1)
    tree = merge_tree.build(graph, COSTS[0])
    assert tree.children.shape == (0, 2)
    assert tree.parents.tolist() == [-1]
    assert tree.members(0).tolist() == [0]
