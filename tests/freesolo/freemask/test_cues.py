"""Every cue by its definition, pixel by pixel and region by region, on small label maps."""

import dataclasses

import numpy as np
import pytest

from freesolo.freemask import candidates, cues, merge_tree
from freesolo.freemask.queries import query_masks
from freesolo.freemask.region_graph import RegionGraph
from freesolo.freemask.settings import GroupingSettings
from tests.freesolo.freemask.photographs import random_features, random_graph


def by_definition(graph: RegionGraph, members: np.ndarray, likeness: np.ndarray) -> dict[str, float]:
    inside = np.isin(np.arange(len(graph)), members)
    mask = inside[graph.labels]
    n = graph.sizes.astype(float)
    share = n[inside] / n[inside].sum()
    mean = share @ graph.features[inside]
    contact = np.zeros(len(graph))  # length of the boundary with each region outside
    edge = 0.0
    for i in np.flatnonzero(inside):
        for k in range(graph.starts[i], graph.starts[i + 1]):
            if not inside[graph.neighbours[k]]:
                contact[graph.neighbours[k]] += graph.lengths[k]
                edge += graph.edges[k]
    padded = np.pad(mask, 1)
    outline = sum(
        (padded & ~np.roll(padded, 1, axis)).sum() + (padded & ~np.roll(padded, -1, axis)).sum() for axis in (0, 1)
    )
    sides = np.array([mask[0].mean(), mask[-1].mean(), mask[:, 0].mean(), mask[:, -1].mean()])
    on_border = mask[0].sum() + mask[-1].sum() + mask[:, 0].sum() + mask[:, -1].sum()
    ring = contact > 0
    around = n[ring] @ graph.features[ring] / n[ring].sum() if ring.any() else np.zeros_like(mean)
    colour = contact @ graph.lab / contact.sum() if ring.any() else np.zeros(3)
    ys, xs = np.nonzero(mask)
    return {
        "area": mask.mean(),
        "colour_contrast": float(np.linalg.norm(share @ graph.lab[inside] - colour)),
        "boundary_edge": edge / max(contact.sum(), 1),
        "feature_variance": float(share @ ((graph.features[inside] - mean) ** 2).sum(1)),
        "feature_contrast": float(np.linalg.norm(mean - around)),
        "compactness": 4 * np.pi * mask.sum() / outline**2,
        "box_fill": mask.sum() / ((np.ptp(ys) + 1) * (np.ptp(xs) + 1)),
        "head_energy": float(share @ graph.saliency[inside, 0]),
        "feature_norm": float(share @ graph.saliency[inside, 1]),
        "border_share": on_border / outline,
        "sides_touched": float((sides > 0.02).sum()),
        "background": float(share @ likeness[inside]),
    }


@pytest.mark.parametrize("seed", range(3))
def test_cues_by_their_definitions(seed: int) -> None:
    graph = random_graph(seed, regions=18)
    trees = [merge_tree.build(graph, cost) for cost in GroupingSettings().trees[:2]]
    pool = candidates.collect(len(graph), trees, *query_masks(graph, random_features(seed).affinity, (0.15, 0.4)))
    measured = cues.measure(graph, pool)
    likeness = cues.background(graph)
    assert len(pool) > 30
    for number in range(len(pool)):
        expected = by_definition(graph, pool.members(number), likeness)
        for name, value in expected.items():
            assert getattr(measured, name)[number] == pytest.approx(value, rel=2e-3, abs=2e-4), name
    np.testing.assert_array_equal(measured.persistence, pool.persistence)
    checked = {*expected, "persistence"}
    assert checked == {field.name for field in dataclasses.fields(measured)}


def test_background_is_what_resembles_the_border() -> None:
    graph = random_graph(0, regions=12)
    features = np.tile(np.array([0, 1, 0, 0, 0], np.float32), (len(graph), 1))
    centre = graph.labels[20, 28]
    features[centre] = [1, 0, 0, 0, 0]
    likeness = cues.background(dataclasses.replace(graph, features=features))
    others = np.delete(likeness, centre)
    if graph.border[centre].sum() == 0:
        assert likeness[centre] < 0.2 * others.min()
    assert ((likeness >= 0) & (likeness < 1)).all()
