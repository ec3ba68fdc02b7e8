from app.services import categories, history, review
from app.services.review import Operation
from tests.app.services.goodness.helpers import decide


def told(ws, image_id=1):
    return [(event.what, event.is_undone) for event in history.of_image(ws, image_id)]


def test_steps_are_told_newest_first_with_masks_and_people(reviewed):
    ws, masks = reviewed
    window = categories.add(ws, "window").id
    decide(ws, 1, dict.fromkeys(masks[1][:2], "accepted"), group="two", who="ann")
    review.apply(ws, "bob", [Operation("n", 1, "n", "category", masks[1][0], 1, category_id=window)])
    review.apply(ws, "bob", [Operation("f", 1, "f", "finish")])
    decide(ws, 2, {masks[2][0]: "rejected"})
    events = history.of_image(ws, 1)
    assert [(event.what, event.who) for event in events] == [
        ("image finished", "bob"),
        ("1 mask named window", "bob"),
        ("2 masks accepted", "ann"),
    ]
    assert events[2].instance_ids == masks[1][:2]
    assert events[0].instance_ids == []
    assert events[0].at >= events[2].at


def test_a_step_that_accepts_and_names_says_both(reviewed):
    ws, masks = reviewed
    window = categories.add(ws, "window").id
    mask = masks[1][0]
    review.apply(
        ws,
        "me",
        [
            Operation("a", 1, "g", "state", mask, 0, "accepted"),
            Operation("b", 1, "g", "category", mask, 1, category_id=window),
        ],
    )
    assert told(ws) == [("1 mask accepted and named window", False)]
    assert review.undo(ws, "me").what == "Undone: 1 mask accepted and named."


def test_what_was_taken_back_is_told_so_until_it_is_done_again(reviewed):
    ws, masks = reviewed
    decide(ws, 1, {masks[1][0]: "accepted"})
    decide(ws, 1, {masks[1][1]: "rejected"})
    steps = ["1 mask rejected", "1 mask accepted"]
    for turn, expected in (
        (review.undo, [True, False]),
        (review.undo, [True, True]),
        (review.redo, [True, False]),
        (review.redo, [False, False]),
        (review.undo, [True, False]),
    ):
        turn(ws, "me")
        assert told(ws) == list(zip(steps, expected, strict=True))


def test_an_image_without_decisions_has_no_history(reviewed):
    assert history.of_image(reviewed[0], 1) == []
