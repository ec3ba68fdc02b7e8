import numpy as np
import pytest

from app.errors import NotFoundError, ReviewError
from app.services import categories, review
from app.services.review import Operation
from freesolo.codecs import coco_rle


@pytest.fixture
def masks(reviewed):
    return reviewed[1]


def decide(mask, state, *, key, revision=0, image=1, group="g"):
    return Operation(key, image, group, "state", mask, revision, state)


def states(ws, image_id=1):
    return {instance.id: instance.state for instance in review.load(ws, image_id).instances}


def test_an_image_opens_with_its_masks_best_first_and_its_place(reviewed):
    ws, masks = reviewed
    opened = review.load(ws, 2)
    assert [instance.id for instance in opened.instances] == masks[2]
    scores = [instance.score for instance in opened.instances]
    assert scores == sorted(scores, reverse=True)
    assert (opened.image.name, opened.neighbours.index, opened.neighbours.previous) == ("b.png", 1, 1)
    with pytest.raises(NotFoundError):
        review.load(ws, 99)


def test_decisions_are_saved_with_the_status_they_lead_to(ws, masks):
    first, second, third = masks[1]
    outcome = review.apply(ws, "me", [decide(first, "accepted", key="1"), decide(second, "rejected", key="2")])
    assert outcome.saved == {"1": 1, "2": 1}
    assert outcome.conflicts == []
    assert outcome.image_status == {1: "doing"}
    outcome = review.apply(ws, "me", [decide(third, "unsure", key="3")])
    assert outcome.image_status == {1: "done"}
    assert states(ws) == {first: "accepted", second: "rejected", third: "unsure"}


def test_a_burst_on_one_mask_counts_its_own_revisions(ws, masks):
    mask = masks[1][0]
    operations = [
        decide(mask, "accepted", key="1", revision=0),
        decide(mask, "rejected", key="2", revision=1),
        decide(mask, "unsure", key="3", revision=2),
    ]
    assert review.apply(ws, "me", operations).saved == {"1": 1, "2": 2, "3": 3}
    assert states(ws)[mask] == "unsure"


def test_a_repeated_request_is_answered_as_saved_and_changes_nothing(ws, masks):
    operations = [decide(masks[1][0], "accepted", key="1"), decide(masks[1][1], "accepted", key="2")]
    first = review.apply(ws, "me", operations)
    review.apply(ws, "me", [decide(masks[1][0], "rejected", key="3", revision=1)])
    again = review.apply(ws, "me", [*operations, operations[0]])
    assert again.saved == first.saved
    assert again.conflicts == []
    assert states(ws)[masks[1][0]] == "rejected"


def test_a_conflict_is_told_and_the_rest_saved(ws, masks):
    first, second, _ = masks[1]
    review.apply(ws, "tab 1", [decide(first, "accepted", key="1")])
    outcome = review.apply(ws, "tab 2", [decide(first, "rejected", key="2"), decide(second, "rejected", key="3")])
    assert outcome.saved == {"3": 1}
    (conflict,) = outcome.conflicts
    assert (conflict.key, conflict.instance.state, conflict.instance.revision) == ("2", "accepted", 1)
    assert "changed elsewhere meanwhile: it is accepted now" in conflict.message
    assert states(ws)[first] == "accepted"


def test_after_a_conflict_a_matching_revision_by_chance_is_a_conflict_too(ws, masks):
    mask = masks[1][0]
    review.apply(ws, "tab 1", [decide(mask, "accepted", key="1")])
    burst = [decide(mask, "rejected", key="2", revision=0), decide(mask, "unsure", key="3", revision=1)]
    outcome = review.apply(ws, "tab 2", burst)
    assert outcome.saved == {}
    assert [conflict.key for conflict in outcome.conflicts] == ["2", "3"]
    assert states(ws)[mask] == "accepted"


def test_masks_that_are_gone_or_elsewhere_conflict_without_a_mask(ws, masks):
    operations = [decide(9999, "accepted", key="1"), decide(masks[2][0], "accepted", key="2", image=1)]
    outcome = review.apply(ws, "me", operations)
    assert [conflict.message for conflict in outcome.conflicts] == [
        "mask 9999 is no longer on this image",
        f"mask {masks[2][0]} is no longer on this image",
    ]
    assert outcome.image_status == {1: "todo"}


