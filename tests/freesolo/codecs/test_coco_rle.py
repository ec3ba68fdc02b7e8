"""COCO RLE: equal to pycocotools, and broken input named."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pycocotools import mask as coco_mask

from freesolo.codecs import coco_rle
from freesolo.errors import CodecError
from tests.golden import Mask, golden_masks

MASKS = arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 12)))


@pytest.mark.parametrize("name", golden_masks())
def test_golden_masks_survive(name: str) -> None:
    mask = golden_masks()[name]
    counts = coco_rle.encode(mask)
    assert np.array_equal(coco_rle.decode(counts, mask.shape), mask)
    assert coco_mask.area({"size": list(mask.shape), "counts": counts}) == mask.sum()


@given(MASKS)
def test_all_forms_describe_the_same_mask(mask: Mask) -> None:
    counts = coco_rle.encode(mask)
    runs = coco_rle.to_counts_list(counts)
    size = mask.shape
    assert sum(runs) == mask.size
    assert coco_rle.from_counts_list(runs, size) == counts
    for segmentation in (
        {"size": list(size), "counts": counts},
        {"size": list(size), "counts": counts.decode()},
        {"size": list(size), "counts": runs},
        {"counts": runs},
    ):
        assert coco_rle.parse(segmentation, size) == counts
    assert np.array_equal(coco_rle.decode(counts, size), mask)


def test_runs_are_column_major_and_begin_with_zeros() -> None:
    mask = np.array([[0, 1], [0, 1], [1, 0]], bool)
    assert coco_rle.to_counts_list(coco_rle.encode(mask)) == [2, 3, 1]
    assert coco_rle.to_counts_list(coco_rle.encode(mask[:, ::-1])) == [0, 2, 3, 1]


def test_polygons_are_joined() -> None:
    squares = [[0, 0, 3, 0, 3, 3, 0, 3], [5, 5, 9, 5, 9, 9, 5, 9]]
    mask = coco_rle.decode(coco_rle.parse(squares, (10, 10)), (10, 10))
    assert mask.sum() == 9 + 16
    assert mask[:3, :3].all()
    assert mask[5:9, 5:9].all()


@pytest.mark.parametrize(
    ("segmentation", "reason"),
    [
        ({"counts": [3, 4]}, "sum to 7, but the image has 4 x 5 = 20"),
        ({"counts": [-1, 21]}, "negative"),
        ({"counts": [1.5, 18.5]}, "not all integers"),
        ({"counts": "9\x7f"}, "character"),
        ({"counts": "o"}, "breaks off"),
        ({"counts": 5}, "neither text nor a list but int"),
        ({"size": [5, 4], "counts": [20]}, "of size .5, 4., but the image is .4, 5."),
        ({}, "neither text nor a list but NoneType"),
        ([], "no polygon"),
        ([[1, 2, 3, 4]], "three x, y pairs"),
        ([[1, 2, 3, 4, 5, 6, 7]], "three x, y pairs"),
        ([[0, 0, 1, float("nan"), 1, 1]], "three x, y pairs"),
        ([{"x": 1}], "three x, y pairs"),
        (None, "neither RLE nor polygons but NoneType"),
    ],
)
def test_broken_segmentations_are_named(segmentation: object, reason: str) -> None:
    with pytest.raises(CodecError, match=reason):
        coco_rle.parse(segmentation, (4, 5))


def test_a_mask_has_two_dimensions() -> None:
    with pytest.raises(CodecError, match="two dimensions"):
        coco_rle.encode(np.zeros((2, 3, 4)))
