"""Who touches whom and what a region looks like, counted pixel by pixel."""

import numpy as np
import torch
import torch.nn.functional as F

from freesolo.freemask import region_graph
from tests.freesolo.freemask.photographs import blobs, lab_of, photograph, random_features, random_graph


def test_neighbours_lengths_and_edges_by_pixel_pairs() -> None:
    labels = blobs(1)
    lab = lab_of(photograph("coffee"))[: labels.shape[0], : labels.shape[1]]
    graph = region_graph.build(labels, lab, random_features(1))
    edge = region_graph.edge_map(lab)
    expected: dict[tuple[int, int], list[float]] = {}
    height, width = labels.shape
    for y in range(height):
        for x in range(width):
            for y1, x1 in ((y + 1, x), (y, x + 1)):
                if y1 < height and x1 < width and labels[y, x] != labels[y1, x1]:
                    strength = float(max(edge[y, x], edge[y1, x1]))
                    for pair in ((labels[y, x], labels[y1, x1]), (labels[y1, x1], labels[y, x])):
                        expected.setdefault(pair, []).append(strength)
    found = {
        (i, int(graph.neighbours[k])): (graph.lengths[k], graph.edges[k])
        for i in range(len(graph))
        for k in range(graph.starts[i], graph.starts[i + 1])
    }
    assert found.keys() == expected.keys()
    for pair, strengths in expected.items():
        assert found[pair][0] == len(strengths)
        assert abs(found[pair][1] - sum(strengths)) < 1e-3 * max(sum(strengths), 1)
    for i in range(len(graph)):
        row = graph.neighbours[graph.starts[i] : graph.starts[i + 1]]
        assert (np.diff(row) > 0).all()


def test_means_boxes_and_borders_by_pixel() -> None:
    labels, features = blobs(2), random_features(2)
    lab = np.random.default_rng(2).random((*labels.shape, 3), np.float32) * 100
    graph = region_graph.build(labels, lab, features)
    maps = {"features": features.affinity, "saliency": features.saliency, "descriptors": features.descriptors}
    large = {
        name: F.interpolate(torch.from_numpy(grid)[None], size=labels.shape, mode="bilinear")[0].numpy()
        for name, grid in maps.items()
    }
    for region in range(len(graph)):
        inside = labels == region
        ys, xs = np.nonzero(inside)
        assert graph.sizes[region] == len(ys)
        assert graph.boxes[region].tolist() == [xs.min(), ys.min(), xs.max(), ys.max()]
        sides = [inside[0].sum(), inside[-1].sum(), inside[:, 0].sum(), inside[:, -1].sum()]
        assert graph.border[region].tolist() == sides
        np.testing.assert_allclose(graph.lab[region], lab[inside].mean(0), rtol=1e-4)
        for name, grid in large.items():
            np.testing.assert_allclose(getattr(graph, name)[region], grid[:, inside].mean(1), atol=1e-4)


def test_one_region_has_no_neighbours() -> None:
    graph = random_graph(3, regions=1)
    assert len(graph) == 1
    assert graph.starts.tolist() == [0, 0]
    assert len(graph.neighbours) == 0
