"""CVAT's RLE: row-major inside the mask's box, zeros first."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from freesolo.codecs import cvat_rle
from freesolo.errors import CodecError
from tests.golden import golden_masks


@pytest.mark.parametrize("mask", golden_masks().values(), ids=golden_masks())
def test_golden_masks_survive(mask):
    runs, box = cvat_rle.encode(mask)
    np.testing.assert_array_equal(cvat_rle.decode(runs, box, mask.shape), mask)


@given(arrays(bool, st.tuples(st.integers(1, 9), st.integers(1, 9))))
def test_any_mask_survives(mask):
    if not mask.any():
        with pytest.raises(CodecError, match="no box"):
            cvat_rle.encode(mask)
        return
    runs, box = cvat_rle.encode(mask)
    assert sum(runs) == box[2] * box[3]
    assert all(runs[1:])
    np.testing.assert_array_equal(cvat_rle.decode(runs, box, mask.shape), mask)


def test_runs_go_along_rows_and_begin_with_zeros():
    mask = np.zeros((5, 6), bool)
    mask[1, 2:5] = mask[2, 4] = mask[3, 2] = True
    assert cvat_rle.encode(mask) == ([0, 3, 2, 2, 2], (2, 1, 3, 3))


@pytest.mark.parametrize(
    ("runs", "box", "sentence"),
    [
        ([0, 4], (5, 0, 2, 2), "does not lie in the image of 6 x 5 pixels"),
        ([0, 4], (0, -1, 2, 2), "does not lie in the image"),
        ([0, 0], (0, 0, 0, 2), "does not lie in the image"),
        ([0, 3], (0, 0, 2, 2), "sums to 3, but its box has 2 x 2 = 4 pixels"),
        ([5, -1], (0, 0, 2, 2), "a negative run"),
    ],
)
def test_what_is_no_mask_is_refused(runs, box, sentence):
    with pytest.raises(CodecError, match=sentence):
        cvat_rle.decode(runs, box, (5, 6))
