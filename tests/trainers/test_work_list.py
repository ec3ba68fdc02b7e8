import json
import os

import pytest

from tests.trainers.fake import paint
from trainers.errors import UsageError
from trainers.work_list import WorkItem, of_folder, of_list, printable


def keys(folder):
    return [item.key for item in of_folder(folder).items]


def test_images_are_found_in_all_folders_by_relative_path(tmp_path):
    for name in ("b.JPG", "a/x.png", "a.tif", "a/b/c.webp", "notes.txt", ".hidden.png", ".cache/x.png", "a/._x.png"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / "folder.png").mkdir()
    found = of_folder(tmp_path).items
    assert [item.key for item in found] == ["a.tif", "a/b/c.webp", "a/x.png", "b.JPG"]
    assert found[1].path == str(tmp_path / "a" / "b" / "c.webp")


def test_a_relative_folder_gives_absolute_paths(tmp_path, monkeypatch):
    paint(tmp_path / "in" / "a.png")
    monkeypatch.chdir(tmp_path)
    assert of_folder(type(tmp_path)("in")).items == [WorkItem("a.png", str(tmp_path / "in" / "a.png"))]


@pytest.mark.parametrize("name", ["with space.png", "a#1.png", "100%.png", "ümläut 图.png"])
def test_odd_names_are_kept(tmp_path, name):
    paint(tmp_path / name)
    assert keys(tmp_path) == [name]


def test_a_name_that_is_no_text_is_kept(tmp_path):
    path = paint(tmp_path / os.fsdecode(b"bad-\xff.png"))
    (item,) = of_folder(tmp_path).items
    assert item.path == str(path)
    assert printable(item.key) == "bad-\\udcff.png"


def test_linked_folders_are_followed_once_without_loops(tmp_path):
    paint(tmp_path / "real" / "a.png")
    paint(tmp_path / "outside" / "b.png")
    root = tmp_path / "root"
    (root / "sub").mkdir(parents=True)
    paint(root / "sub" / "c.png")
    (root / "loop").symlink_to(root)
    (root / "again").symlink_to(root / "sub")
    (root / "link").symlink_to(tmp_path / "outside")
    (root / "zlink").symlink_to(tmp_path / "outside")
    (tmp_path / "outside" / "back").symlink_to(root)
    (root / "file.png").symlink_to(tmp_path / "real" / "a.png")
    (root / "gone.png").symlink_to(tmp_path / "nothing")
    assert keys(root) == ["file.png", "link/b.png", "sub/c.png"]


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda folder: None, "there is no folder .*photos"),
        (lambda folder: folder.touch(), "is a file: name the folder"),
        (lambda folder: folder.mkdir(), "holds no image files .*jpg.*: name another folder"),
        (lambda folder: (folder / "x").mkdir(parents=True) or (folder / "a.txt").touch(), "holds no image files"),
    ],
)
def test_a_folder_without_images_is_told(tmp_path, make, sentence):
    make(tmp_path / "photos")
    with pytest.raises(UsageError, match=sentence):
        of_folder(tmp_path / "photos")


def test_a_folder_that_cannot_be_listed_costs_only_itself(tmp_path, monkeypatch):
    paint(tmp_path / "a.png")
    (tmp_path / "locked").mkdir()
    scandir = os.scandir

    def refuse(path):
        if path.endswith("locked"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    found = of_folder(tmp_path)
    assert [item.key for item in found.items] == ["a.png"]
    assert found.faults == [f"the folder {tmp_path / 'locked'} cannot be listed: Permission denied"]


def write(path, *rows):
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows), "utf-8")
    return path


def test_a_list_keeps_its_order_and_keys(tmp_path):
    path = write(tmp_path / "l", {"key": "7", "path": "/b.png"}, "", {"key": "ü #", "path": "/a.png", "more": 1})
    assert of_list(path).items == [WorkItem("7", "/b.png"), WorkItem("ü #", "/a.png")]


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([], "names no images"),
        (["/a.png"], "line 1: expected"),
        ([{"key": "a", "path": "/a"}, {"key": "b"}], "line 2: expected"),
        ([{"key": 1, "path": "/a"}], "with strings"),
        ([{"key": "a", "path": "a.png"}], "absolute path"),
        ([{"key": "a", "path": "/a"}, {"key": "a", "path": "/b"}], "line 2: the key 'a' comes twice"),
    ],
)
def test_a_bad_list_is_told(tmp_path, rows, sentence):
    with pytest.raises(UsageError, match=sentence):
        of_list(write(tmp_path / "l", *rows))


def test_a_list_that_cannot_be_read_is_told(tmp_path):
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        of_list(tmp_path / "none")
    (tmp_path / "l").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="not UTF-8"):
        of_list(tmp_path / "l")
