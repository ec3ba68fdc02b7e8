import pytest

from app.errors import NotFoundError, ReviewError
from app.services import ingest, missed, review, undo
from app.services.review import Operation
from tests.app.helpers import make_image, new_instances
from tests.freesolo.freemask.test_missed import SIDE, board, boxes


@pytest.fixture
def hunted(ws, tmp_path):
    """One image with merge trees and one pending mask over the best place, nodes 16 (row 1, left) and 18 (row 2, left)."""
    make_image(tmp_path / "photos" / "a.png", size=(SIDE, SIDE))
    ingest.import_folder(ws, tmp_path / "photos")
    ws.hierarchies.mkdir()
    (ws.hierarchies / "a.npz").write_bytes(board({16: 0.0, 18: -2.0, 20: -3.0, 22: -4.0}).to_bytes())
    with ws.store.write() as tx:
        tx.instances.add_many(1, "p@1", new_instances(boxes((0, 0, 20, 10)).decode()))
        tx.images.change(1, proposer="p@1", hierarchy="a.npz")
        tx.images.refresh([1])
    return ws


def found(ws):
    return [tuple(box) for box in missed.hunt(ws, 1).places.boxes.tolist()]


def dismiss(ws, box, key):
    return review.apply(ws, "me", [Operation(key, 1, key, "dismiss", box=box)])


def test_pending_masks_cover_and_rejected_ones_are_not_shown_again(hunted):
    assert found(hunted)[0] == (0, 10, 20, 10)
    review.apply(hunted, "me", [Operation("k", 1, "g", "state", 1, 0, "rejected")])
    assert (0, 0, 20, 10) not in found(hunted)


def test_a_dismissed_place_stays_away_until_that_is_undone(hunted):
    first, second = found(hunted)[:2]
    assert dismiss(hunted, first, "1").saved == {"1": 1}
    assert found(hunted)[0] == second
    dismiss(hunted, second, "2")
    assert not {first, second} & set(found(hunted))
    assert undo.undo(hunted, "me").what == "Undone: place without a mask dismissed."
    assert found(hunted)[0] == second
    undo.undo(hunted, "me")
    assert found(hunted)[:2] == [first, second]
    undo.redo(hunted, "me")
    assert found(hunted)[0] == second


def test_the_hunt_comes_to_an_end(hunted):
    for number in range(missed.MOST):
        places = found(hunted)
        assert len(places) == missed.MOST - number
        dismiss(hunted, places[0], f"k{number}")
    assert found(hunted) == []


def test_dismissing_leaves_the_status_and_finishing_alone(hunted):
    assert dismiss(hunted, (1, 2, 3, 4), "1").image_status == {1: "todo"}
    review.apply(hunted, "me", [Operation("2", 1, "g2", "finish")])
    with hunted.store.read() as tx:
        image = tx.images.get(1)
    assert (image.closed, image.dismissed, image.revision) == (True, [[1, 2, 3, 4]], 2)


def test_dismissing_needs_a_box(hunted):
    with pytest.raises(ReviewError, match="dismiss needs box"):
        review.apply(hunted, "me", [Operation("1", 1, "g", "dismiss")])


@pytest.mark.parametrize("trouble", ["none", "gone", "damaged", "size"])
def test_without_merge_trees_that_fit_the_reason_is_told(hunted, trouble):
    with hunted.store.write() as tx:
        if trouble == "none":
            tx.images.change(1, hierarchy=None)
        elif trouble == "size":
            tx.images.change(1, width=SIDE + 1)
    if trouble == "gone":
        (hunted.hierarchies / "a.npz").unlink()
    elif trouble == "damaged":
        (hunted.hierarchies / "a.npz").write_bytes(b"nothing")
    result = missed.hunt(hunted, 1)
    assert len(result.places) == 0
    assert "propose" in result.unknown


def test_an_unknown_image_is_told(hunted):
    with pytest.raises(NotFoundError, match="no image 9"):
        missed.hunt(hunted, 9)
