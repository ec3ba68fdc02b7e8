"""`Instances`: arrays that stay together, boxes and areas of the pixels, errors that name shapes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from freesolo.errors import CodecError
from freesolo.instances import Instances
from tests.golden import golden_masks, thousand_masks


@pytest.mark.parametrize("name", golden_masks())
def test_masks_survive_with_their_boxes_and_areas(name: str) -> None:
    mask = golden_masks()[name]
    instances = Instances.from_masks(mask[None], [0.5])
    assert np.array_equal(instances.decode()[0], mask)
    rows, columns = np.nonzero(mask)
    x, y = columns.min(), rows.min()
    assert instances.boxes[0].tolist() == [x, y, columns.max() - x + 1, rows.max() - y + 1]
    assert instances.areas[0] == mask.sum()


def test_a_thousand_masks() -> None:
    masks = thousand_masks()
    instances = Instances.from_masks(masks, np.arange(1000))
    assert np.array_equal(instances.decode(), masks)
    assert instances.top(3).scores.tolist() == [999, 998, 997]


@given(arrays(bool, st.tuples(st.integers(1, 5), st.integers(1, 8), st.integers(1, 8))), st.data())
def test_filters_keep_rows_together(masks: np.ndarray, data: st.DataObject) -> None:
    n = len(masks)
    embeddings = np.arange(n * 2, dtype=np.float32).reshape(n, 2)
    names = [f"class {k}" for k in range(n)]
    instances = Instances.from_masks(masks, np.arange(n), embeddings, names)
    keep = data.draw(st.lists(st.integers(0, n - 1)))
    part = instances[keep]
    assert np.array_equal(part.decode(), masks[keep])
    assert part.scores.tolist() == keep
    assert part.embeddings is not None
    assert np.array_equal(part.embeddings, embeddings[keep])
    assert part.categories == tuple(names[k] for k in keep)
    chosen = np.isin(np.arange(n), keep)
    assert instances[chosen].scores.tolist() == sorted(set(keep))
    assert instances[1:].scores.tolist() == list(range(1, n))


@given(arrays(bool, (3, 6, 7)), arrays(bool, (2, 6, 7)))
def test_iou_is_that_of_the_pixels(first: np.ndarray, second: np.ndarray) -> None:
    iou = Instances.from_masks(first, np.zeros(3)).iou(Instances.from_masks(second, np.zeros(2)))
    for i, a in enumerate(first):
        for j, b in enumerate(second):
            union = (a | b).sum()
            assert iou[i, j] == pytest.approx((a & b).sum() / union if union else 0)


def test_no_masks() -> None:
    empty = Instances.empty((4, 6))
    assert len(empty) == 0
    assert empty.decode().shape == (0, 4, 6)
    assert empty.top(5).boxes.shape == (0, 4)
    assert empty.iou(Instances.from_masks(np.ones((2, 4, 6)), [1, 1])).shape == (0, 2)
    assert len(Instances.from_masks(np.zeros((0, 4, 6)), [])) == 0


def test_an_empty_mask_has_an_empty_box() -> None:
    instances = Instances.from_masks(np.zeros((1, 4, 6)), [1])
    assert instances.boxes.tolist() == [[0, 0, 0, 0]]
    assert instances.areas.tolist() == [0]


def test_wrong_shapes_are_named() -> None:
    with pytest.raises(ValueError, match=r"scores: expected shape \(2,\) for 2 masks, got \(3,\)"):
        Instances.from_masks(np.ones((2, 4, 6)), [1, 2, 3])
    with pytest.raises(ValueError, match=r"embeddings: expected shape \(1, E\), got \(2, 3\)"):
        Instances.from_masks(np.ones((1, 4, 6)), [1], np.zeros((2, 3)))
    with pytest.raises(ValueError, match=r"expected shape \(n, height, width\), got \(4, 6\)"):
        Instances.from_masks(np.ones((4, 6)), [1])
    with pytest.raises(ValueError, match="sizes differ"):
        Instances.empty((4, 6)).iou(Instances.empty((6, 4)))
    with pytest.raises(ValueError, match="positive"):
        Instances.empty((0, 4))
    with pytest.raises(CodecError, match="do not decode"):
        Instances.from_counts((4, 6), [5], [1.0])  # type: ignore[list-item]
