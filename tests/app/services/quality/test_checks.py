import numpy as np
import pytest

from app.services import ingest, review
from app.services.quality import checks
from app.services.review import Operation
from tests.app.helpers import make_image, new_instances

SIZE = (200, 120)


@pytest.fixture
def painted(ws, tmp_path):
    """A function that gives one image masks (rectangles x0, y0, x1, y1 added, a fifth value False takes away), accepted."""
    make_image(tmp_path / "photos" / "a.png", size=SIZE)
    ingest.import_folder(ws, tmp_path / "photos")

    def paint(*masks):
        planes = np.zeros((len(masks), SIZE[1], SIZE[0]), bool)
        for plane, boxes in zip(planes, masks, strict=True):
            for x0, y0, x1, y1, *value in boxes:
                plane[y0:y1, x0:x1] = value[0] if value else True
        with ws.store.write() as tx:
            tx.instances.add_many(1, "p@1", new_instances(planes))
            tx.images.refresh([1])
            ids = [mask.id for mask in tx.instances.of_image(1)]
        decide(ws, ids, "accepted")
        return ids

    return ws, paint


def decide(ws, ids, state):
    with ws.store.read() as tx:
        masks = tx.instances.get(ids)
    review.apply(
        ws,
        "me",
        [Operation(f"{state}{m.id}.{m.revision}", 1, "g", "state", m.id, m.revision, state) for m in masks.values()],
    )


def kinds(ws):
    report = checks.report(ws, 10)
    assert report.waiting == 0
    assert report.counts == {kind: len(rows) for kind, rows in report.rows.items()}
    return {kind: [row.detail for row in rows] for kind, rows in report.rows.items() if rows}


def test_a_clean_mask_has_no_fault(painted):
    ws, paint = painted
    paint([(20, 20, 60, 60)])
    assert kinds(ws) == {}


@pytest.mark.parametrize(
    ("boxes", "found"),
    [
        ([(0, 20, 60, 60)], {"border": ["touches 1 side of the image"]}),
        ([(160, 100, 200, 120)], {"border": ["touches 2 sides of the image"]}),
        ([(20, 20, 60, 60), (100, 20, 102, 22), (90, 90, 91, 91)], {"parts": ["2 tiny parts"]}),
        ([(20, 20, 60, 60), (100, 20, 140, 60)], {}),
        ([(20, 20, 60, 60), (30, 30, 33, 33, False), (40, 40, 44, 44, False)], {"holes": ["2 holes"]}),
        ([(20, 20, 60, 60), (20, 30, 33, 33, False)], {}),
        ([(20, 20, 22, 21)], {"tiny": ["2 pixels"]}),
    ],
)
def test_each_fault_is_found(painted, boxes, found):
    ws, paint = painted
    paint(boxes)
    assert kinds(ws) == found


def test_two_accepted_masks_of_one_thing_are_told_once(painted):
    ws, paint = painted
    paint([(20, 20, 60, 60)], [(20, 20, 60, 58)], [(25, 25, 45, 45)])
    assert kinds(ws) == {"overlap": ["95 % the same as another accepted mask"]}


def test_only_what_is_accepted_counts_and_changes_are_seen(painted):
    ws, paint = painted
    first, _ = paint([(20, 20, 60, 60)], [(20, 20, 60, 58)])
    assert "overlap" in kinds(ws)
    decide(ws, [first], "rejected")
    assert kinds(ws) == {}
    decide(ws, [first], "accepted")
    assert "overlap" in kinds(ws)
    with ws.store.read() as tx:
        ids = [mask.id for mask in tx.instances.of_image(1)]
    decide(ws, ids, "unsure")
    assert kinds(ws) == {}


def test_without_time_the_images_wait(painted):
    ws, paint = painted
    paint([(0, 20, 60, 60)])
    assert checks.report(ws, 0).waiting == 1
    assert checks.report(ws, 10).waiting == 0
