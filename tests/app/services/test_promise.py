import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import ReviewError
from app.services import promise
from app.services.goodness.model import Checked
from app.services.promise import Promise
from tests.app.services.goodness.helpers import decide
from tests.app.services.goodness.test_goodness import GOOD, filled, judge  # noqa: F401  (filled is a fixture)


def checked(images, share_good, p=0.9, masks=20, seed=0):
    """Decided masks that were all estimated at ``p``, of which this share was accepted."""
    rng = np.random.default_rng(seed)
    n = images * masks
    return Checked(np.full(n, p), rng.random(n) < share_good, np.repeat(np.arange(images), masks))


def test_a_calibrated_model_keeps_its_promise():
    made = promise.before(np.full(400, 0.9), 0.5, checked(50, 0.9))
    assert made.wrong == pytest.approx(40)
    assert made.low < 40 < made.high
    assert made.high - made.low < 45


def test_an_overconfident_model_promises_less():
    honest = promise.before(np.full(400, 0.9), 0.5, checked(50, 0.9))
    boastful = promise.before(np.full(400, 0.9), 0.5, checked(50, 0.7))
    assert boastful.high > honest.high + 40


def test_few_decisions_make_a_wide_promise():
    few, many = (promise.before(np.full(400, 0.9), 0.5, checked(images, 0.9)) for images in (3, 100))
    assert few.high - few.low > many.high - many.low


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.floats(0.01, 0.99), min_size=1, max_size=50), st.integers(0, 20), st.integers(0, 20), st.integers(0, 99)
)
def test_promises_stay_within_the_masks(p, good, wrong, seed):
    made = promise.before(np.array(p), 0.5, checked(5, 0.6, seed=seed))
    assert 0 <= made.low <= made.wrong <= made.high <= made.count == len(p)
    told = promise.after(made, good, wrong)
    assert 0 <= told.low <= told.high <= told.count
    assert 0 < told.wrong < told.count


def test_the_audit_moves_the_promise():
    made = Promise(count=400, wrong=40, low=25, high=60)
    clean, bad = promise.after(made, 20, 0), promise.after(made, 10, 10)
    assert clean.wrong < made.wrong < bad.wrong
    assert bad.wrong > 80, "ten wrong of twenty outweigh what was thought before"
    assert clean.high < bad.high


def test_without_calibration_nothing_is_promised(filled):  # noqa: F811
    ws, masks = filled
    assert promise.offers(ws) == []
    with pytest.raises(ReviewError, match="Not yet calibrated"):
        promise.of_masks(ws, masks[1], 0.5, 5, 1)


def test_offers_take_fewer_masks_the_higher_the_threshold(filled):  # noqa: F811
    ws, masks = filled
    judge(ws, masks, range(1, 7))
    offers = promise.offers(ws)
    counts = [offer.promise.count for offer in offers]
    assert counts == sorted(counts, reverse=True)
    assert all(offer.promise.wrong <= (1 - offer.minimum) * offer.promise.count for offer in offers)
    good = [mask for image in (7, 8) for mask, is_good in zip(masks[image], GOOD, strict=True) if is_good]
    told = promise.of_masks(ws, good, 0.5, 20, 0)
    assert told.count == len(good)
    decide(ws, 7, dict.fromkeys(masks[7], "rejected"))
    assert promise.offers(ws)[0].promise.count < counts[0], "what is decided is no longer offered"
