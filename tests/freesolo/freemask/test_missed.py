"""The hunt for missed objects on a checkerboard of sixteen regions whose tree joins them pair by pair."""

import numpy as np
import pytest

from freesolo.freemask.hierarchy import RegionHierarchy
from freesolo.freemask.missed import missed
from freesolo.instances import Instances

SIDE = 40


def board(scores: dict[int, float] | None = None, features: np.ndarray | None = None) -> RegionHierarchy:
    """Regions 0..15 of 10 x 10 pixels, row by row; nodes 16..23 are the pairs (0, 1), (2, 3), ..., the rest follow."""
    rows, columns = np.divmod(np.arange(SIDE * SIDE), SIDE)
    labels = (rows // 10 * 4 + columns // 10).reshape(SIDE, SIDE).astype(np.int32)
    children = [(2 * k, 2 * k + 1) for k in range(15)]
    values = np.full(31, -20, np.float32)
    for node, score in (scores or {}).items():
        values[node] = score
    return RegionHierarchy(
        size=(SIDE, SIDE),
        labels=labels,
        children=np.asarray([children], np.int32),
        scores=values,
        features=(np.zeros((16, 2)) if features is None else features).astype(np.float16),
        smoothing=0.0,
    )


def boxes(*corners: tuple[int, int, int, int]) -> Instances:
    """Rectangles x0, y0, x1, y1 as masks."""
    masks = np.zeros((len(corners), SIDE, SIDE), bool)
    for mask, (x0, y0, x1, y1) in zip(masks, corners, strict=True):
        mask[y0:y1, x0:x1] = True
    return Instances.from_masks(masks, np.zeros(len(corners)))


NONE = Instances.empty((SIDE, SIDE))


def test_the_best_nodes_come_first_and_each_place_once() -> None:
    found = missed(board({16: 0.0, 0: -1.0, 18: -2.0, 13: -3.0}), NONE, NONE, NONE, limit=3)
    assert found.tolist() == [16, 18, 13]


@pytest.mark.parametrize("where", ["accepted", "waiting"])
def test_what_a_mask_covers_is_no_place(where: str) -> None:
    mask = boxes((0, 0, 20, 10))
    accepted, waiting = (mask, NONE) if where == "accepted" else (NONE, mask)
    assert missed(board({16: 0.0, 18: -2.0}), accepted, waiting, NONE, limit=1).tolist() == [18]


def test_half_of_a_place_under_several_masks_covers_it() -> None:
    halves = boxes((0, 0, 4, 10), (10, 0, 13, 10))
    assert missed(board({16: 0.0, 18: -2.0}), halves, NONE, NONE, limit=1).tolist() == [18]


def test_what_was_refused_is_not_shown_again_but_what_lies_in_it_is() -> None:
    whole = boxes((0, 0, 40, 40))
    assert missed(board({16: 0.0}), NONE, NONE, whole, limit=1).tolist() == [16]
    assert missed(board({16: 0.0, 18: -2.0}), NONE, NONE, boxes((0, 0, 20, 10)), limit=1).tolist() == [18]


def test_what_is_like_the_accepted_comes_first() -> None:
    features = np.zeros((16, 2))
    features[[0, 1, 8, 9]] = 1.0
    accepted = boxes((0, 0, 20, 10))
    plain, alike = {18: -1.0, 20: -1.1}, board({18: -1.0, 20: -1.1}, features)
    assert missed(board(plain), accepted, NONE, NONE, limit=1).tolist() == [18]
    assert missed(alike, accepted, NONE, NONE, limit=1).tolist() == [20]


def test_the_whole_image_is_no_place() -> None:
    assert 30 not in missed(board({30: 9.0}), NONE, NONE, NONE, limit=30)


def test_a_covered_image_has_no_place() -> None:
    assert missed(board({16: 0.0}), boxes((0, 0, 40, 40)), NONE, NONE).tolist() == []