def test_finishing_and_reopening_an_image(ws, masks):
    finish = Operation("1", 1, "g", "finish", revision=0)
    assert review.apply(ws, "me", [finish]).image_status == {1: "done"}
    late = review.apply(ws, "other", [Operation("2", 1, "h", "reopen", revision=0)])
    assert late.saved == {}
    assert late.conflicts[0].message == "the image was finished or reopened elsewhere meanwhile"
    assert review.apply(ws, "me", [Operation("3", 1, "i", "reopen")]).image_status == {1: "todo"}


def test_naming_and_unnaming_a_mask(ws, masks):
    cat = categories.add(ws, "cat")
    mask = masks[1][0]
    review.apply(ws, "me", [Operation("1", 1, "g", "category", mask, 0, category_id=cat.id)])
    assert review.load(ws, 1).instances[0].category_id == cat.id
    review.apply(ws, "me", [Operation("2", 1, "h", "category", mask, 1, category_id=None)])
    assert review.load(ws, 1).instances[0].category_id is None


@pytest.mark.parametrize(
    ("operation", "sentence"),
    [
        (Operation("k", 1, "g", "explode"), "unknown action 'explode'"),
        (Operation("k", 1, "g", "state", 1, 0, "maybe"), "unknown state 'maybe'"),
        (Operation("k", 1, "g", "state", 1, None, "accepted"), "needs instance_id .or instance_key. and revision"),
        (Operation("k", 1, "g", "category", 1, 0, category_id=77), "there is no category 77"),
        (Operation("k", 1, "g", "edit", 1, 0), "the action edit needs counts"),
        (Operation("k", 1, "g", "create"), "the action create needs counts"),
        (Operation("k", 1, "g", "delete", 1, 0, instance_key="x"), "needs instance_id"),
        (Operation("k", 1, "g", "edit", 1, 0, "maybe", counts="x"), "unknown state 'maybe'"),
        (Operation("k", 1, "g", "create", counts="x", category_id=77), "there is no category 77"),
        (Operation("", 1, "g", "finish"), "key has 1 to 200"),
        (Operation("k", 1, "g" * 201, "finish"), "group has 1 to 200"),
    ],
)
def test_malformed_operations_are_refused_as_a_whole(ws, masks, operation, sentence):
    good = decide(masks[1][0], "accepted", key="good")
    with pytest.raises(ReviewError, match=sentence):
        review.apply(ws, "me", [good, operation])
    assert set(states(ws).values()) == {"pending"}


def test_unknown_images_and_nameless_reviewers_are_refused(ws, masks):
    with pytest.raises(NotFoundError, match="no image 77"):
        review.apply(ws, "me", [Operation("k", 77, "g", "finish")])
    with pytest.raises(ReviewError, match="reviewer"):
        review.apply(ws, "", [Operation("k", 1, "g", "finish")])


def drawing(*rows):
    """Counts of a mask of 8 x 6: rows of '#' and other signs from the top, the rest empty."""
    mask = np.zeros((6, 8), bool)
    for index, row in enumerate(rows):
        mask[index, : len(row)] = [sign == "#" for sign in row]
    return coco_rle.encode(mask).decode()


def now(ws, mask, image_id=1):
    return next(i for i in review.load(ws, image_id).instances if i.id == mask)


def test_an_edit_gives_a_mask_its_pixels_box_and_area(ws, masks):
    mask = masks[1][0]
    edit = Operation("1", 1, "g", "edit", mask, 0, counts=drawing("...", ".##", ".#.#"))
    outcome = review.apply(ws, "me", [edit])
    assert (outcome.saved, outcome.conflicts, outcome.image_status) == ({"1": 1}, [], {1: "doing"})
    edited = now(ws, mask)
    assert (edited.bbox, edited.area, edited.edited, edited.state) == ((1, 1, 3, 2), 4, True, "accepted")
    assert edited.counts == edit.counts
    review.apply(ws, "me", [Operation("2", 1, "h", "edit", mask, 1, "unsure", counts=drawing("#"))])
    assert (now(ws, mask).state, now(ws, mask).bbox) == ("unsure", (0, 0, 1, 1))


