"""The union of two proposers: ranked in one list, nothing invented, nothing twice at the top."""

import re

import numpy as np
import pytest

from freesolo.instances import Instances
from freesolo.proposers import Proposal
from freesolo.solo.embedding_space import EmbeddingSpace
from freesolo.union import Ranked, Union, UnionSettings, fuse, ranks, scores_at

SIZE = (40, 40)


def boxes(*rows, embeddings=None):
    """Instances of squares (top, left, side, score)."""
    masks = np.zeros((len(rows), *SIZE), bool)
    for mask, (top, left, side, _) in zip(masks, rows, strict=True):
        mask[top : top + side, left : left + side] = True
    return Instances.from_masks(masks, np.array([row[3] for row in rows], np.float32), embeddings)


class Fixed:
    def __init__(self, identity, instances, hierarchy=None):
        self.identity = identity
        self.proposal = Proposal(instances, hierarchy)

    def propose(self, image):
        return self.proposal


def test_a_rank_is_the_share_of_scores_below():
    quantiles = np.array([0.0, 1.0, 10.0, 20.0, 30.0], np.float32)
    scores = np.array([-1, 0, 0.5, 1, 5.5, 10, 99], np.float32)
    shares = ranks(scores, quantiles)
    assert shares == pytest.approx([0.1, 0.1, 0.2, 0.3, 0.4, 0.5, 0.9])
    assert scores_at(shares, quantiles) == pytest.approx(scores.clip(0, 30), abs=1e-4)


def test_beyond_the_best_of_the_quantiles_the_order_stays():
    quantiles = np.array([0.1, 0.2, 0.4, 0.6], np.float32)
    scores = scores_at(np.array([0.01, 0.05, 0.9, 0.95, 0.99], np.float32), quantiles)
    assert (np.diff(scores) > 0).all()
    assert 0 < scores.min() < 0.1
    assert 0.6 < scores.max() < 0.7


def test_the_union_scores_as_its_first_part_does():
    strict, generous = np.linspace(0, 0.5, 101, dtype=np.float32), np.linspace(0, 50, 101, dtype=np.float32)
    first, second = boxes((0, 0, 10, 0.4)), boxes((20, 20, 10, 45))
    union = Union("u", (Ranked(Fixed("a", first), strict), Ranked(Fixed("b", second), generous)))
    assert union.propose(np.zeros((*SIZE, 3), np.uint8)).instances.scores == pytest.approx([0.45, 0.4])


def test_the_union_scores_by_a_scale_of_its_own_where_there_is_one():
    wild = np.geomspace(1, 1e22, 101).astype(
        np.float32
    )  # what a certain mask of a proposer whose scores tell little would score
    first, second = boxes((0, 0, 10, 1e22), (0, 20, 10, 2e10)), boxes((20, 20, 10, 45))
    chances = np.linspace(0.02, 0.99, 101, dtype=np.float32)
    parts = (Ranked(Fixed("a", first), wild), Ranked(Fixed("b", second), np.linspace(0, 50, 101, dtype=np.float32)))
    scores = Union("u", parts, scale=chances).propose(np.zeros((*SIZE, 3), np.uint8)).instances.scores
    assert (np.diff(scores) < 0).all()
    assert 0 <= scores.min() <= scores.max() <= 1
    assert scores[1] == pytest.approx(0.9, abs=0.02), "its rank"


def test_scores_of_different_scales_meet_as_ranks():
    first, second = boxes((0, 0, 10, 1000), (0, 20, 10, 10)), boxes((20, 0, 10, 0.02), (20, 20, 10, 0.01))
    fused = fuse(first, second, np.float32([0.9, 0.1]), np.float32([0.5, 0.3]), UnionSettings())
    corners = [(y, x) for x, y, _, _ in fused.boxes.tolist()]
    assert corners == [(0, 0), (20, 0), (20, 20), (0, 20)]
    assert (np.diff(fused.scores) <= 0).all()
    assert 0 < fused.scores.min() <= fused.scores.max() <= 1


