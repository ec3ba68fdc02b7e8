"""The weighted sum of logarithms, and soft NMS by its definition."""

import numpy as np
import pytest

from freesolo.freemask.ranking import likelihood, soft_nms


def test_soft_nms_by_its_definition() -> None:
    rng = np.random.default_rng(0)
    scores = rng.standard_normal(30).astype(np.float32)
    iou = rng.random((30, 30), np.float32)
    iou = np.maximum(iou, iou.T)
    np.fill_diagonal(iou, 1)
    picks, values = soft_nms(scores, iou, 1.5, 12)
    remaining = dict(enumerate(scores.astype(float)))
    for pick, value in zip(picks, values, strict=True):
        assert pick == max(remaining, key=remaining.__getitem__)
        assert value == pytest.approx(remaining.pop(pick), abs=1e-4)
        remaining = {k: score - 1.5 * iou[pick, k] ** 2 for k, score in remaining.items()}
    assert len(picks) == len(set(picks.tolist())) == 12
    assert (np.diff(values) <= 0).all()


def test_soft_nms_of_nothing_and_of_less_than_asked() -> None:
    picks, values = soft_nms(np.zeros(0, np.float32), np.zeros((0, 0), np.float32), 1.5, 100)
    assert len(picks) == len(values) == 0
    picks, _ = soft_nms(np.array([1, 2], np.float32), np.eye(2, dtype=np.float32), 1.5, 100)
    assert picks.tolist() == [1, 0]


def test_likelihood_keeps_the_order_and_stays_between_0_and_1() -> None:
    scores = np.linspace(-9, 3, 500).astype(np.float32)
    values = likelihood(scores)
    assert (np.diff(values) > 0).all()
    assert 0 < values[0] < 0.01
    assert 0.5 < values[-1] < 1
