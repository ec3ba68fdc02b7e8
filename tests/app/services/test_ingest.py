import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from PIL import Image

from app.errors import IngestError
from app.services import catalogue, ingest, review
from app.services.examine import examine
from app.services.review import Operation
from app.services.workspace import Workspace
from tests.app.helpers import make_folder, make_image


def rows(ws):
    return catalogue.list_images(ws).rows


def counts(report):
    return report.added, report.known, report.changed, len(report.faults)


def test_a_folder_comes_in_with_sizes_after_rotation(ws, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    make_image(tmp_path / "photos" / "turned.jpg", size=(8, 6), exif=exif)
    assert counts(ingest.import_folder(ws, tmp_path / "photos")) == (1, 0, 0, 0)
    (row,) = rows(ws)
    assert (row.width, row.height, row.raw_width, row.raw_height, row.orientation) == (6, 8, 8, 6, 6)
    assert (row.name, row.status, len(row.content_hash)) == ("turned.jpg", "new", 32)


def test_originals_are_only_read(ws, tmp_path):
    folder = make_folder(tmp_path / "photos")
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}
    ingest.import_folder(ws, folder)
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()} == before


def test_progress_reaches_every_file(ws, tmp_path):
    seen = []
    ingest.import_folder(ws, make_folder(tmp_path / "photos"), lambda done, total: seen.append((done, total)))
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_a_second_import_looks_only_at_what_is_new(ws, tmp_path, monkeypatch):
    folder = make_folder(tmp_path / "photos")
    ingest.import_folder(ws, folder)
    make_image(folder / "d.png", seed=9)
    looked = []

    def examine_and_note(path):
        looked.append(path.name)
        return examine(path)

    monkeypatch.setattr("app.services.importing.examine", examine_and_note)
    assert counts(ingest.import_folder(ws, folder)) == (1, 3, 0, 0)
    assert looked == ["d.png"]
    assert [row.id for row in rows(ws)] == [1, 2, 3, 4]


def test_a_touched_file_with_the_same_content_is_known(ws, tmp_path):
    folder = make_folder(tmp_path / "photos")
    ingest.import_folder(ws, folder)
    os.utime(folder / "a.png", (1, 1))
    assert counts(ingest.import_folder(ws, folder)) == (0, 3, 0, 0)
    assert rows(ws)[0].mtime_ns == 1_000_000_000


def test_changed_content_of_the_same_size_keeps_the_masks_and_says_so(reviewed, tmp_path):
    ws, masks = reviewed
    review.apply(ws, "me", [Operation("k", 1, "g", "state", masks[1][0], 0, "accepted")])
    make_image(tmp_path / "photos" / "a.png", seed=77)
    assert counts(ingest.import_folder(ws, tmp_path / "photos")) == (0, 2, 1, 0)
    opened = review.load(ws, 1)
    assert [instance.id for instance in opened.instances] == masks[1]
    assert "content changed after its masks were made" in opened.image.note


def test_a_picture_of_another_size_puts_its_masks_away(reviewed, tmp_path):
    ws, masks = reviewed
    review.apply(ws, "me", [Operation("k", 1, "g", "state", masks[1][0], 0, "accepted")])
    make_image(tmp_path / "photos" / "a.png", size=(20, 10))
    assert counts(ingest.import_folder(ws, tmp_path / "photos")) == (0, 2, 1, 0)
    opened = review.load(ws, 1)
    assert opened.instances == []
    assert (opened.image.status, opened.image.width) == ("new", 20)
    assert "another size" in opened.image.note
    undone = review.undo(ws, "me")  # the decision was on a picture that is no more
    assert "1 changed elsewhere since" in undone.what
    with ws.store.read() as tx:
        assert tx.instances.get(masks[1])[masks[1][0]].deleted