def test_the_weaker_of_two_alike_falls_behind():
    first, second = boxes((0, 0, 10, 1)), boxes((0, 0, 10, 1), (20, 20, 10, 1))
    fused = fuse(first, second, np.float32([0.9]), np.float32([0.8, 0.7]), UnionSettings())
    assert fused.boxes[1].tolist() == [20, 20, 10, 10]
    assert len(fused) == 3


def test_only_the_best_are_kept():
    many = boxes(*((2 * k, 0, 2, 1) for k in range(20)))
    ranked = np.linspace(0.99, 0.1, 20, dtype=np.float32)
    fused = fuse(many, boxes((0, 30, 5, 1)), ranked, np.float32([0.95]), UnionSettings(keep=5))
    assert len(fused) == 5
    assert [30, 0, 5, 5] in fused.boxes.tolist()


def test_nothing_and_nothing_is_nothing():
    fused = fuse(
        Instances.empty(SIZE), Instances.empty(SIZE), np.zeros(0, np.float32), np.zeros(0, np.float32), UnionSettings()
    )
    assert len(fused) == 0
    assert fused.size == SIZE


def test_embeddings_meet_in_one_space():
    space = EmbeddingSpace.fit(np.random.default_rng(0).normal(size=(30, 8)).astype(np.float32), 3)
    first = boxes((0, 0, 10, 1), embeddings=np.ones((1, 8), np.float32))
    second = boxes((20, 20, 10, 1), embeddings=np.eye(1, 3, dtype=np.float32))
    quantiles = np.linspace(0, 2, 5, dtype=np.float32)
    union = Union("u", (Ranked(Fixed("a", first), quantiles, space), Ranked(Fixed("b", second), quantiles)))
    found = union.propose(np.zeros((*SIZE, 3), np.uint8)).instances
    at = int(np.flatnonzero(found.boxes[:, 0] == 0)[0])
    assert found.embeddings[at] == pytest.approx(space.project(first.embeddings)[0])
    assert re.fullmatch(r"u-[0-9a-f]{8}\(a\+b\)", union.identity)


def test_embeddings_of_different_spaces_are_left_out():
    first = boxes((0, 0, 10, 1), embeddings=np.ones((1, 8), np.float32))
    second = boxes((20, 20, 10, 1), embeddings=np.ones((1, 3), np.float32))
    assert fuse(first, second, np.float32([0.9]), np.float32([0.9]), UnionSettings()).embeddings is None


def test_the_hierarchy_is_that_of_the_part_that_has_one():
    quantiles = np.linspace(0, 2, 5, dtype=np.float32)
    tree = object()
    parts = Ranked(Fixed("a", boxes((0, 0, 9, 1))), quantiles), Ranked(Fixed("b", boxes((0, 0, 9, 1)), tree), quantiles)
    assert Union("u", parts).propose(np.zeros((*SIZE, 3), np.uint8)).hierarchy is tree


class Looking:
    """Recognises masks by their place: the further down, the more it is sure."""

    def __init__(self):
        self.shown = []

    def evidence(self, image, instances, shown):
        self.shown.append(shown)
        return instances.boxes[:, 1].astype(np.float32) - 15


def test_a_second_look_ranks_the_masks_of_one_part_anew():
    scores, nothing = np.linspace(0, 1, 101, dtype=np.float32), Instances.empty(SIZE)
    second = boxes((0, 0, 10, 0.6), (30, 0, 10, 0.5))
    image = np.zeros((*SIZE, 3), np.uint8)

    def found(recogniser, weight=0.12):
        parts = Ranked(Fixed("a", nothing), scores), Ranked(Fixed("b", second), scores, recogniser=recogniser)
        return Union("u", parts, UnionSettings(recognition=weight, recognised=7)).propose(image).instances

    looking = Looking()
    assert found(None).boxes[0].tolist() == [0, 0, 10, 10]
    assert found(looking).boxes[0].tolist() == [0, 30, 10, 10]
    assert found(looking, weight=0).boxes[0].tolist() == [0, 0, 10, 10]
    assert looking.shown == [7, 7]
    assert ((found(looking).scores > 0) & (found(looking).scores < 1)).all()
