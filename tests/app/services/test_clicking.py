"""Clicks on images of a workspace: cached, made where there is nothing to ask, and told in a sentence where they cannot be."""

import threading

import numpy as np
import pytest
from PIL import Image

from app.errors import ClickError, NotFoundError
from app.services import child, clicking, ingest, proposing, review
from app.services.clicking import Clicker
from freesolo.freemask import FreeMask
from freesolo.freemask.clicks import Click
from freesolo.freemask.hierarchy import RegionHierarchy
from tests.app.helpers import add_masks
from tests.freesolo.freemask.photographs import photograph
from trainers.records import Record

INSIDE = Click(115.0, 60.0, True)


@pytest.fixture(scope="module")
def trees():
    found = FreeMask.from_preset("fast").propose(photograph("astronaut")).hierarchy
    assert found is not None
    return found.to_bytes()


@pytest.fixture
def photos(ws, tmp_path):
    """A workspace with two photographs, three masks each, and no merge trees."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("a.png", "b.png"):
        Image.fromarray(photograph("astronaut")).save(folder / name)
    ingest.import_folder(ws, folder)
    for image_id in (1, 2):
        add_masks(ws, image_id)
    return ws


def give_trees(ws, image_id, data):
    ws.hierarchies.mkdir(exist_ok=True)
    (ws.hierarchies / f"{image_id}.npz").write_bytes(data)
    with ws.store.write() as tx:
        tx.images.change(image_id, hierarchy=f"{image_id}.npz")


@pytest.fixture
def clicker(photos, trees):
    for image_id in (1, 2):
        give_trees(photos, image_id, trees)
    return Clicker(photos)


@pytest.fixture
def no_child(monkeypatch):
    def fail(*_args):
        raise AssertionError("a process was started")

    monkeypatch.setattr(child, "propose", fail)


def test_a_click_is_answered_with_masks_that_hold_it(clicker, no_child):
    found = clicker.click(1, [INSIDE])
    assert 1 < len(found.masks) <= 12
    assert found.masks.decode()[:, 60, 115].all()
    assert list(found.masks.scores) == sorted(found.masks.scores, reverse=True)


def test_a_correction_starts_from_the_mask_shown_or_stored(clicker, no_child, photos):
    shown = clicker.click(1, [INSIDE]).masks.counts[0].decode()
    away = Click(20.0, 20.0, False)
    corrected = clicker.click(1, [INSIDE, away], base=shown).masks.decode()
    assert corrected[:, 60, 115].all()
    assert not corrected[:, 20, 20].any()
    stored = review.load(photos, 1).instances[0]
    refined = clicker.click(1, [INSIDE], instance_id=stored.id).masks
    assert refined.decode()[:, 60, 115].all()


def test_a_rejected_mask_is_no_candidate(clicker, photos):
    with photos.store.read() as tx:
        masks = tx.instances.of_image(1)
    assert clicking._proposals(review.load(photos, 1).image, masks, masks[0].id) is not None
    with photos.store.write() as tx:
        for mask in masks:
            tx.instances.change(mask.id, {"state": "rejected"})
    with photos.store.read() as tx:
        assert clicking._proposals(review.load(photos, 1).image, tx.instances.of_image(1), None) is None


@pytest.mark.parametrize(
    ("clicks", "more", "error", "words"),
    [
        ([Click(5, 5, False)], {}, ClickError, "at least one that adds"),
        ([INSIDE], {"base": "%%%"}, ClickError, "no mask of a.png"),
        ([INSIDE], {"base": "ä"}, ClickError, "no mask of a.png"),
        ([INSIDE], {"instance_id": 999}, NotFoundError, "mask 999"),
    ],
)
def test_nonsense_is_told(clicker, clicks, more, error, words):
    with pytest.raises(error, match=words):
        clicker.click(1, clicks, **more)


def test_an_unknown_image_is_told(clicker):
    with pytest.raises(NotFoundError, match="no image 77"):
        clicker.click(77, [INSIDE])
    with pytest.raises(NotFoundError, match="no image 77"):
        clicker.prepare(77)


def test_what_was_prepared_is_read_once(clicker, monkeypatch):
    assert clicker.prepare(1)
    monkeypatch.setattr(RegionHierarchy, "from_bytes", lambda _data: pytest.fail("read again"))
    assert clicker.prepare(1)
    assert len(clicker.click(1, [INSIDE]).masks)


def test_the_cache_keeps_to_its_limit(photos, trees, monkeypatch):
    for image_id in (1, 2):
        give_trees(photos, image_id, trees)
    clicker = Clicker(photos, limit=1)
    clicker.prepare(1)
    clicker.prepare(2)
    assert [key[0] for key in clicker._ready] == [2]
    roomy = Clicker(photos)
    roomy.prepare(1)
    roomy.prepare(2)
    roomy.prepare(1)
    assert [key[0] for key in roomy._ready] == [2, 1]


def test_threads_that_ask_at_once_share_the_work(clicker, monkeypatch):
    loads = []
    load = Clicker._load
    monkeypatch.setattr(Clicker, "_load", lambda self, image: loads.append(image.id) or load(self, image))
    answers = []
    threads = [
        threading.Thread(target=lambda: answers.append(clicker.click(1, [INSIDE]).masks.counts)) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert loads == [1]
    assert len(answers) == 4
    assert len(set(answers)) == 1


def test_prepare_makes_nothing_unless_asked(photos, no_child):
    assert Clicker(photos).prepare(1) is False


@pytest.mark.parametrize("lost", ["never", "gone", "damaged", "other size"])
def test_trees_are_made_where_there_are_none(photos, trees, monkeypatch, lost):
    """By the proposer's process, here a stand-in that writes the trees; masks stay as they are."""
    if lost != "never":
        give_trees(photos, 1, trees)
    if lost == "gone":
        (photos.hierarchies / "1.npz").unlink()
    elif lost == "damaged":
        (photos.hierarchies / "1.npz").write_bytes(trees[:-300])
    elif lost == "other size":
        hierarchy = RegionHierarchy.from_bytes(trees)
        object.__setattr__(hierarchy, "size", (30, 40))
        (photos.hierarchies / "1.npz").write_bytes(hierarchy.to_bytes())
    asked = []

    def propose(files, folder, proposer, hierarchies, cancelled):
        asked.append((list(files), proposer))
        (hierarchies / "made.npz").write_bytes(trees)
        found = FakeInstances((256, 256))
        yield child.Report({"event": "image"}, [Record("1", "a.png", "p", 0.0, found, "made.npz", "")])

    monkeypatch.setattr(child, "propose", propose)
    before = review.load(photos, 1)
    clicker = Clicker(photos)
    assert clicker.click(1, [INSIDE]).masks.decode()[:, 60, 115].all()
    assert [(files[0][0], proposer) for files, proposer in asked] == [("1", "default")]
    after = review.load(photos, 1)
    assert after.image.hierarchy == "made.npz"
    assert after.instances == before.instances
    assert (after.image.proposer, after.image.status) == (before.image.proposer, before.image.status)
    assert clicker.prepare(1)
    assert len(asked) == 1


def FakeInstances(size):
    from freesolo.instances import Instances

    return Instances.from_masks(np.zeros((0, *size), bool), np.zeros(0, np.float32))


def test_a_proposer_that_fails_is_told(ws, tmp_path, fake_trainers):
    """The real process machinery, with a stand-in that knows no merge trees, then one that dies."""
    folder = tmp_path / "photos"
    folder.mkdir()
    Image.fromarray(photograph("astronaut")).save(folder / "a.png")
    ingest.import_folder(ws, folder)
    proposing.run(ws)
    with pytest.raises(ClickError, match="gave no regions"):
        Clicker(ws).click(1, [INSIDE])
    fake_trainers.setenv("FAKE_DIE", "0")
    with pytest.raises(ClickError, match="the network is missing"):
        Clicker(ws).prepare(1, make=True)


def test_a_lost_picture_is_told(clicker, tmp_path):
    (tmp_path / "photos" / "a.png").unlink()
    with pytest.raises(NotFoundError, match=r"a\.png is gone"):
        clicker.click(1, [INSIDE])
