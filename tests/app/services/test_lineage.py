import numpy as np
import pytest

from app.services import lineage, proposing, review
from app.services.review import Operation
from freesolo.instances import Instances
from tests.app.helpers import new_instances
from trainers.records import Record


def squares(*boxes, size=(20, 20)):
    """Masks of (left, top, side)."""
    masks = np.zeros((len(boxes), *size), bool)
    for mask, (x, y, side) in zip(masks, boxes, strict=True):
        mask[y : y + side, x : x + side] = True
    return masks


@pytest.fixture
def image(reviewed):
    """An image of 20 x 20 pixels with two undecided masks and one that somebody accepted."""
    ws, _ = reviewed
    with ws.store.write() as tx:
        tx.images.change(1, width=20, height=20, proposer="old@1")
        for mask in tx.instances.of_image(1):
            tx.instances.change(mask.id, {"deleted": True})
        tx.instances.add_many(1, "old@1", new_instances(squares((0, 0, 8), (10, 0, 8), (0, 10, 8))))
        tx.images.refresh([1])
        masks = tx.instances.of_image(1)
    review.apply(ws, "me", [Operation("k", 1, "g", "state", masks[2].id, 0, "accepted")])
    return ws


def propose(ws, *boxes):
    """What another proposer finds takes the place of what nobody decided."""
    found = Instances.from_masks(squares(*boxes), np.linspace(0.9, 0.1, len(boxes)))
    with ws.store.write() as tx:
        number = proposing._replace_proposals(tx, tx.images.get(1), Record("1", "/a", "new@2", 0.1, found), "new")
        tx.images.refresh([1])
        changes = [mask.change for mask in tx.instances.of_image(1) if mask.state == "pending"]
        return number, changes, tx.images.get(1)


def test_only_what_is_new_or_changed_is_marked(image):
    number, changes, row = propose(image, (0, 0, 8), (10, 0, 7), (12, 12, 8))
    assert (number, changes) == (3, [None, "changed", "new"])
    assert (row.changed, row.lost) == (2, 0)


def test_what_is_not_found_again_is_lost_but_not_what_people_decided(image):
    _, changes, row = propose(image, (0, 0, 8))
    assert (changes, row.changed, row.lost) == ([None], 0, 1)


def test_a_decided_mask_is_not_proposed_again_and_its_variant_is_a_change(image):
    number, changes, row = propose(image, (0, 10, 8), (0, 10, 7), (0, 0, 8), (10, 0, 8))
    assert (number, changes, row.lost) == (3, ["changed", None, None], 0)


def test_deciding_a_changed_mask_clears_the_mark_of_the_image(image):
    propose(image, (0, 0, 8), (12, 12, 8))
    with image.store.read() as tx:
        new = next(mask for mask in tx.instances.of_image(1) if mask.change)
        assert tx.images.count(None, "", "changed") == tx.images.count_changed() == 1
    review.apply(image, "me", [Operation("x", 1, "h", "state", new.id, 0, "rejected")])
    with image.store.read() as tx:
        assert tx.images.get(1).changed == 0


def test_the_first_proposer_changes_nothing():
    found = Instances.from_masks(squares((0, 0, 8)), np.ones(1))
    assert lineage.first(found).changes == [None]
    assert lineage.compare(found, [], set()).changes == ["new"], "the proposer before found nothing here"
    assert lineage.compare(Instances.empty((20, 20)), [], set()).lost == 0
