import pytest

from app.errors import NotFoundError
from app.services import catalogue, review
from app.services.catalogue import Neighbours
from app.services.review import Operation


def finish(ws, image_id):
    review.apply(ws, "me", [Operation(f"finish-{image_id}", image_id, f"g{image_id}", "finish")])


def test_overview_counts_everything(reviewed):
    ws, masks = reviewed
    review.apply(ws, "me", [Operation("k", 1, "g", "state", masks[1][0], 0, "accepted")])
    overview = catalogue.overview(ws)
    assert overview.images == {"new": 0, "todo": 2, "doing": 1, "done": 0, "error": 0}
    assert overview.instances == {"pending": 8, "accepted": 1, "rejected": 0, "unsure": 0}
    assert overview.total == 3


def test_lists_filter_search_order_and_page(reviewed):
    ws, masks = reviewed
    review.apply(ws, "me", [Operation("k", 1, "g", "state", masks[1][0], 0, "accepted")])

    def listed(**wanted):
        page = catalogue.list_images(ws, **wanted)
        return page.total, [row.name for row in page.rows]

    assert listed() == (3, ["a.png", "b.png", "c.png"])
    assert listed(status="todo") == (2, ["b.png", "c.png"])
    assert listed(search="B.P") == (1, ["b.png"])
    assert listed(search="%") == (0, [])
    assert catalogue.pick(ws, [3, 1, 3, 99]) == 2
    assert listed(only="picked") == (2, ["a.png", "c.png"])
    assert catalogue.pick(ws, []) == 0
    assert listed(only="picked") == (0, [])
    assert listed(offset=1, limit=1) == (3, ["b.png"])


def test_next_to_do_goes_round_and_ends(reviewed):
    ws, _ = reviewed
    assert catalogue.next_to_do(ws) == 1
    assert catalogue.next_to_do(ws, 1) == 2
    assert catalogue.next_to_do(ws, 3) == 1
    for image_id in (1, 3):
        finish(ws, image_id)
    assert catalogue.next_to_do(ws) == 2
    assert catalogue.next_to_do(ws, 2) == 2
    finish(ws, 2)
    assert catalogue.next_to_do(ws) is None
    assert catalogue.next_to_do(ws, 2) is None


def test_neighbours_by_name_and_status(reviewed):
    ws, _ = reviewed
    assert catalogue.neighbours(ws, 2) == Neighbours(1, 3, 1, 3)
    assert catalogue.neighbours(ws, 1) == Neighbours(0, 3, None, 2)
    finish(ws, 2)
    assert catalogue.neighbours(ws, 1, "todo") == Neighbours(0, 2, None, 3)
    with pytest.raises(NotFoundError, match="no image 9"):
        catalogue.neighbours(ws, 9)


def test_the_original_of_an_image(reviewed, tmp_path):
    ws, _ = reviewed
    assert catalogue.file_of(ws, catalogue.image(ws, 2)) == tmp_path / "photos" / "b.png"
