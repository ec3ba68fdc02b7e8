from app.services import changes, review
from app.services.changes import Heads
from app.services.review import Operation
from app.store.records import NewInstance


def decide(ws, mask, state="accepted", *, who="ann", key="k", image=1, revision=0):
    review.apply(ws, who, [Operation(key, image, key, "state", mask, revision, state)])


def test_nothing_happens_by_looking(reviewed):
    ws, masks = reviewed
    now = changes.heads(ws)
    assert now == Heads(0, masks[3][-1])
    assert changes.since(ws, now) == changes.Changes(now, [], many=False)


def test_decisions_are_told_by_image_with_who_and_revision(reviewed):
    ws, masks = reviewed
    begin = changes.heads(ws)
    decide(ws, masks[1][0], key="1")
    decide(ws, masks[1][0], "rejected", who="bo", key="2", revision=1)
    decide(ws, masks[2][1], key="3", image=2)
    found = changes.since(ws, begin)
    assert found.heads == Heads(3, begin.masks)
    first, second = found.images
    assert (first.image.id, first.revisions, first.who, first.new_masks) == (1, {masks[1][0]: 2}, {"ann", "bo"}, False)
    assert (second.image.accepted, second.revisions) == (1, {masks[2][1]: 1})
    assert changes.since(ws, found.heads).images == []


def test_a_finished_image_and_an_undo_are_told(reviewed):
    ws, masks = reviewed
    decide(ws, masks[1][0])
    begin = changes.heads(ws)
    review.undo(ws, "ann")
    review.apply(ws, "ann", [Operation("f", 2, "f", "finish")])
    undone, finished = changes.since(ws, begin).images
    assert (undone.revisions, undone.image.status) == ({masks[1][0]: 2}, "todo")
    assert (finished.revisions, finished.image.status) == ({}, "done")


def test_replaced_proposals_are_told(reviewed):
    ws, _ = reviewed
    begin = changes.heads(ws)
    with ws.store.write() as tx:
        tx.instances.remove_untouched(2)
        tx.instances.add_many(2, "other@1", [NewInstance("0a1", (0, 0, 1, 1), 1, 0.5, None)])
        tx.images.refresh([2])
    (change,) = changes.since(ws, begin).images
    assert (change.image.id, change.new_masks, change.image.pending) == (2, True, 1)


def test_whoever_missed_much_looks_anew(reviewed, monkeypatch):
    ws, masks = reviewed
    begin = changes.heads(ws)
    monkeypatch.setattr(changes, "MOST", 1)
    decide(ws, masks[1][0], key="1")
    assert not changes.since(ws, begin).many
    decide(ws, masks[1][1], key="2")
    assert changes.since(ws, begin).many


def test_a_place_beyond_the_end_is_another_workspaces(reviewed):
    ws, _ = reviewed
    assert changes.since(ws, Heads(99, 0)).many
    assert changes.since(ws, Heads(0, 99)).many
