import numpy as np
import pytest

from app.errors import SettingsError
from app.services import ingest
from app.services.training import comparing
from app.services.training.comparing import Tally
from app.services.training.decided import Judged
from freesolo.instances import Instances
from tests.app.helpers import make_folder

NAMES = ("one", "two")


def masks(*boxes):
    """(left, top, side) squares on 100 x 100 pixels, best first."""
    planes = np.zeros((len(boxes), 100, 100), bool)
    for plane, (x, y, side) in zip(planes, boxes, strict=True):
        plane[y : y + side, x : x + side] = True
    return Instances.from_masks(planes, np.linspace(0.9, 0.1, len(boxes)))


@pytest.fixture
def images(ws, tmp_path):
    ingest.import_folder(ws, make_folder(tmp_path / "photos"))
    with ws.store.read() as tx:
        return tx.images.of_ids([1, 2, 3])


def test_masks_are_new_lost_changed_or_the_same(images):
    before = {1: masks((0, 0, 40), (50, 50, 40), (0, 60, 20))}
    after = {1: masks((0, 0, 40), (52, 52, 36), (60, 0, 20))}
    found = comparing.matched(NAMES, images, before, after, {})
    assert found.total == Tally(same=1, changed=1, new=1, lost=1)
    assert (found.images, found.total.differing) == (1, 3), "the other images have no result"
    (row,) = found.differences
    assert [each.fate for each in row.before] == ["same", "changed", "lost"]
    assert [each.fate for each in row.after] == ["same", "changed", "new"]
    assert row.after[2].counts == after[1].counts[2].decode()
    assert found.sentence.startswith("On 1 image, the first 20 masks of each: two finds 1 that one does not, loses 1,")
    assert "which is better is for you to judge" in found.sentence


def test_what_the_other_finds_further_down_is_not_lost(images):
    weak = [(2 * place, 90, 2) for place in range(25)]
    before, after = {1: masks((0, 0, 40), *weak)}, {1: masks(*weak, (0, 0, 40))}
    assert comparing.matched(NAMES, images, before, after, {}).total.lost == 0
    assert comparing.matched(NAMES, images, after, before, {}).total.new == 0


def test_outlines_are_judged_by_what_people_accepted(images):
    judged = Judged(masks((0, 0, 40), (50, 50, 40), (60, 0, 30)), np.array([True, True, False]))
    before = {1: masks((0, 0, 20), (50, 50, 40), (60, 0, 30))}
    found = comparing.matched(NAMES, images, before, {1: masks((0, 0, 40), (50, 50, 28))}, {1: judged})
    assert (found.total.accepted, found.total.better, found.total.worse) == (2, 1, 1)
    assert (
        "Of the 2 accepted masks on images that no training has seen it outlines 1 better and 1 worse" in found.sentence
    )


def test_images_that_differ_most_come_first_and_nothing_found_is_no_trouble(images):
    nothing = Instances.empty((100, 100))
    before = {1: nothing, 2: masks((0, 0, 40)), 3: nothing}
    after = {1: nothing, 2: nothing, 3: masks((0, 0, 40), (50, 50, 40))}
    found = comparing.matched(NAMES, images, before, after, {})
    assert [row.image_id for row in found.differences] == [3, 2]
    assert found.total == Tally(new=2, lost=1)


def test_half_of_the_images_are_held_out_ones_and_those_learnt_from_come_last(decided_on):
    ws = decided_on(3)
    assert comparing.chosen(ws, 4) == [3, 4, 5, 7]
    assert comparing.chosen(ws, 1) == [3]
    assert comparing.chosen(ws, 99) == [3, 4, 5, 6, 7, 8, 1, 2]


def test_two_proposers_are_run_and_a_stopped_comparison_goes_on(decided_on, fake_trainers, tmp_path):
    ws = decided_on(3)
    told = []
    image_ids = comparing.chosen(ws, 4)
    assert comparing.compare(ws, ("union", "default"), image_ids, tmp_path, told.append, lambda: True) is None
    found = comparing.compare(ws, ("union", "default"), image_ids, tmp_path, told.append, lambda: False)
    assert found.total == Tally(same=12, accepted=1)
    assert found.differences == []
    assert (told[-1].done, told[-1].total, told[-1].phase) == (8, 8, "proposing with default")
    assert found.as_json()["sentence"] == found.sentence


@pytest.mark.parametrize(
    ("before", "after", "images", "words"),
    [
        ("union", "union", 5, "union is the same as itself: choose two proposers"),
        ("union", "model-9", 5, "no proposer called 'model-9'"),
        (None, "union", 5, "no proposer called None"),
        ("union", "solo", 0, "0 images cannot be compared: choose a number from 1 to 200"),
        ("union", "solo", "5", "5 images cannot be compared"),
    ],
)
def test_what_cannot_be_compared_is_refused(ws, before, after, images, words):
    with pytest.raises(SettingsError, match=words):
        comparing.required(ws, before, after, images)
