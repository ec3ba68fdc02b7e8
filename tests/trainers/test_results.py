import errno
import os

import pytest

from tests.trainers.small_disk import small_disk
from tests.trainers.test_records import record
from trainers.errors import OutputError, UsageError
from trainers.records import Failure
from trainers.results import ResultsFile, unwritable, write_whole

LINE = record("a").to_line()


def test_lines_are_appended_and_there_at_once(tmp_path):
    path = tmp_path / "new" / "folder" / "r.jsonl"
    with ResultsFile(path, resume=True) as results:
        results.append(LINE)
        assert path.read_bytes() == LINE
        results.append(LINE)
    assert path.read_bytes() == LINE * 2


def test_the_same_proposers_masks_are_known_failures_and_others_are_not(tmp_path):
    path = tmp_path / "r.jsonl"
    rows = [
        record("a", "p@1"),
        record("b", "p@0"),
        Failure("c", "/c", "x"),
        record("d", "p@1"),
        Failure("d", "/d", "x"),
    ]
    path.write_bytes(b"".join(row.to_line() for row in rows))
    with ResultsFile(path, resume=True) as results:
        assert [key for key in "abcde" if results.has(key, "p@1")] == ["a"]
    with ResultsFile(path, resume=False) as results:
        assert not results.has("a", "p@1")
    assert path.read_bytes() == b""


@pytest.mark.parametrize("torn", [LINE[:1], LINE[:20], LINE[:-1]])
@pytest.mark.parametrize("whole", [b"", LINE])
def test_a_torn_last_line_is_cut_off(tmp_path, whole, torn):
    path = tmp_path / "r.jsonl"
    path.write_bytes(whole + torn)
    with ResultsFile(path, resume=True) as results:
        assert results.has("a", "p@1") == bool(whole)
        results.append(LINE)
    assert path.read_bytes() == whole + LINE


@pytest.mark.parametrize("content", [b'{"images": []}', b'{\n "images": []\n}\n', b"hello\n", b"[1]\n", b"\x89PNG"])
@pytest.mark.parametrize("resume", [True, False])
def test_a_foreign_file_is_left_as_it_is(tmp_path, content, resume):
    path = tmp_path / "precious.json"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=r"precious\.json.*name another --out"):
        ResultsFile(path, resume)
    assert path.read_bytes() == content


def test_a_place_that_takes_no_file_is_told(tmp_path):
    with pytest.raises(UsageError, match="is not a file"):
        ResultsFile(tmp_path, resume=True)
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be written"):
        ResultsFile(tmp_path / "file" / "r.jsonl", resume=True)


def test_two_runs_cannot_write_one_file(tmp_path):
    path = tmp_path / "r.jsonl"
    with ResultsFile(path, resume=True) as results:
        results.append(LINE)
        with pytest.raises(OutputError, match="another run is writing it"):
            ResultsFile(path, resume=False)
    assert path.read_bytes() == LINE


def test_a_full_disk_leaves_whole_lines(tmp_path):
    path = tmp_path / "r.jsonl"
    fitting = 1000 // len(LINE)
    with small_disk(1000), ResultsFile(path, resume=True) as results:
        for _ in range(fitting):
            results.append(LINE)
        with pytest.raises(OutputError, match=r"r\.jsonl cannot be written"):
            results.append(LINE)
    assert path.read_bytes() == LINE * fitting


def test_a_full_disk_has_its_own_sentence(tmp_path):
    sentence = unwritable(tmp_path, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
    assert "the disk is full; free some space" in sentence


def test_a_whole_file_is_written_or_the_old_one_stays(tmp_path):
    path = tmp_path / "h.npz"
    write_whole(path, b"old")
    with small_disk(1000), pytest.raises(OutputError, match="cannot be written"):
        write_whole(path, b"x" * 1001)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
