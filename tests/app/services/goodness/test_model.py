import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from app.services.goodness import model
from tests.app.services.goodness.helpers import table

SCORES = arrays(np.float64, st.integers(1, 30), elements=st.floats(-10, 10))


@given(SCORES)
def test_the_prior_is_a_probability_that_never_falls_with_the_score(scores):
    p = model.prior(np.sort(scores))
    assert ((p > 0) & (p < 1)).all()
    assert (np.diff(p) >= 0).all()


@given(st.sets(st.integers(0, 1000), min_size=2))
def test_the_prior_tells_scores_in_their_range_apart(thousandths):
    assert (np.diff(model.prior(np.array(sorted(thousandths)) / 1000)) > 0).all()


def all_rows(made):
    return model.judged(made, set(), set())


def test_it_learns_what_the_score_does_not_say():
    made, good = table(decided=0.5)
    fitted = model.fit(made, all_rows(made))
    pending = made.states == "pending"
    assert pending.any()
    p = fitted.p[pending]
    assert p[good[pending]].mean() > 0.7
    assert p[~good[pending]].mean() < 0.3
    assert fitted.quality.auc > 0.9 > fitted.quality.prior_auc
    assert fitted.quality.brier < fitted.quality.prior_brier


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 10_000), st.integers(6, 15))
def test_estimates_are_probabilities_and_the_bins_hold_every_decision(seed, images):
    made, _ = table(images=images, masks=15, seed=seed)
    fitted = model.fit(made, all_rows(made))
    assert ((fitted.p > 0) & (fitted.p < 1)).all()
    assert sum(each.count for each in fitted.quality.bins) == len(made.ids)


def test_the_same_decisions_give_the_same_estimates():
    made, _ = table()
    assert (model.fit(made, all_rows(made)).p == model.fit(made, all_rows(made)).p).all()


@given(st.lists(st.integers(1, 30), min_size=1, max_size=200))
def test_masks_of_one_image_are_never_in_two_folds(image_ids):
    image_ids = np.array(image_ids)
    folds = model.folds_of(image_ids)
    for image in np.unique(image_ids):
        assert len(set(folds[image_ids == image])) == 1


def test_the_measured_quality_does_not_leak_between_masks_of_an_image():
    """Every image has an embedding of its own that tells its labels: what is learnt there is worth nothing elsewhere."""
    made, _ = table(images=20, masks=20)
    rng = np.random.default_rng(5)
    coin = np.repeat(rng.random(20) < 0.5, 20)
    own = rng.normal(size=(20, 8))[made.image_ids - 1]
    states = np.where(coin, "accepted", "rejected").astype("U8")
    leaky = model.MaskTable(
        **{**vars(made), "states": states, "embeddings": [row.astype("<f2").tobytes() for row in own]}
    )
    assert model.fit(leaky, all_rows(leaky)).quality.auc < 0.65


def test_a_masks_own_image_is_not_among_its_neighbours():
    made, _ = table(images=6, masks=10)
    everything = np.arange(len(made.ids))
    accepted = made.states == "accepted"
    shares = model._Neighbours(made, everything, accepted, model.folds_of(made.image_ids)).of(everything)
    flipped = np.where(made.image_ids == 1, ~accepted, accepted)
    other = model._Neighbours(made, everything, flipped, model.folds_of(made.image_ids)).of(everything)
    first = made.image_ids == 1
    assert np.allclose(shares.accepted[first], other.accepted[first])
    assert not np.allclose(shares.accepted[~first], other.accepted[~first])


@pytest.mark.parametrize(
    ("accepted", "rejected", "images", "expected"),
    [(19, 100, 10, False), (100, 19, 10, False), (50, 50, 4, False), (20, 20, 5, True)],
)
def test_enough_means_both_kinds_on_several_images(accepted, rejected, images, expected):
    labels = np.arange(accepted + rejected) < accepted
    image_ids = np.arange(accepted + rejected) % images
    assert model.enough(labels, image_ids) is expected


def test_all_accepted_masks_on_one_image_are_not_enough():
    labels = np.arange(100) < 50
    assert not model.enough(labels, np.where(labels, 1, np.arange(100)))


def test_only_what_was_looked_at_and_left_as_it_was_is_learnt_from():
    made, _ = table(images=1, masks=8)
    made.states[:] = ["accepted", "rejected", "pending", "unsure", "accepted", "accepted", "accepted", "rejected"]
    made.edited[4] = True
    sources = made.sources.astype("U10")
    sources[5] = "me"
    changed = model.MaskTable(**{**vars(made), "sources": sources})
    assert model.judged(changed, {7}, {"me"}).tolist() == [0, 1, 7]


def test_masks_without_embeddings_are_estimated_from_the_rest():
    made, _ = table()
    without = model.MaskTable(**{**vars(made), "embeddings": [None] * len(made.ids)})
    fitted = model.fit(without, all_rows(without))
    assert np.isfinite(fitted.p).all()
    mixed = model.MaskTable(**{**vars(made), "embeddings": [None, b"\0\0" * 3, *made.embeddings[2:]]})
    assert np.isfinite(model.fit(mixed, all_rows(mixed)).p).all()
