"""The pool holds every set once."""

import itertools

import numpy as np

from freesolo.freemask import candidates, merge_tree
from freesolo.freemask.queries import query_masks
from freesolo.freemask.settings import GroupingSettings
from tests.freesolo.freemask.photographs import random_features, random_graph


def test_equal_sets_become_one_with_the_largest_persistence() -> None:
    graph = random_graph(4)
    trees = [merge_tree.build(graph, cost) for cost in GroupingSettings().trees[:3]]
    starts, regions = query_masks(graph, random_features(4).affinity, (0.15, 0.4))
    pool = candidates.collect(len(graph), trees, starts, regions)
    expected: dict[frozenset[int], float] = {}
    for tree in trees:
        for node in range(len(tree.parents)):
            members = frozenset(tree.members(node).tolist())
            expected[members] = max(expected.get(members, 0), tree.persistence[node])
    for begin, end in itertools.pairwise(starts):
        expected.setdefault(frozenset(regions[begin:end].tolist()), 0)
    found = {frozenset(pool.members(k).tolist()): pool.persistence[k] for k in range(len(pool))}
    assert len(found) == len(pool)
    assert found == expected
    for number, tree in enumerate(trees):
        for node in range(len(tree.parents)):
            same = pool.members(pool.of_node[number, node])
            assert set(same.tolist()) == set(tree.members(node).tolist())
    assert pool.of_node.shape == (3, 2 * len(graph) - 1)
    assert np.isfinite(pool.persistence).all()
