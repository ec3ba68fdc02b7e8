"""Polygons along pixel edges: exact both ways, also where masks have holes, islands and corners that touch."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pycocotools import mask as coco_mask

from freesolo.codecs import polygons
from freesolo.errors import CodecError
from tests.golden import Mask, golden_masks


def shoelace(points: np.ndarray) -> float:
    following = np.roll(points, -1, axis=0).astype(int)
    return float((points[:, 0] * following[:, 1] - points[:, 1] * following[:, 0]).sum()) / 2


def check(mask: Mask) -> None:
    rings = polygons.mask_to_rings(mask)
    assert np.array_equal(polygons.rasterise([ring.points for ring in rings], mask.shape), mask)
    assert sum(shoelace(ring.points) for ring in rings) == mask.sum(), "the area of the rings is the number of pixels"
    assert all((shoelace(ring.points) < 0) == ring.hole for ring in rings)
    for ring in rings:
        assert not (ring.points[0] == ring.points[-1]).all(), "no repeated closing point"
        assert len(ring.points) >= 4
    coco = polygons.to_coco(mask)
    if mask.any():
        code = coco_mask.merge(coco_mask.frPyObjects(coco, *mask.shape))
        assert np.array_equal(coco_mask.decode(code).astype(bool), mask)
    else:
        assert coco == []


@pytest.mark.parametrize("name", golden_masks())
def test_golden_masks_survive(name: str) -> None:
    check(golden_masks()[name])


@settings(max_examples=300)
@given(arrays(bool, st.tuples(st.integers(1, 14), st.integers(1, 14))))
def test_any_mask_survives(mask: Mask) -> None:
    check(mask)


def test_rings_of_known_masks() -> None:
    masks = golden_masks()
    kinds = {name: sorted(ring.hole for ring in polygons.mask_to_rings(masks[name])) for name in masks}
    assert kinds["donut"] == [False, True]
    assert kinds["nested island"] == [False, False, True]
    assert kinds["two parts"] == [False, False]
    assert len(kinds["diagonal"]) == 16, "pixels that touch at a corner are parts of their own"
    pixel = polygons.mask_to_rings(masks["one pixel"])[0].points
    assert pixel.tolist() == [[6, 8], [7, 8], [7, 9], [6, 9]], "corners of the pixel, foreground on the right"


def test_one_part_is_one_ring_in_coco() -> None:
    masks = golden_masks()
    assert len(polygons.to_coco(masks["donut"])) == 1
    assert len(polygons.to_coco(masks["two parts"])) == 2
    assert len(polygons.to_coco(masks["nested island"])) == 2


def test_rings_that_are_no_pixel_edges_are_refused() -> None:
    with pytest.raises(CodecError, match="slanted"):
        polygons.rasterise([np.array([[0, 0], [3, 1], [0, 3]])], (5, 5))
    with pytest.raises(CodecError, match="leaves the image"):
        polygons.rasterise([np.array([[0, 0], [9, 0], [9, 1], [0, 1]])], (5, 5))


@pytest.mark.parametrize("name", golden_masks())
def test_parts_joined_into_one_ring_are_still_the_mask(name: str) -> None:
    mask = golden_masks()[name]
    ring = polygons.joined(polygons.to_coco(mask))
    code = coco_mask.merge(coco_mask.frPyObjects([ring], *mask.shape))
    assert np.array_equal(coco_mask.decode(code).astype(bool), mask)
    points = np.array(ring, int).reshape(-1, 2)
    assert np.array_equal(polygons.rasterise([points], mask.shape), mask)


@pytest.mark.parametrize("name", golden_masks())
def test_simplified_outlines_stay_within_their_tolerance(name: str) -> None:
    mask = golden_masks()[name]
    loops = polygons.simplified(mask, 1.0)
    exact = polygons.mask_to_rings(mask)
    assert len(loops) == sum(not ring.hole for ring in exact)
    corners = {tuple(point) for ring in exact for point in ring.points.tolist()}
    assert {tuple(point) for loop in loops for point in np.array(loop).reshape(-1, 2).tolist()} <= corners
    code = coco_mask.merge(coco_mask.frPyObjects(loops, *mask.shape))
    differ = coco_mask.decode(code).astype(bool) != mask
    ys, xs = np.nonzero(differ)
    every = np.concatenate([ring.points for ring in exact])
    for y, x in zip(ys, xs, strict=True):  # what differs lies along the outline
        assert (np.abs(every - (x + 0.5, y + 0.5)).max(1) <= 4).any()
