import pytest

from app.store.images import status_of
from app.store.records import INSTANCE_STATES


@pytest.mark.parametrize(
    ("facts", "status"),
    [
        ({"proposed": False}, "new"),
        ({"proposed": True}, "todo"),  # nothing found: a person has to say that nothing is there
        ({"pending": 3}, "todo"),
        ({"pending": 2, "decided": 1}, "doing"),
        ({"decided": 3}, "done"),
        ({"pending": 3, "closed": True}, "done"),
        ({"closed": True, "proposed": False}, "done"),
        ({"decided": 3, "closed": False}, "doing"),
        ({"pending": 3, "closed": False}, "todo"),
        ({"decided": 3, "error": "truncated"}, "error"),
    ],
)
def test_the_status_follows_from_the_facts(facts, status):
    usual = {"error": "", "proposed": True, "closed": None, "pending": 0, "decided": 0}
    assert status_of(**{**usual, **facts}) == status


def test_counters_equal_the_masks_they_count(reviewed):
    ws, masks = reviewed
    with ws.store.write() as tx:
        for mask_id, state in zip(masks[1], ("accepted", "rejected", "unsure"), strict=True):
            tx.instances.change(mask_id, {"state": state})
        tx.instances.change(masks[2][0], {"deleted": True})
        assert tx.images.refresh([1, 2]) == {1: "done", 2: "todo"}
        counters = [[getattr(tx.images.get(image_id), state) for state in INSTANCE_STATES] for image_id in (1, 2, 3)]
        assert counters == [[0, 1, 1, 1], [2, 0, 0, 0], [3, 0, 0, 0]]
        assert tx.images.by_state() == {"pending": 5, "accepted": 1, "rejected": 1, "unsure": 1}
        assert tx.images.by_status() == {"new": 0, "todo": 2, "doing": 0, "done": 1, "error": 0}


def test_walking_in_batches_meets_each_readable_image_once_by_name(reviewed):
    ws, _ = reviewed
    with ws.store.write() as tx:
        tx.images.change(2, error="broken")
        tx.images.refresh([2])
        assert [[image.name for image in batch] for batch in tx.images.walk(batch=1)] == [["a.png"], ["c.png"]]
