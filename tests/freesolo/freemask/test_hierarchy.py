"""What is kept of the merge trees: round trip, parents and children, clicks."""

import numpy as np
import pytest

from freesolo.errors import CodecError
from freesolo.freemask import FreeMask
from freesolo.freemask.hierarchy import RegionHierarchy
from tests.freesolo.freemask.photographs import photograph


@pytest.fixture(scope="module")
def hierarchy() -> RegionHierarchy:
    found = FreeMask.from_preset("fast").propose(photograph("astronaut")).hierarchy
    assert found is not None
    return found


def test_bytes_round_trip(hierarchy: RegionHierarchy) -> None:
    data = hierarchy.to_bytes()
    again = RegionHierarchy.from_bytes(data)
    assert again.size == hierarchy.size
    assert again.smoothing == hierarchy.smoothing
    np.testing.assert_array_equal(again.labels, hierarchy.labels)
    np.testing.assert_array_equal(again.children, hierarchy.children)
    np.testing.assert_array_equal(again.features, hierarchy.features)
    np.testing.assert_allclose(again.scores, hierarchy.scores, rtol=1e-3)
    assert again.to_bytes() == data
    assert len(data) < 200_000
    node = hierarchy.nodes - 5
    assert (again.mask(node) == hierarchy.mask(node)).all()


@pytest.mark.parametrize("damage", [b"", b"no archive", "cut", "version"])
def test_damaged_bytes_are_refused(
    hierarchy: RegionHierarchy, damage: bytes | str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if damage == "version":
        monkeypatch.setattr("freesolo.freemask.hierarchy._VERSION", 99)
        data = hierarchy.to_bytes()
        monkeypatch.undo()
    else:
        data = hierarchy.to_bytes()[:-400] if damage == "cut" else bytes(damage)  # type: ignore[arg-type]
    with pytest.raises(CodecError, match="region hierarchy"):
        RegionHierarchy.from_bytes(data)


def test_parents_and_children_agree(hierarchy: RegionHierarchy) -> None:
    for node in range(0, hierarchy.nodes, 7):
        parent, children = hierarchy.parent(node), hierarchy.children_of(node)
        if parent is None:
            assert node % hierarchy.per_tree == hierarchy.per_tree - 1
            assert len(hierarchy.members(node)) == hierarchy.regions
        else:
            assert node in (hierarchy.children_of(parent) or ())
            assert set(hierarchy.members(node).tolist()) < set(hierarchy.members(parent).tolist())
        if children is None:
            assert node % hierarchy.per_tree < hierarchy.regions
            assert hierarchy.members(node).tolist() == [node % hierarchy.per_tree]
        else:
            below = [set(hierarchy.members(child).tolist()) for child in children]
            assert below[0] | below[1] == set(hierarchy.members(node).tolist())
            assert not below[0] & below[1]


def test_clicks_pick_nodes_that_hold_the_points(hierarchy: RegionHierarchy) -> None:
    height, width = hierarchy.size
    inside, outside = (width * 0.45, height * 0.3), (3.0, 3.0)
    nodes = hierarchy.nodes_at([inside], [outside])
    assert 1 < len(nodes) <= 20
    scores = hierarchy.scores[nodes]
    assert (np.diff(scores) <= 0).all()
    sets = [frozenset(hierarchy.members(int(node)).tolist()) for node in nodes]
    assert len(set(sets)) == len(sets)
    for members in sets:
        assert hierarchy.region_at(*inside) in members
        assert hierarchy.region_at(*outside) not in members
    every = [
        node
        for node in range(hierarchy.nodes)
        if hierarchy.region_at(*inside) in (members := hierarchy.members(node))
        and hierarchy.region_at(*outside) not in members
    ]
    assert scores[0] == hierarchy.scores[every].max()


def test_points_that_exclude_each_other_pick_nothing(hierarchy: RegionHierarchy) -> None:
    assert len(hierarchy.nodes_at([(5, 5)], [(5, 5)])) == 0
    with pytest.raises(ValueError, match="positive point"):
        hierarchy.nodes_at([])


def test_masks_of_nodes_are_the_image_size(hierarchy: RegionHierarchy) -> None:
    root = hierarchy.per_tree - 1
    assert hierarchy.mask(root).shape == hierarchy.size
    assert hierarchy.mask(root).all()
    node = int(hierarchy.nodes_at([(100, 100)])[0])
    instances = hierarchy.instances([node, root])
    assert instances.scores.tolist() == hierarchy.scores[[node, root]].tolist()
    assert (instances.decode()[0] == hierarchy.mask(node)).all()
    assert len(hierarchy.instances([])) == 0
    with pytest.raises(IndexError, match="no node"):
        hierarchy.mask(hierarchy.nodes)


def test_points_outside_take_the_nearest_region(hierarchy: RegionHierarchy) -> None:
    height, width = hierarchy.size
    assert hierarchy.region_at(-5, -5) == hierarchy.labels[0, 0]
    assert hierarchy.region_at(width + 5, height + 5) == hierarchy.labels[-1, -1]
