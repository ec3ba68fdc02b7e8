"""Masks as regions of Label Studio and back."""

import copy

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from label_studio_sdk.converter.brush import decode_rle, mask2rle

from app.labelstudio import regions
from app.labelstudio.regions import SHAPES, PushedMask
from freesolo.codecs import coco_rle
from tests.golden import golden_masks, thousand_masks

both = pytest.mark.parametrize("shape", SHAPES)


def pushed(mask, number=7, label="cat"):
    return PushedMask(number, coco_rle.encode(mask).decode(), label, 0.25)


@both
@pytest.mark.parametrize("mask", golden_masks().values(), ids=golden_masks())
def test_golden_masks_come_back_with_their_identity(mask, shape):
    ours = pushed(mask)
    found = regions.read(regions.write(ours, mask.shape, shape), mask.shape)
    assert [(each.id, each.key, each.counts, each.label) for each in found.regions] == [
        (7, "mask-7", ours.counts, "cat")
    ]
    assert not found.faults
    assert not found.unreadable


@given(arrays(bool, st.tuples(st.integers(1, 9), st.integers(1, 9))), st.sampled_from(SHAPES))
def test_any_mask_comes_back(mask, shape):
    if mask.any():
        found = regions.read(regions.write(pushed(mask), mask.shape, shape), mask.shape)
        assert [each.counts for each in found.regions] == [pushed(mask).counts]


@both
def test_a_thousand_masks_keep_their_ids(shape):
    masks = thousand_masks()
    written = [each for k, mask in enumerate(masks) for each in regions.write(pushed(mask, k + 1), mask.shape, shape)]
    assert len({region["id"] for region in written}) == len(written)
    found = regions.read(written, masks[0].shape)
    assert [each.id for each in found.regions] == list(range(1, 1001))


def test_a_brush_is_opaque_for_label_studio():
    mask = golden_masks()["donut"]
    [region] = regions.write(pushed(mask), mask.shape, "brush")
    alpha = decode_rle(region["value"]["rle"]).reshape(*mask.shape, 4)[..., 3]
    np.testing.assert_array_equal(alpha, np.where(mask, 255, 0))
    assert (region["type"], region["from_name"], region["to_name"]) == ("brushlabels", "brush", "image")
    assert (region["original_width"], region["original_height"], region["image_rotation"]) == (50, 40, 0)
    assert region["value"]["brushlabels"] == ["cat"]
    assert region["score"] == 0.25


def test_polygons_are_percent_of_the_picture_and_one_ring_each():
    mask = golden_masks()["two parts"]  # 30 x 40
    first, second = regions.write(pushed(mask), mask.shape, "polygon")
    assert (first["id"], second["id"]) == ("mask-7", "mask-7-1")
    corners = {tuple(point) for point in first["value"]["points"]}
    assert (3 / 40 * 100, 2 / 30 * 100) in corners
    assert all(0 <= value <= 100 for point in first["value"]["points"] for value in point)
    assert first["value"]["closed"]


def test_of_a_part_that_was_deleted_there_the_others_stay():
    mask = golden_masks()["two parts"]
    [left] = regions.read(regions.write(pushed(mask), mask.shape, "polygon")[1:], mask.shape).regions
    expected = mask.copy()
    expected[:12] = False
    assert (left.id, left.counts) == (7, coco_rle.encode(expected).decode())


def test_what_somebody_drew_there_has_no_id_of_ours():
    mask = golden_masks()["donut"]
    [region] = regions.write(pushed(mask), mask.shape, "brush")
    for key in ("aB3xK9_q1Z", "mask-", "mask-7x", "xmask-7", "mask-²"):
        [found] = regions.read([{**region, "id": key}], mask.shape).regions
        assert (found.id, found.key) == (None, key)


def test_a_region_without_a_name_is_read():
    mask = golden_masks()["donut"]
    [region] = regions.write(pushed(mask), mask.shape, "brush")
    del region["value"]["brushlabels"]
    assert regions.read([region], mask.shape).regions[0].label is None


def test_a_region_that_was_erased_to_nothing_counts_as_deleted():
    [region] = regions.write(pushed(np.ones((4, 5), bool)), (4, 5), "brush")
    region["value"]["rle"] = mask2rle(np.zeros((4, 5), np.uint8))
    found = regions.read([region], (4, 5))
    assert not found.regions
    assert not found.unreadable


def test_answers_that_are_no_regions_are_passed_over():
    choice = {"id": "x", "type": "choices", "value": {"choices": ["good"]}}
    relation = {"type": "relation", "from_id": "a", "to_id": "b"}
    assert regions.read([choice, relation], (4, 5)) == regions.read([], (4, 5))


def _broken(region, change):
    broken = copy.deepcopy(region)
    change(broken)
    return broken


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda r: r.update(original_width=6), "made on a picture of 6 x 4 pixels, the image has 5 x 4"),
        (lambda r: r["value"].update(rle=mask2rle(np.ones((3, 3), np.uint8))), "holds 9 pixels"),
        (lambda r: r["value"].update(rle=["a"]), "integers from 0 to 255"),
        (lambda r: r.update(image_rotation=90), "turn it back"),
        (lambda r: r.update(type="rectanglelabels", value={"x": 1}), "a region of the type rectanglelabels is no mask"),
        (lambda r: r.update(value={"points": [[1, 2], [3]]}), "not pairs of numbers"),
        (lambda r: r.update(value={"points": [[1, 2], [3, 4]]}), "at least three"),
    ],
)
def test_what_cannot_be_read_is_told_and_does_not_count_as_deleted(change, sentence):
    [region] = regions.write(pushed(np.ones((4, 5), bool)), (4, 5), "brush")
    good = {**region, "id": "mask-8"}
    found = regions.read([_broken(region, change), good], (4, 5))
    assert [each.id for each in found.regions] == [8]
    assert found.unreadable == {7}
    assert len(found.faults) == 1
    assert found.faults[0].startswith("region mask-7: ")
    assert sentence in found.faults[0]
