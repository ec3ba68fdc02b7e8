from contextlib import contextmanager

import numpy as np
import pytest
from sqlalchemy import Engine, event

from app.services import categories, ingest, review
from app.services.review import Operation
from app.services.workspace import Workspace
from freesolo.codecs import coco_rle
from tests.app.helpers import add_masks, make_folder, make_image


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


def counts(pixels):
    """A mask of 8 x 6: so many pixels of the first row."""
    mask = np.zeros((6, 8), bool)
    mask[0, :pixels] = True
    return coco_rle.encode(mask).decode()


def seen(ws, image_id=1):
    """Masks without their revisions."""
    return [{**vars(instance), "revision": None} for instance in review.load(ws, image_id).instances]


def merged(masks, group="m"):
    first, second, third = masks
    return [
        Operation(f"{group}1", 1, group, "edit", first, 0, counts=counts(3)),
        Operation(f"{group}2", 1, group, "delete", second, 0),
        Operation(f"{group}3", 1, group, "delete", third, 0),
    ]


def test_a_merge_is_one_step_and_its_masks_come_back_under_their_ids(ws, masks):
    start = seen(ws)
    review.apply(ws, "me", merged(masks[1]))
    after = seen(ws)
    assert len(after) == 1
    undone = review.undo(ws, "me")
    assert undone.what == "Undone: 3 masks merged."
    assert [i.deleted for i in undone.instances] == [False] * 3
    assert seen(ws) == start
    redone = review.redo(ws, "me")
    assert [i.deleted for i in redone.instances] == [False, True, True]
    assert seen(ws) == after


def test_a_split_is_one_step_and_comes_again_under_its_ids(ws, masks):
    start, mask = seen(ws), masks[1][0]
    rest = Operation("1", 1, "s", "edit", mask, 0, counts=counts(2))
    part = Operation("2", 1, "s", "create", counts=counts(1), parent_id=mask)
    made = review.apply(ws, "me", [rest, part]).created["2"]
    after = seen(ws)
    assert review.undo(ws, "me").what == "Undone: 1 mask split into 2."
    assert seen(ws) == start
    review.redo(ws, "me")
    assert seen(ws) == after
    assert made in {instance["id"] for instance in after}


def test_a_drawn_mask_that_somebody_decided_since_stays(ws, masks):
    made = review.apply(ws, "ann", [Operation("1", 1, "g", "create", counts=counts(2))]).created["1"]
    review.apply(ws, "bob", [Operation("2", 1, "h", "state", made, 1, "unsure")])
    assert review.undo(ws, "ann").what == "Undone: 1 mask drawn; 1 changed elsewhere since and left as they are."
    assert made in {instance["id"] for instance in seen(ws)}


def test_an_edit_under_which_somebody_edited_again_stays(ws, masks):
    mask = masks[1][0]
    review.apply(ws, "ann", [Operation("1", 1, "g", "edit", mask, 0, counts=counts(2))])
    review.apply(ws, "bob", [Operation("2", 1, "h", "edit", mask, 1, counts=counts(5))])
    assert "left as they are" in review.undo(ws, "ann").what
    assert seen(ws)[0]["area"] == 5


def test_undo_brings_no_mask_back_onto_another_picture(ws, masks):
    """The same number of pixels, but another shape: the counts alone would not tell."""
    review.apply(ws, "me", merged(masks[1]))
    folder = ws.path.parent / "photos"
    make_image(folder / "a.png", size=(6, 8), seed=9)
    ingest.import_folder(ws, folder)
    assert seen(ws) == []
    assert review.undo(ws, "me").what == "Undone: 3 masks merged; 3 changed elsewhere since and left as they are."
    assert seen(ws) == []


def test_a_drawn_mask_whose_parent_was_proposed_away_is_undone_and_redone(ws, masks):
    parent = masks[1][0]
    review.apply(ws, "me", [Operation("1", 1, "g", "create", counts=counts(2), parent_id=parent)])
    with ws.store.write() as tx:
        tx.instances.remove_untouched(1)
    (drawn,) = seen(ws)
    assert drawn["parent_id"] is None
    review.undo(ws, "me")
    assert seen(ws) == []
    review.redo(ws, "me")
    assert seen(ws) == [drawn]


@contextmanager
def counted_statements():
    """Counts what is asked of the database: {"statements": n}."""
    found = {"statements": 0}

    def count(*_arguments):
        found["statements"] += 1

    event.listen(Engine, "before_cursor_execute", count)
    try:
        yield found
    finally:
        event.remove(Engine, "before_cursor_execute", count)


def test_a_step_of_many_masks_takes_a_few_statements(ws, tmp_path):
    """As many for thousands as for a few: bulk accept of 5,000 masks is undone in about a second."""
    ingest.import_folder(ws, make_folder(tmp_path / "photos", [f"{k}.png" for k in range(20)]))
    masks = {image: add_masks(ws, image, 15) for image in range(1, 21)}
    statements = []
    for name, images in (("few", range(1, 2)), ("many", range(2, 21))):
        operations = [
            Operation(f"{name}-{mask}", image, f"unseen-{name}", "state", mask, 0, "accepted")
            for image in images
            for mask in masks[image]
        ]
        assert not review.apply(ws, "me", operations).conflicts
        for turn in (review.undo, review.redo):
            with counted_statements() as counted:
                turned = turn(ws, "me")
            statements.append(counted["statements"])
            assert len(turned.instances) == len(operations)
    few, _, many, _ = statements
    assert many == few
    assert few < 20
    assert all(states(ws, image) == ["accepted"] * 15 for image in masks)


def test_a_repeated_undo_of_a_group_logs_keys_of_its_own(ws, masks):
    for index, mask in enumerate(masks[1]):
        accept(ws, mask, key=str(index), group="all")
    for _ in range(3):
        review.undo(ws, "me")
        review.redo(ws, "me")
    with ws.store.read() as tx:
        rows = list(tx.decisions.all())
    assert len({row.key for row in rows}) == len(rows) == 3 * 7
    assert [row.revision for row in rows if row.instance_id == masks[1][0]] == [1, 2, 3, 4, 5, 6, 7]