def test_unreadable_files_are_rows_with_a_reason_and_come_back_when_mended(ws, tmp_path):
    folder = make_folder(tmp_path / "photos", ("a.png",))
    (folder / "bad.jpg").write_bytes(b"this is no picture")
    report = ingest.import_folder(ws, folder)
    assert counts(report) == (1, 0, 0, 1)
    assert report.faults[0].path == str(folder / "bad.jpg")
    assert [(row.name, row.status) for row in rows(ws)] == [("a.png", "new"), ("bad.jpg", "error")]
    assert rows(ws)[1].error == report.faults[0].reason
    assert counts(ingest.import_folder(ws, folder)) == (0, 2, 0, 1)
    make_image(folder / "bad.jpg")
    assert counts(ingest.import_folder(ws, folder)) == (0, 1, 1, 0)
    assert [(row.status, row.note) for row in rows(ws)] == [("new", ""), ("new", "")]


def test_a_file_that_breaks_keeps_its_masks(reviewed, tmp_path):
    ws, masks = reviewed
    whole = (tmp_path / "photos" / "a.png").read_bytes()
    (tmp_path / "photos" / "a.png").write_bytes(b"")
    assert counts(ingest.import_folder(ws, tmp_path / "photos")) == (0, 2, 1, 1)
    assert catalogue.image(ws, 1).status == "error"
    (tmp_path / "photos" / "a.png").write_bytes(whole)
    ingest.import_folder(ws, tmp_path / "photos")
    opened = review.load(ws, 1)
    assert (opened.image.status, [instance.id for instance in opened.instances]) == ("todo", masks[1])


def test_a_file_that_is_gone_is_told_and_keeps_its_masks(reviewed, tmp_path):
    ws, masks = reviewed
    (tmp_path / "photos" / "b.png").unlink()
    report = ingest.import_folder(ws, tmp_path / "photos")
    assert [(fault.path, fault.reason) for fault in report.faults] == [
        (str(tmp_path / "photos" / "b.png"), "the file is no longer there; its masks are kept")
    ]
    assert len(review.load(ws, 2).instances) == len(masks[2])


def test_the_same_name_in_two_folders_gets_two_names(ws, tmp_path):
    for folder in ("x/photos", "y/photos", "z/photos"):
        ingest.import_folder(ws, make_folder(tmp_path / folder, ("a.png",)))
    assert [row.name for row in rows(ws)] == ["a.png", "photos-2/a.png", "photos/a.png"]
    assert [row.id for row in rows(ws)] == [1, 3, 2]


def test_a_label_that_equals_a_subfolder_is_no_clash(ws, tmp_path):
    ingest.import_folder(ws, make_folder(tmp_path / "first", ("photos/a.png",)))
    ingest.import_folder(ws, make_folder(tmp_path / "photos", ("a.png",)))
    assert [row.name for row in rows(ws)] == ["_2/photos/a.png", "photos/a.png"]


def test_a_part_and_the_whole_of_a_folder_are_the_same_images(ws, tmp_path):
    make_folder(tmp_path / "all", ("top.png", "sub/a.png", "sub/b.png"))
    assert counts(ingest.import_folder(ws, tmp_path / "all" / "sub")) == (2, 0, 0, 0)
    assert counts(ingest.import_folder(ws, tmp_path / "all")) == (1, 2, 0, 0)
    (tmp_path / "all" / "top.png").unlink()
    assert counts(ingest.import_folder(ws, tmp_path / "all" / "sub")) == (0, 2, 0, 0)
    assert sorted(row.relative_path for row in rows(ws)) == ["a.png", "b.png", "top.png"]


def test_names_that_other_systems_misread_are_changed_in_exports(ws, tmp_path):
    make_folder(tmp_path / "photos", ("a\\b.png", "a_b.png"))
    ingest.import_folder(ws, tmp_path / "photos")
    assert sorted((row.relative_path, row.name, bool(row.note)) for row in rows(ws)) == [
        ("a\\b.png", "a_b.png", True),
        ("a_b.png", "_1/a_b.png", False),
    ]


