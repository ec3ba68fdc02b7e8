from dataclasses import replace

import numpy as np

from app.services import categories, naming, review
from app.services.review import Operation
from app.store.tables import NAMED
from tests.app.services.goodness.helpers import decide, table
from tests.app.services.goodness.test_goodness import GOOD, filled  # noqa: F401  (a fixture)

WINDOW, DOOR = 1, 2


def name(ws, image_id, masks, category, key="n"):
    with ws.store.read() as tx:
        revisions = {each.id: each.revision for each in tx.instances.get(masks).values()}
    operations = [
        Operation(f"{key}{mask}", image_id, f"{key}{mask}", "category", mask, revisions[mask], category_id=category)
        for mask in masks
    ]
    assert review.apply(ws, "me", operations).conflicts == []


def accept_and_name(ws, image_id, masks, category):
    decide(ws, image_id, dict.fromkeys(masks, "accepted"))
    name(ws, image_id, masks, category)


def test_masks_are_called_as_those_that_look_alike(filled):  # noqa: F811
    ws, masks = filled
    assert naming.suggestions(ws, masks[2]) == {}
    window, door = categories.add(ws, "window").id, categories.add(ws, "door").id
    accept_and_name(ws, 1, masks[1][::2], window)
    accept_and_name(ws, 1, masks[1][1::2], door)
    found = naming.suggestions(ws, masks[2])
    assert len(found) > len(masks[2]) / 2
    assert all(each.category_id == (window if GOOD[masks[2].index(mask)] else door) for mask, each in found.items())
    assert all(naming.LEAST <= each.p < 1 for each in found.values())


def test_only_accepted_masks_vote(filled):  # noqa: F811
    ws, masks = filled
    window = categories.add(ws, "window").id
    name(ws, 1, masks[1], window)
    assert naming.suggestions(ws, masks[2]) == {}
    decide(ws, 1, dict.fromkeys(masks[1], "accepted"))
    assert {each.category_id for each in naming.suggestions(ws, masks[2]).values()} == {window}
    decide(ws, 1, dict.fromkeys(masks[1], "rejected"))
    assert naming.suggestions(ws, masks[2]) == {}


def test_the_voters_are_found_without_reading_all_masks(filled):  # noqa: F811
    ws, masks = filled
    window = categories.add(ws, "window").id
    accept_and_name(ws, 1, masks[1], window)
    with ws.store.read() as tx:
        assert tx.columns.named(3) == sorted(masks[1])[:-4:-1]
        connection = tx.columns._connection
        [plan] = connection.exec_driver_sql(
            f"EXPLAIN QUERY PLAN SELECT id FROM instances WHERE {NAMED} ORDER BY id DESC LIMIT 9"
        ).fetchall()
    assert "ix_instances_named" in plan[3]


def test_how_good_suggestions_are_is_told_from_other_images(filled):  # noqa: F811
    ws, masks = filled
    assert naming.summary(ws) == ""
    window, door = categories.add(ws, "window").id, categories.add(ws, "door").id
    for image in (1, 2, 3):
        accept_and_name(ws, image, masks[image][::2], window)
        accept_and_name(ws, image, masks[image][1::2], door)
    assert naming.summary(ws).startswith("Of 36 named masks on 3 images, ")
    assert naming.summary(ws).endswith(" and 100 % of these suggestions are right.")


def test_nothing_is_said_of_suggestions_while_there_is_one_name(filled):  # noqa: F811
    ws, masks = filled
    window = categories.add(ws, "window").id
    for image in (1, 2, 3):
        accept_and_name(ws, image, masks[image], window)
    assert naming.summary(ws) == ""


def test_nobody_votes_for_oneself():
    made, good = table(images=1, masks=4)
    named = replace(made, categories=np.where(good, WINDOW, DOOR))
    alone = replace(named, **{field: getattr(named, field)[:1] for field in vars(named)})
    p = naming.guesses(alone, alone)[1]
    assert p.tolist() == [0.0]
    assert (naming.guesses(made, named)[1] > 0).all()
    assert (naming.guesses(made, named, other_images=True)[1] == 0).all()


def test_what_looks_like_nothing_named_is_called_nothing(filled):  # noqa: F811
    ws, masks = filled
    window = categories.add(ws, "window").id
    accept_and_name(ws, 1, masks[1][::2], window)
    found = naming.suggestions(ws, masks[2])
    assert set(found) <= set(masks[2][::2])
    assert found


def test_a_mask_without_embedding_is_called_nothing():
    made, _ = table(images=3)
    named = replace(made, categories=np.full(len(made.ids), DOOR))
    found, p = naming.guesses(replace(made, embeddings=[None, *made.embeddings[1:]]), named)
    assert (found[0], p[0]) == (0, 0.0)
    assert (found[1:] == DOOR).all()
