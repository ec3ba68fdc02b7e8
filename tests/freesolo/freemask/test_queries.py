"""Free Mask on superpixels against scipy's connected components."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from freesolo.freemask.queries import query_masks
from tests.freesolo.freemask.photographs import random_features, random_graph

THRESHOLDS = (0.15, 0.4)


@pytest.mark.parametrize("seed", range(3))
def test_component_of_the_most_similar_region(seed: int) -> None:
    graph, affinity = random_graph(seed), random_features(seed).affinity
    starts, regions = query_masks(graph, affinity, THRESHOLDS)
    cells = affinity[:, 1::3, 1::3].reshape(len(affinity), -1).T
    block = (
        affinity[:, :, :].reshape(len(affinity), 1, 6, 2, 4).mean((2, 4)).reshape(len(affinity), -1).T
    )  # 6 x 8 -> 1 x 2
    queries = np.concatenate([cells, block])
    assert len(starts) == len(THRESHOLDS) * len(queries) + 1
    touching = csr_matrix((graph.lengths, graph.neighbours, graph.starts), shape=(len(graph),) * 2)
    keys = graph.features / np.linalg.norm(graph.features, axis=1, keepdims=True)
    similarity = queries / np.linalg.norm(queries, axis=1, keepdims=True) @ keys.T
    for mask in range(len(starts) - 1):
        row = similarity[mask % len(queries)]
        peak = row.argmax()
        above = np.flatnonzero(row >= THRESHOLDS[mask // len(queries)] * row[peak])
        component = connected_components(touching[above][:, above], directed=False)[1]
        expected = above[component == component[np.searchsorted(above, peak)]]
        assert sorted(regions[starts[mask] : starts[mask + 1]].tolist()) == expected.tolist()


def test_a_map_of_one_cell_still_gives_masks_or_none() -> None:
    graph = random_graph(0)
    starts, _ = query_masks(graph, random_features(0, grid=(2, 2)).affinity, THRESHOLDS)
    assert len(starts) == 1 + len(THRESHOLDS)  # one subsampled cell, no whole block
    starts, regions = query_masks(graph, random_features(0, grid=(1, 1)).affinity, THRESHOLDS)
    assert len(starts) == 1
    assert len(regions) == 0
