import json
import tempfile

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from app.errors import ExportError, IngestError, ProposeError
from app.services import oneshot
from tests.app.helpers import make_folder


@pytest.fixture
def photos(tmp_path, fake_trainers):
    return make_folder(tmp_path / "photos", ("b/ü 2#.png", "a.png", "c.png"))


def test_a_folder_becomes_one_file_with_scores(photos, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "cwd"))
    before = sorted(photos.parent.rglob("*"))
    seen = []
    report = oneshot.propose_folder(photos, tmp_path / "p.json", on_event=seen.append)
    assert (report.images, report.masks, report.faults) == (3, 9, [])
    file = json.loads((tmp_path / "p.json").read_text("utf-8"))
    assert [(image["id"], image["file_name"]) for image in file["images"]] == [
        (1, "a.png"),
        (2, "b/ü 2#.png"),
        (3, "c.png"),
    ]
    assert [a["id"] for a in file["annotations"]] == list(range(1, 10))
    assert [a["score"] for a in file["annotations"]][:3] == [0.9, 0.5, 0.1]
    assert "state" not in file["annotations"][0]
    half = coco_mask.decode({**file["annotations"][0]["segmentation"]})
    np.testing.assert_array_equal(half[:3], 1)
    assert (seen[-1].done, seen[-1].total) == (3, 3)
    assert sorted(photos.parent.rglob("*")) == sorted([*before, tmp_path / "p.json"])  # nothing else is left


def test_unreadable_files_are_reported_and_not_in_the_file(photos, tmp_path):
    (photos / "bad.png").write_bytes(b"bad")
    report = oneshot.propose_folder(photos, tmp_path / "p.json")
    assert [fault.path for fault in report.faults] == [str(photos / "bad.png")]
    assert "not readable" in report.faults[0].reason
    assert len(json.loads((tmp_path / "p.json").read_text())["images"]) == 3


def test_a_limit_takes_the_first(photos, tmp_path):
    assert oneshot.propose_folder(photos, tmp_path / "p.json", limit=1).images == 1
    assert json.loads((tmp_path / "p.json").read_text())["images"][0]["file_name"] == "a.png"


def test_what_goes_wrong_leaves_no_file(photos, tmp_path, fake_trainers):
    (tmp_path / "empty").mkdir()
    with pytest.raises(IngestError, match="holds no image files"):
        oneshot.propose_folder(tmp_path / "empty", tmp_path / "p.json")
    with pytest.raises(IngestError, match="there is no folder"):
        oneshot.propose_folder(tmp_path / "none", tmp_path / "p.json")
    with pytest.raises(ExportError, match="there is no folder"):
        oneshot.propose_folder(photos, tmp_path / "none" / "p.json")
    fake_trainers.setenv("FAKE_DIE", "1")
    with pytest.raises(ProposeError, match="the network is missing"):
        oneshot.propose_folder(photos, tmp_path / "p.json")
    with pytest.raises(ProposeError, match=r"stopped: .*p\.json is not written"):
        oneshot.propose_folder(photos, tmp_path / "p.json", cancelled=lambda: True)
    assert not (tmp_path / "p.json").exists()
