"""Formats on the command line, in this process: what is said, and the exit status."""

import json

import pytest
from typer.testing import CliRunner

from app.cli import cli
from app.errors import AppError
from app.formats.registry import FORMATS
from app.services import review
from app.services.review import Operation


@pytest.fixture
def accepted(reviewed):
    """Three images, on the first two accepted masks; (folder of the workspace, mask ids)."""
    ws, masks = reviewed
    operations = [
        Operation(f"{image}-{mask}", image, "g", "state", mask, 0, "accepted")
        for image in (1, 2)
        for mask in masks[image]
    ]
    assert not review.apply(ws, "me", operations).conflicts
    ws.close()
    return ws.path


def said(*arguments):
    """(exit status, stdout, stderr); errors for people come out as such."""
    result = CliRunner().invoke(cli, list(map(str, arguments)), catch_exceptions=True)
    if isinstance(result.exception, AppError):
        return 1, result.stdout, str(result.exception)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout, result.stderr


def test_formats_lists_every_format_with_what_it_keeps_and_loses():
    status, out, _ = said("formats")
    assert status == 0
    for name, format_ in FORMATS.items():
        assert f"\n {name} " in out
        assert format_.loses.split()[0] in out
    assert "only written" in out


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_written_and_tells_what_it_loses(accepted, tmp_path, name):
    out = tmp_path / f"out{FORMATS[name].suffix}"
    checked = said("export", "--format", name, "--out", out, "--check", "--workspace", accepted)
    assert not out.exists()
    status, told, _ = said("export", "--format", name, "--out", out, "--workspace", accepted)
    assert (status, told.splitlines()[0]) == (0, f"6 masks on 3 images: {out}")
    assert checked[1].splitlines()[1:] == told.splitlines()[1:]
    assert out.stat().st_size > 0
    assert all(sentence in told for sentence in FORMATS[name].notes)
    content = out.read_bytes()
    said("export", "--format", name, "--out", out, "--workspace", accepted)
    assert out.read_bytes() == content


def test_what_an_export_cannot_do_is_one_sentence(accepted, tmp_path):
    export = ("export", "--out", tmp_path / "x", "--workspace", accepted)
    assert said(*export, "--format", "x")[2].startswith("unknown format 'x': there are coco, ")
    assert said(*export, "--format", "yolo", "--encoding", "rle")[2].endswith("of yolo there are none to choose")
    assert "yolo has no place for where masks come from" in said(*export, "--format", "yolo", "--provenance")[2]
    assert not (tmp_path / "x").exists()


def test_provenance_says_who_proposed_and_who_decided(accepted, tmp_path):
    said("export", "--out", tmp_path / "x.json", "--provenance", "--workspace", accepted)
    annotation = json.loads((tmp_path / "x.json").read_text())["annotations"][0]
    assert {key: annotation[key] for key in ("source", "edited", "decided_by", "proposal_iou")} == {
        "source": "test@1",
        "edited": False,
        "decided_by": "me",
        "proposal_iou": 1.0,
    }
    assert annotation["decided_at"].startswith("20")


def test_annotations_come_in_conflicts_are_listed_and_theirs_win_when_asked(accepted, tmp_path):
    out = tmp_path / "x.json"
    said("export", "--out", out, "--states", "accepted,pending", "--workspace", accepted)
    bring = ("import-annotations", out, "--format", "coco", "--workspace", accepted)
    status, told, _ = said(*bring)
    assert (status, told) == (0, "0 masks added and 0 changed on 3 images; 9 were here already.\n")
    file = json.loads(out.read_text())
    file["annotations"][0]["state"] = "rejected"
    file["images"][1]["file_name"] = "gone.png"
    del file["images"][1]["content_hash"]
    out.write_text(json.dumps(file))
    status, told, trouble = said(*bring, "--dry-run")
    assert status == 0
    assert trouble == "gone.png: there is no such image here\n"
    number = file["annotations"][0]["id"]
    assert told.splitlines() == [
        "0 masks would be added and 0 would be changed on 2 images; 5 were here already.",
        "- 1 images of the file are not here",
        f"- conflict: a.png, mask {number}: here accepted; the file: rejected; ours stays until you choose",
        "--resolve ours, theirs or both decides the conflicts.",
    ]
    assert "kept theirs" in said(*bring, "--resolve", "theirs", "--who", "bo")[1]
    assert said(*bring, "--resolve", "mine")[0] == 2
    assert "5 were here already" not in said(*bring)[1]


def test_a_file_of_which_no_image_is_here_fails(accepted, tmp_path):
    (tmp_path / "x.json").write_text(
        json.dumps(
            {"images": [{"id": 1, "file_name": "z.png", "width": 3, "height": 3}], "categories": [], "annotations": []}
        )
    )
    bring = ("import-annotations", tmp_path / "x.json", "--format", "coco", "--workspace", accepted)
    assert said(*bring)[0] == 1
    assert said(*bring, "--as", "good")[0] == 2
    assert said(*bring, "--who", "")[0] == 2
    assert (
        "does not exist" in said("import-annotations", tmp_path / "n", "--format", "cvat", "--workspace", accepted)[2]
    )
