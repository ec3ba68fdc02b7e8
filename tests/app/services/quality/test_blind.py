import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import ReviewError
from app.services import review
from app.services.quality import blind
from app.services.quality.blind import Answer, kappa, wilson
from app.services.review import Operation

STATES = st.sampled_from(["accepted", "rejected", "unsure"])


@pytest.fixture
def decided(reviewed):
    """Of nine masks four are accepted, two rejected, one is unsure; two wait."""
    ws, masks = reviewed
    ids = [mask for each in masks.values() for mask in each]
    states = dict(zip(ids[:7], ["accepted"] * 4 + ["rejected"] * 2 + ["unsure"], strict=True))
    image_of = {mask: image_id for image_id, ids in masks.items() for mask in ids}
    review.apply(ws, "me", [Operation(f"k{m}", image_of[m], "g", "state", m, 0, s) for m, s in states.items()])
    return ws, states


def test_questions_are_decided_masks_half_of_them_accepted(decided):
    ws, states = decided
    asked = [question.instance.id for question in blind.questions(ws, 4, seed=1)]
    assert len(set(asked)) == 4
    assert sorted(states[mask] == "accepted" for mask in asked) == [False, False, True, True]
    assert {q.instance.id for q in blind.questions(ws, 100)} == set(states)
    assert len(blind.questions(ws, 6)) == 6


def test_answers_are_compared_and_change_nothing(decided):
    ws, states = decided
    first = next(iter(states))
    answers = [Answer(mask, "rejected" if mask == first else state) for mask, state in states.items()]
    found = blind.compare(ws, [*answers, Answer(9, "accepted"), Answer(999, "accepted")])
    assert (found.number, found.agreed) == (7, 6)
    assert [(d.instance_id, d.then, d.now, d.name) for d in found.differences] == [
        (first, "accepted", "rejected", "a.png")
    ]
    assert found.lowest < 6 / 7 < found.highest
    assert found.kappa_lowest <= found.kappa <= found.kappa_highest
    with ws.store.read() as tx:
        assert {mask: tx.instances.get([mask])[mask].state for mask in states} == states


def test_nothing_decided_is_nothing_to_compare(reviewed):
    ws, _ = reviewed
    assert blind.questions(ws, 20) == []
    with pytest.raises(ReviewError, match="none of these masks"):
        blind.compare(ws, [Answer(1, "accepted")])


def test_kappa_of_a_known_table():
    then = ["a"] * 25 + ["b"] * 25
    now = ["a"] * 20 + ["b"] * 5 + ["a"] * 10 + ["b"] * 15
    assert kappa(then, now) == pytest.approx(0.4)
    assert kappa(["a", "a"], ["a", "a"]) is None


@given(st.lists(st.tuples(STATES, STATES), min_size=1, max_size=40))
def test_kappa_is_at_most_one_and_that_only_in_full_agreement(pairs):
    value = kappa([a for a, _ in pairs], [b for _, b in pairs])
    if value is not None:
        assert -1 - 1e-9 <= value <= 1 + 1e-9
        assert (value > 1 - 1e-9) == all(a == b for a, b in pairs)


@given(st.integers(1, 200), st.data())
def test_the_interval_of_a_share_holds_it(number, data):
    hits = data.draw(st.integers(0, number))
    low, high = wilson(hits, number)
    assert 0 <= low <= hits / number + 1e-9
    assert hits / number - 1e-9 <= high <= 1