def test_nothing_to_import_is_one_sentence(ws, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").write_text("x")
    for name in ("empty", "texts"):
        with pytest.raises(IngestError, match=rf"{name} holds no image files \(.*png.*\): name another folder"):
            ingest.import_folder(ws, tmp_path / name)
    with pytest.raises(IngestError, match="there is no folder"):
        ingest.import_folder(ws, tmp_path / "none")


def test_a_workspace_inside_its_images_is_not_imported(tmp_path):
    folder = make_folder(tmp_path / "photos")
    ws = Workspace.open(folder / "workspace")
    make_image(ws.path / "thumbnails" / "x.webp")
    assert counts(ingest.import_folder(ws, folder)) == (3, 0, 0, 0)
    ws.close()


AS_SOMEBODY = """
import pathlib, sys
from app.services.examine import examine
from app.services.walk import image_files
found = image_files(pathlib.Path(sys.argv[1]))
print([file.relative for file in found.files])
print(found.faults[0].reason)
print(examine(pathlib.Path(found.files[0].path)).error)
"""


def test_folders_and_files_without_permission_are_told():
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    if root and shutil.which("setpriv") is None:
        pytest.skip("root reads everything, and there is no setpriv to become somebody else")
    with tempfile.TemporaryDirectory() as name:  # pytest's own folders admit only root
        Path(name).chmod(0o755)
        folder = make_folder(Path(name) / "photos", ("a.png", "b.png", "closed/c.png"))
        (folder / "a.png").chmod(0)
        (folder / "closed").chmod(0)
        command = [sys.executable, "-c", AS_SOMEBODY, str(folder)]
        somebody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if root else []
        done = subprocess.run([*somebody, *command], capture_output=True, text=True, check=False)
        (folder / "closed").chmod(0o755)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "['a.png', 'b.png']",
        "the folder cannot be listed: Permission denied",
        "the file cannot be read: Permission denied",
    ]


def test_uploads_are_kept_inside_and_numbered(ws, tmp_path):
    first = make_image(tmp_path / "a.png", seed=1)
    other = make_image(tmp_path / "b.png", seed=2).read_bytes()
    report = ingest.save_uploads(ws, [("../../x/a.png", first), ("x/a.png", other), ("notes.txt", b"hello")])
    assert counts(report) == (2, 0, 0, 1)
    assert report.faults[0].path == "notes.txt"
    assert sorted(row.relative_path for row in rows(ws)) == ["x/a (2).png", "x/a.png"]
    assert (ws.path / "uploads" / "x" / "a.png").read_bytes() == first.read_bytes()
    assert counts(ingest.save_uploads(ws, [("x/a.png", first), ("x/a.png", other)])) == (0, 2, 0, 0)
    with pytest.raises(IngestError, match="no files were uploaded"):
        ingest.save_uploads(ws, [])


@pytest.mark.parametrize("name", ["", "...", "/", "..\\..\\evil.png", ".hidden.png", "a\x00b.png", "x" * 300 + ".png"])
def test_no_upload_name_leaves_the_folder_or_hides(ws, name):
    relative = ingest._safe_name(name)
    target = (ws.path / "uploads" / relative).resolve()
    assert (ws.path / "uploads") in target.parents
    assert relative.isprintable()
    assert not target.name.startswith(".")
    assert len(target.name.encode()) <= 255


def test_the_demo_is_made_of_photographs_that_are_installed(ws):
    report = ingest.make_demo(ws)
    assert (report.added, report.faults) == (len(ingest.DEMO), [])
    assert {"cat.png", "coffee.png", "astronaut.png"} < {row.name for row in rows(ws)}
    assert min(row.width for row in rows(ws)) >= 300
    assert counts(ingest.make_demo(ws)) == (0, len(ingest.DEMO), 0, 0)
