import os

import pytest

from app.errors import IngestError
from app.services.walk import existing_folder, image_files, portable


def touch(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    return path


def names(root, **options):
    return [file.relative for file in image_files(root, **options).files]


def test_images_of_all_subfolders_by_name(tmp_path):
    for name in ("b.JPG", "a/z.png", "a/deep/er/y.webp", "notes.txt", "a/.hidden.png", ".git/x.png", "png"):
        touch(tmp_path / name)
    assert names(tmp_path) == ["a/deep/er/y.webp", "a/z.png", "b.JPG"]


@pytest.mark.parametrize(
    "name", ["50%.png", "a#b.png", "with space.png", "ünï–日本.png", "a&b;'\"$.png", "line\nbreak.png"]
)
def test_any_unicode_name_is_found(tmp_path, name):
    touch(tmp_path / name)
    assert names(tmp_path) == [name]


def test_links_are_followed_once_and_loops_end(tmp_path):
    root, elsewhere = tmp_path / "root", tmp_path / "elsewhere"
    touch(root / "real" / "a.png")
    touch(elsewhere / "b.png")
    touch(elsewhere / "sub" / "c.png")
    (root / "again").symlink_to(root / "real")  # reached without the link
    (root / "copy.png").symlink_to(root / "real" / "a.png")
    (root / "out").symlink_to(elsewhere)
    (root / "out2").symlink_to(elsewhere)
    (root / "single.png").symlink_to(elsewhere / "b.png")
    (root / "loop").symlink_to(root)
    (elsewhere / "back").symlink_to(root)
    (elsewhere / "self").symlink_to(elsewhere)
    assert names(root) == ["out/b.png", "out/sub/c.png", "real/a.png"]


def test_a_link_to_nowhere_is_a_fault(tmp_path):
    (tmp_path / "gone.png").symlink_to(tmp_path / "nothing.png")
    (tmp_path / "gone.txt").symlink_to(tmp_path / "nothing.txt")
    found = image_files(tmp_path)
    assert found.files == []
    assert [(fault.path, fault.reason.split(":")[0]) for fault in found.faults] == [
        (str(tmp_path / "gone.png"), "the link leads nowhere")
    ]


def test_a_name_that_is_no_unicode_is_a_fault_that_can_be_printed(tmp_path):
    with open(os.fsencode(tmp_path) + b"/bad\xff.png", "wb"):  # noqa: PTH123
        pass
    touch(tmp_path / "good.png")
    found = image_files(tmp_path)
    assert [file.relative for file in found.files] == ["good.png"]
    assert [fault.path for fault in found.faults] == [f"{tmp_path}/bad\\xff.png"]
    assert found.faults[0].reason == "its name is not valid Unicode: rename it"


def test_one_folder_can_be_left_out(tmp_path):
    touch(tmp_path / "a.png")
    touch(tmp_path / "workspace" / "thumbnails" / "x.webp")
    assert names(tmp_path, skip=tmp_path / "workspace") == ["a.png"]


def test_a_deep_tree_is_no_trouble(tmp_path):
    path = tmp_path
    for _ in range(300):
        path = path / "d"
    touch(path / "a.png")
    assert len(names(tmp_path)) == 1


def test_folders_that_are_none_are_told(tmp_path):
    with pytest.raises(IngestError, match=r"there is no folder .*none: check the path"):
        existing_folder(tmp_path / "none")
    with pytest.raises(IngestError, match="is a file: name the folder"):
        existing_folder(touch(tmp_path / "a.png"))
    os.mkdir(os.fsencode(tmp_path) + b"/bad\xff")  # noqa: PTH102
    with pytest.raises(IngestError, match=r"bad\\xff is not valid Unicode"):
        existing_folder(next(path for path in tmp_path.iterdir() if path.is_dir()))


def test_names_for_other_systems():
    assert portable("a/b c.png") == "a/b c.png"
    assert portable("a\\b.png") == "a_b.png"
    assert portable("C:x.png") == "C_x.png"
    assert portable("abc:d.png") == "abc:d.png"
