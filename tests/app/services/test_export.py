import json
import os
import shutil
import subprocess

import pytest

from app.errors import ExportError
from app.services import categories, export, ingest, review
from app.services.export import ExportRequest
from app.services.review import Operation
from tests.app.helpers import make_folder


@pytest.fixture
def decided(reviewed):
    """Image 1: accepted and named, rejected, unsure; image 2: accepted, 2 pending; image 3: 3 pending."""
    ws, masks = reviewed
    cat = categories.add(ws, "cat")
    decisions = [(1, 0, "accepted"), (1, 1, "rejected"), (1, 2, "unsure"), (2, 0, "accepted")]
    operations = [
        Operation(f"{image}-{index}", image, "g", "state", masks[image][index], 0, state)
        for image, index, state in decisions
    ]
    operations.append(Operation("name", 1, "g", "category", masks[1][0], 1, category_id=cat.id))
    assert not review.apply(ws, "me", operations).conflicts
    return ws


def exported(ws, tmp_path, **wanted):
    report = export.write(ws, ExportRequest(**wanted), tmp_path / "out.json")
    return report, json.loads((tmp_path / "out.json").read_text("utf-8"))


def test_accepted_masks_leave_and_the_rest_is_counted(decided, tmp_path):
    report, file = exported(decided, tmp_path)
    assert (report.images, report.annotations, report.losses) == (3, 2, [])
    assert report.left_out == {"pending": 5, "rejected": 1, "unsure": 1}
    assert report.notes == [
        "5 masks are not decided yet and not in the file",
        "1 masks marked unsure are not in the file",
    ]
    assert [(a["image_id"], a["category_id"]) for a in file["annotations"]] == [(1, 2), (2, 1)]
    assert [category["name"] for category in file["categories"]] == ["object", "cat"]
    assert [image["file_name"] for image in file["images"]] == ["a.png", "b.png", "c.png"]
    assert "score" not in file["annotations"][0]


def test_other_states_leave_with_score_and_state(decided, tmp_path):
    report, file = exported(decided, tmp_path, states=("accepted", "pending"))
    assert report.annotations == 7
    assert {a["state"] for a in file["annotations"]} == {"accepted", "pending"}
    assert all(0 <= a["score"] <= 1 for a in file["annotations"])
    assert all(
        "state" not in a for a in exported(decided, tmp_path, states=("pending",), extras=False)[1]["annotations"]
    )


def test_ids_and_bytes_are_the_same_each_time_and_ids_outlive_other_decisions(decided, tmp_path):
    _, first = exported(decided, tmp_path)
    data = (tmp_path / "out.json").read_bytes()
    exported(decided, tmp_path)
    assert (tmp_path / "out.json").read_bytes() == data
    opened = review.load(decided, 3)
    mask = opened.instances[0]
    review.apply(decided, "me", [Operation("late", 3, "h", "state", mask.id, 0, "accepted")])
    ids = {a["id"] for a in exported(decided, tmp_path)[1]["annotations"]}
    assert ids == {a["id"] for a in first["annotations"]} | {mask.id}


def test_a_check_says_the_same_without_a_file(decided, tmp_path):
    for encoding in ("rle", "polygons"):
        request = ExportRequest(encoding=encoding)
        assert export.check(decided, request) == export.write(decided, request, tmp_path / "out.json")


def test_images_without_proposals_and_unreadable_ones_are_told(ws, tmp_path):
    folder = make_folder(tmp_path / "photos")
    (folder / "bad.png").write_bytes(b"bad")
    ingest.import_folder(ws, folder)
    report, file = exported(ws, tmp_path)
    assert report.notes == [
        "3 images have no proposals yet: they are in the file without masks",
        "1 unreadable images are not in the file",
    ]
    assert len(file["images"]) == 3


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        ({"format": "nothing"}, "unknown format 'nothing': there are coco"),
        ({"encoding": "png"}, "unknown encoding 'png': of coco there are rle, polygons, simplified"),
        ({"states": ("good",)}, "unknown state good: there are pending, accepted, rejected, unsure"),
        ({"states": ()}, r"unknown state \(none\)"),
    ],
)
def test_senseless_requests_are_refused_and_the_old_file_stays(ws, tmp_path, wanted, sentence):
    (tmp_path / "out.json").write_text("old")
    with pytest.raises(ExportError, match=sentence):
        export.write(ws, ExportRequest(**wanted), tmp_path / "out.json")
    assert (tmp_path / "out.json").read_text() == "old"


def test_places_that_cannot_be_written_are_told(ws, tmp_path):
    with pytest.raises(ExportError, match=r"there is no folder .*none: make it first"):
        export.write(ws, ExportRequest(), tmp_path / "none" / "out.json")
    with pytest.raises(ExportError, match="is a folder: name a file in it"):
        export.write(ws, ExportRequest(), tmp_path)


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 64 KiB."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)]
    if shutil.which("mount") is None or os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this machine does not let root mount")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_leaves_the_old_file(decided, small_disk):
    out = small_disk / "out.json"
    export.write(decided, ExportRequest(), out)
    old = out.read_bytes()
    with pytest.raises(OSError, match="No space"):
        (small_disk / "ballast").write_bytes(bytes(64 * 1024))
    with pytest.raises(
        ExportError, match=r"no space left to write .*out\.json: free some.*; the old file is untouched"
    ):
        export.write(decided, ExportRequest(states=("accepted", "pending", "rejected", "unsure")), out)
    assert out.read_bytes() == old
    assert sorted(path.name for path in small_disk.iterdir()) == ["ballast", "out.json"]


def test_a_disk_that_fills_while_writing_is_told(decided, tmp_path, monkeypatch):
    (tmp_path / "out.json").write_text("old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("app.formats.jsons.dumps", full)
    with pytest.raises(ExportError, match=r"no space left to write .*; the old file is untouched"):
        export.write(decided, ExportRequest(), tmp_path / "out.json")
    assert (tmp_path / "out.json").read_text() == "old"
    assert not list(tmp_path.glob(".out.json*"))