@pytest.mark.parametrize(
    ("counts", "sentence"),
    [
        (drawing(""), "nothing would be left of the mask: reject it instead"),
        (coco_rle.encode(np.ones((6, 7))).decode(), "does not fit the image"),
        ("\x00", "does not fit the image"),
        ("", "does not fit the image"),
    ],
)
@pytest.mark.parametrize("action", ["edit", "create"])
def test_pixels_that_make_no_mask_are_refused_and_the_rest_is_saved(ws, masks, action, counts, sentence):
    first, second, _ = masks[1]
    place = {"instance_id": first, "revision": 0} if action == "edit" else {}
    bad = Operation("bad", 1, "g", action, counts=counts, **place)
    outcome = review.apply(ws, "me", [bad, decide(second, "accepted", key="good")])
    assert list(outcome.saved) == ["good"]
    (conflict,) = outcome.conflicts
    assert sentence in conflict.message
    assert states(ws) == {first: "pending", second: "accepted", masks[1][2]: "pending"}


def test_a_drawn_mask_is_accepted_and_a_persons_and_can_be_worked_on_before_its_id_is_known(ws, masks):
    make = Operation("1", 1, "g", "create", counts=drawing("##"), category_id=1, parent_id=masks[1][0])
    edit = Operation("2", 1, "h", "edit", revision=1, instance_key="1", counts=drawing("###"))
    part = Operation("3", 1, "i", "create", counts=drawing("#"), parent_key="1")
    outcome = review.apply(ws, "me", [make, edit, part])
    made, second = outcome.created["1"], outcome.created["3"]
    assert outcome.saved == {"1": 1, "2": 2, "3": 1}
    drawn = now(ws, made)
    assert (drawn.source, drawn.score, drawn.state, drawn.edited) == ("person:me", 1.0, "accepted", True)
    assert (drawn.category_id, drawn.parent_id, drawn.area) == (1, masks[1][0], 3)
    assert now(ws, second).parent_id == made
    later = Operation("4", 1, "j", "state", None, 2, "rejected", instance_key="1")
    assert review.apply(ws, "me", [later]).saved == {"4": 3}
    assert now(ws, made).state == "rejected"


def test_a_repeated_creation_makes_nothing_twice(ws, masks):
    make = Operation("1", 1, "g", "create", counts=drawing("##"))
    first = review.apply(ws, "me", [make])
    assert review.apply(ws, "me", [make, make]) == first
    assert len(review.load(ws, 1).instances) == 4


def test_what_follows_a_refused_creation_is_refused(ws, masks):
    make = Operation("1", 1, "g", "create", counts=drawing(""))
    after = Operation("2", 1, "h", "state", None, 1, "unsure", instance_key="1")
    outcome = review.apply(ws, "me", [make, after])
    assert [conflict.key for conflict in outcome.conflicts] == ["1", "2"]
    assert outcome.conflicts[1].message == "mask just drawn is no longer on this image"


def test_a_mask_taken_away_counts_no_more_and_takes_no_decision(ws, masks):
    first, second, third = masks[1]
    outcome = review.apply(ws, "me", [Operation("1", 1, "g", "delete", first, 0)])
    assert outcome.saved == {"1": 1}
    opened = review.load(ws, 1)
    assert [i.id for i in opened.instances] == [second, third]
    assert opened.image.pending == 2
    late = review.apply(ws, "other", [decide(first, "accepted", key="2", revision=1)])
    assert [(c.instance, c.message) for c in late.conflicts] == [(None, f"mask {first} is no longer on this image")]


def test_an_edit_of_what_somebody_else_changed_overwrites_nothing(ws, masks):
    mask = masks[1][0]
    review.apply(ws, "tab 1", [Operation("1", 1, "g", "edit", mask, 0, counts=drawing("##"))])
    late = [
        Operation("2", 1, "h", "edit", mask, 0, counts=drawing("####")),
        Operation("3", 1, "h", "delete", mask, 1),
    ]
    outcome = review.apply(ws, "tab 2", late)
    assert outcome.saved == {}
    assert [conflict.instance.area for conflict in outcome.conflicts] == [2, 2]
    assert now(ws, mask).area == 2


def test_an_image_that_has_only_what_people_drew_waits_for_its_proposals(ws, masks):
    with ws.store.write() as tx:
        tx.instances.remove_untouched(1)
        tx.images.change(1, proposer=None, proposer_name=None)
        tx.images.refresh([1])
    outcome = review.apply(ws, "me", [Operation("1", 1, "g", "create", counts=drawing("##"))])
    assert outcome.image_status == {1: "doing"}
    assert review.apply(ws, "me", [Operation("2", 1, "h", "finish")]).image_status == {1: "done"}
