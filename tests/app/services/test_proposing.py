import subprocess
import sys
import threading
import time

import numpy as np
import psutil
import pytest

from app.errors import ProposeError
from app.services import catalogue, ingest, proposing, review
from app.services.review import Operation
from freesolo.codecs import coco_rle
from tests.app.helpers import make_folder, make_image


@pytest.fixture
def photos(ws, tmp_path, fake_trainers):
    ingest.import_folder(ws, make_folder(tmp_path / "photos"))
    return tmp_path / "photos"


def statuses(ws):
    return [row.status for row in catalogue.list_images(ws).rows]


def test_masks_come_in_with_everything_that_belongs_to_them(ws, photos):
    report = proposing.run(ws)
    assert (report.images, report.masks, report.faults, report.cancelled) == (3, 9, [], False)
    opened = review.load(ws, 1)
    assert (opened.image.status, opened.image.proposer, opened.image.proposer_name) == ("todo", "fake@1", "union")
    assert [(i.bbox, i.area, i.source, i.state) for i in opened.instances] == [
        ((0, 0, 8, 3), 24, "fake@1", "pending"),
        ((4, 0, 4, 6), 24, "fake@1", "pending"),
        ((0, 0, 1, 1), 1, "fake@1", "pending"),
    ]
    assert [i.score for i in opened.instances] == pytest.approx([0.9, 0.5, 0.1])
    with ws.store.read() as tx:
        rows = tx.instances._connection.exec_driver_sql("SELECT embedding FROM instances WHERE image_id = 1").scalars()
        assert np.frombuffer(b"".join(rows), np.float16).tolist() == [0, 1, 2, 3, 4, 5]
    assert list((ws.path / "jobs").iterdir()) == []


def test_progress_is_told_image_by_image(ws, photos):
    seen = []
    proposing.run(ws, on_event=seen.append)
    assert [(event.done, event.name, event.masks) for event in seen] == [
        (0, "", 0),
        (1, "a.png", 3),
        (2, "b.png", 3),
        (3, "c.png", 3),
    ]
    assert {(event.total, event.error) for event in seen} == {(3, "")}


def test_a_second_run_has_nothing_to_do_and_a_limit_holds(ws, photos):
    assert proposing.run(ws, limit=2).images == 2
    assert statuses(ws) == ["todo", "todo", "new"]
    assert proposing.run(ws, limit=2).images == 1
    assert proposing.run(ws).images == 0


def test_what_people_decided_is_never_overwritten(ws, photos, fake_trainers):
    proposing.run(ws)
    top, _right, dot = review.load(ws, 1).instances
    operations = [
        Operation("1", 1, "g", "state", top.id, 0, "accepted"),
        Operation("2", 1, "h", "state", dot.id, 0, "rejected"),
        Operation("3", 1, "i", "state", dot.id, 1, "pending"),  # decided once, though undecided again
    ]
    assert not review.apply(ws, "me", operations).conflicts
    review.apply(ws, "me", [Operation("4", 2, "j", "finish")])
    fake_trainers.setenv("FAKE_IDENTITY", "better@2")
    report = proposing.run(ws, "fast")
    assert report.images == 2  # the finished one is left alone
    instances = review.load(ws, 1).instances
    assert [(i.area, i.state, i.source) for i in instances] == [
        (24, "accepted", "fake@1"),
        (24, "pending", "better@2"),
        (1, "pending", "fake@1"),
    ]
    assert {i.id for i in instances} >= {top.id, dot.id}  # and their repeats are not proposed again
    assert {i.source for i in review.load(ws, 2).instances} == {"fake@1"}


def test_what_people_drew_edited_or_took_away_is_never_overwritten(ws, photos, fake_trainers):
    proposing.run(ws)
    top, right, dot = review.load(ws, 1).instances
    pixels = coco_rle.encode(np.eye(6, 8, dtype=bool)).decode()
    operations = [
        Operation("1", 1, "g", "edit", dot.id, 0, "pending", counts=pixels),
        Operation("2", 1, "h", "create", counts=pixels),
        Operation("3", 1, "i", "delete", right.id, 0),
    ]
    made = review.apply(ws, "me", operations).created["2"]
    fake_trainers.setenv("FAKE_IDENTITY", "better@2")
    proposing.run(ws, "fast")
    kept = {i.id: (i.counts, i.state) for i in review.load(ws, 1).instances if i.source != "better@2"}
    assert kept == {dot.id: (pixels, "pending"), made: (pixels, "accepted")}
    for _ in operations:
        review.undo(ws, "me")
    assert {right.id, dot.id} <= {i.id for i in review.load(ws, 1).instances}
    assert top.id not in {i.id for i in review.load(ws, 1).instances}  # untouched, so it was proposed anew


