import pytest

from app.services import categories, review
from app.services.review import Operation
from app.services.workspace import Workspace


@pytest.fixture
def masks(reviewed):
    return reviewed[1]


def accept(ws, mask, *, key, image=1, group=None, revision=None, state="accepted", who="me"):
    if revision is None:
        revision = next(i.revision for i in review.load(ws, image).instances if i.id == mask)
    operation = Operation(key, image, group or key, "state", mask, revision, state)
    outcome = review.apply(ws, who, [operation])
    assert outcome.conflicts == []


def states(ws, image_id=1):
    return [instance.state for instance in review.load(ws, image_id).instances]


def test_undo_and_redo_across_images_and_restarts(ws, masks):
    accept(ws, masks[1][0], key="1")
    accept(ws, masks[2][0], key="2", image=2)
    again = Workspace.open(ws.path)
    undone = review.undo(again, "me")
    assert (undone.image_id, undone.image_status, undone.what) == (2, "todo", "Undone: 1 mask accepted.")
    assert [(i.id, i.state) for i in undone.instances] == [(masks[2][0], "pending")]
    assert review.undo(again, "me").image_id == 1
    assert review.undo(again, "me") is None
    assert states(again) == states(again, 2) == ["pending"] * 3
    redone = review.redo(again, "me")
    assert (redone.image_id, redone.what) == (1, "Redone: 1 mask accepted.")
    assert review.redo(again, "me").image_id == 2
    assert review.redo(again, "me") is None
    assert states(again)[0] == states(again, 2)[0] == "accepted"
    again.close()


def test_a_group_is_one_step_even_over_several_requests(ws, masks):
    for index, mask in enumerate(masks[1]):
        accept(ws, mask, key=str(index), group="all")
    undone = review.undo(ws, "me")
    assert undone.what == "Undone: 3 masks accepted."
    assert states(ws) == ["pending"] * 3
    review.redo(ws, "me")
    assert states(ws) == ["accepted"] * 3


def test_a_group_that_is_no_longer_the_last_step_takes_nothing_more(ws, masks):
    first, second, _ = masks[1]
    accept(ws, first, key="1", group="a")
    accept(ws, first, key="2", group="b", state="rejected")
    accept(ws, second, key="3", group="a")
    review.undo(ws, "me")
    assert states(ws) == ["rejected", "pending", "pending"]
    review.undo(ws, "me")
    assert states(ws) == ["accepted", "pending", "pending"]
    review.undo(ws, "me")
    assert states(ws) == ["pending"] * 3
    assert review.undo(ws, "me") is None


def test_doing_something_else_ends_redo(ws, masks):
    accept(ws, masks[1][0], key="1")
    review.undo(ws, "me")
    accept(ws, masks[1][1], key="2")
    assert review.redo(ws, "me") is None
    review.undo(ws, "me")
    assert states(ws) == ["pending"] * 3


def test_each_reviewer_has_a_stack_and_leaves_the_others_work(ws, masks):
    first, second, _ = masks[1]
    accept(ws, first, key="1", group="a", who="ann")
    accept(ws, second, key="2", group="a", who="ann")
    accept(ws, first, key="3", state="rejected", who="bob")
    undone = review.undo(ws, "ann")
    assert undone.what == "Undone: 2 masks accepted; 1 changed elsewhere since and left as they are."
    assert states(ws) == ["rejected", "pending", "pending"]
    review.redo(ws, "ann")
    assert states(ws) == ["rejected", "accepted", "pending"]
    review.undo(ws, "bob")
    assert states(ws) == ["accepted", "accepted", "pending"]


def test_finishing_and_naming_are_undone_too(ws, masks):
    cat = categories.add(ws, "cat")
    review.apply(ws, "me", [Operation("1", 1, "1", "category", masks[1][0], 0, category_id=cat.id)])
    review.apply(ws, "me", [Operation("2", 1, "2", "finish")])
    assert review.undo(ws, "me").what == "Undone: image finished."
    assert review.load(ws, 1).image.status == "todo"
    assert review.undo(ws, "me").what == "Undone: 1 mask named."
    assert review.load(ws, 1).instances[0].category_id is None


def test_the_log_only_grows(ws, masks):
    accept(ws, masks[1][0], key="1")
    review.undo(ws, "me")
    review.redo(ws, "me")
    with ws.store.read() as tx:
        rows = list(tx.decisions.all())
    assert [(row.before, row.after) for row in rows] == [
        ({"state": "pending"}, {"state": "accepted"}),
        ({"state": "accepted"}, {"state": "pending"}),
        ({"state": "pending"}, {"state": "accepted"}),
    ]
    assert [row.undoes for row in rows] == [None, rows[0].group_id, rows[1].group_id]
    assert [row.revision for row in rows] == [1, 2, 3]
