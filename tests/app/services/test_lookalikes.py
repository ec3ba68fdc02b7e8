import numpy as np
import pytest

from app.errors import NotFoundError
from app.services import lookalikes
from app.store.mask_columns import MaskTable
from tests.app.services.goodness.helpers import table


def two_kinds(images=12, masks=20):
    """Masks of equal shape whose embeddings point one of two ways."""
    made, good = table(images, masks)
    boxes = np.tile([3, 3, 5, 5], (len(made.ids), 1))
    return MaskTable(**{**vars(made), "boxes": boxes, "areas": np.full(len(made.ids), 25)}), good


def test_groups_hold_what_looks_alike():
    made, kind = two_kinds()
    found = lookalikes.group(made, newest=1)
    pure = 0
    for number in np.unique(found.groups):
        members = kind[found.members(number) - 1]
        pure += max(members.sum(), (~members).sum())
    assert pure / len(kind) > 0.9
    assert sum(len(found.members(number)) for number in np.unique(found.groups)) == len(made.ids)


def test_the_most_typical_come_first():
    found = lookalikes.group(two_kinds()[0], newest=1)
    closeness = dict(zip(found.ids.tolist(), found.closeness.tolist(), strict=True))
    for number in np.unique(found.groups):
        order = [closeness[mask] for mask in found.members(number).tolist()]
        assert order == sorted(order, reverse=True)


def test_decisions_do_not_move_groups():
    made, _ = two_kinds()
    other = MaskTable(**{**vars(made), "states": np.full(len(made.ids), "pending")})
    assert (lookalikes.group(made, 1).groups == lookalikes.group(other, 1).groups).all()


def test_the_most_similar_masks_are_of_the_same_kind():
    made, kind = two_kinds()
    like = lookalikes.group(made, newest=1).like(5, 30)
    assert like[0] == 5
    assert (kind[like - 1] == kind[4]).mean() > 0.9
    assert len(set(like.tolist())) == 30


def test_nothing_is_like_a_mask_without_embedding():
    made, _ = two_kinds(1, 3)
    found = lookalikes.group(MaskTable(**{**vars(made), "embeddings": [None, *made.embeddings[1:]]}), newest=1)
    assert found.ids.tolist() == [2, 3]
    assert found.members(99).tolist() == []
    with pytest.raises(NotFoundError, match="nothing is known of the looks of mask 1"):
        found.like(1, 10)


def test_an_empty_workspace_has_no_groups(ws):
    assert len(lookalikes.of_workspace(ws).ids) == 0