def test_chosen_images_are_proposed_for_again(ws, photos):
    proposing.run(ws)
    assert proposing.run(ws, image_ids=[2]).images == 1
    assert [len(review.load(ws, image_id).instances) for image_id in (1, 2, 3)] == [3, 3, 3]


def test_an_unreadable_image_is_a_fault_with_its_reason(ws, photos):
    (photos / "b.png").write_bytes(b"damaged since")
    report = proposing.run(ws)
    assert [name for name, _ in report.faults] == ["b.png"]
    assert statuses(ws) == ["todo", "error", "todo"]
    assert "not readable" in catalogue.image(ws, 2).error
    make_image(photos / "b.png", seed=1)
    ingest.import_folder(ws, photos)
    assert statuses(ws) == ["todo", "new", "todo"]


def test_a_file_of_another_size_gets_no_masks(ws, photos):
    make_image(photos / "b.png", size=(20, 20))
    report = proposing.run(ws)
    assert report.faults == [("b.png", "the file has changed since it was imported: import its folder again")]
    ingest.import_folder(ws, photos)
    assert statuses(ws) == ["todo", "new", "todo"]


def test_a_process_that_fails_says_why_and_keeps_what_it_finished(ws, photos, fake_trainers):
    fake_trainers.setenv("FAKE_DIE", "1")
    with pytest.raises(ProposeError, match="the proposer 'union' stopped: the network is missing: install it"):
        proposing.run(ws)
    assert statuses(ws) == ["todo", "new", "new"]


def test_lines_that_are_no_events_do_no_harm(ws, photos, fake_trainers):
    fake_trainers.setenv("FAKE_NOISE", "1")
    assert proposing.run(ws).images == 3


@pytest.mark.parametrize("deaf", [False, True])
def test_cancelling_stops_the_process_soon_and_keeps_what_is_finished(ws, photos, fake_trainers, monkeypatch, deaf):
    fake_trainers.setenv("FAKE_SECONDS", "0.5")
    if deaf:
        fake_trainers.setenv("FAKE_DEAF", "1")
        fake_trainers.setenv("FAKE_SECONDS", "1")
        monkeypatch.setattr("app.services.child.GRACE_SECONDS", 0.5)
    stop = threading.Event()
    report = proposing.run(ws, on_event=lambda event: stop.set() if event.done else None, cancelled=stop.is_set)
    assert (report.images, report.cancelled) == (1, True)
    assert statuses(ws) == ["todo", "new", "new"]
    assert [
        child for child in psutil.Process().children() if child.is_running() and "trainers" in child.cmdline()
    ] == []


def test_killed_at_any_moment_it_goes_on(ws, photos, fake_trainers):
    fake_trainers.setenv("FAKE_SECONDS", "0.4")
    script = (
        "import pathlib, sys; from app.services.workspace import Workspace; from app.services import proposing\n"
        "proposing.run(Workspace.open(pathlib.Path(sys.argv[1])))"
    )
    process = subprocess.Popen([sys.executable, "-c", script, str(ws.path)])
    deadline = time.monotonic() + 30
    while "todo" not in statuses(ws) and time.monotonic() < deadline:
        time.sleep(0.05)
    children = psutil.Process(process.pid).children()
    process.kill()
    process.wait()
    assert statuses(ws)[0] == "todo"
    assert len(list((ws.path / "jobs").iterdir())) == 1
    gone, alive = psutil.wait_procs(children, timeout=5)  # its output leads nowhere: it ends at the next image
    assert (len(gone), alive) == (1, [])
    fake_trainers.setenv("FAKE_SECONDS", "0")
    waiting = statuses(ws).count("new")
    assert proposing.run(ws).images == waiting > 0
    assert statuses(ws) == ["todo"] * 3
    assert [len(review.load(ws, image_id).instances) for image_id in (1, 2, 3)] == [3, 3, 3]
    assert list((ws.path / "jobs").iterdir()) == []
