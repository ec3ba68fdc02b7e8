"""Bulk extraction with real worker processes and the fast proposer of `tests.trainers.fake`."""

import json
import multiprocessing
import os
import signal

import numpy as np
import psutil
import pytest

from tests.trainers import fake
from tests.trainers.small_disk import small_disk
from trainers.errors import OutputError, UsageError, WorkersError
from trainers.extract import ExtractSettings, extract
from trainers.records import Failure, Record, latest, parse
from trainers.work_list import of_folder


class Notes:
    """A reporter that remembers what it was told."""

    def __init__(self):
        self.started = self.ended = None
        self.images = {}

    def start(self, total, done, workers):
        self.started = (total, done, workers)

    def image(self, key, masks, error):
        assert key not in self.images
        self.images[key] = error or masks

    def end(self, is_complete):
        self.ended = is_complete


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs extraction over a folder; returns what was told. ``run.out`` is the results file."""
    out = tmp_path / "out.jsonl"
    monkeypatch.setenv(fake.MEMORY, str(tmp_path))

    def start(folder, stop=lambda notes: False, workers=2, **settings):
        notes = Notes()
        chosen = ExtractSettings(**{"out": out, "proposer": fake.NAME, "workers": workers, **settings})
        complete = extract(of_folder(folder).items, chosen, notes, lambda: stop(notes))
        assert notes.ended == (complete if notes.started else None)
        assert multiprocessing.active_children() == []
        return notes

    start.out = out
    return start


def rows(path):
    return {row.key: row for row in latest(path)}


def test_every_image_gets_a_line(run, photos):
    folder = photos(5)
    notes = run(folder)
    assert notes.started == (5, 0, 2)
    assert notes.images == {f"{k:03}.png": 2 for k in range(5)}
    assert notes.ended
    found = rows(run.out)
    assert sorted(found) == sorted(notes.images)
    record = found["003.png"]
    assert (record.path, record.proposer, record.hierarchy) == (str(folder / "003.png"), "fake@1", None)
    assert record.instances.size == (6, 8)
    np.testing.assert_array_equal(record.instances.areas, [24, 6])
    np.testing.assert_array_equal(record.instances.embeddings, [[1, 2, 3], [0.5, 0, -1]])


def test_no_more_workers_than_images_are_started(run, photos):
    assert run(photos(1), workers=8).started == (1, 0, 1)


def test_bad_images_get_a_sentence_and_hold_up_nothing(run, photos):
    folder = photos(a=fake.RAISES, b=fake.WRONG_SIZE, c=fake.NOT_A_NUMBER, z=fake.FINE)
    (folder / "d.png").write_bytes(b"")
    (folder / "e.png").write_bytes((folder / "z.png").read_bytes()[:45])
    (folder / "f.png").write_text("hello")
    notes = run(folder)
    assert notes.images["z.png"] == 2
    assert notes.images["a.png"] == f"{folder}/a.png: the proposer failed on it (RuntimeError: no such thing)"
    assert "(ValueError: masks of size (1, 1) for an image of (6, 8))" in notes.images["b.png"]
    assert "ValueError" in notes.images["c.png"]
    assert "the file is empty" in notes.images["d.png"]
    assert "damaged" in notes.images["e.png"]
    assert "not an image" in notes.images["f.png"]
    found = rows(run.out)
    assert found["a.png"] == Failure("a.png", f"{folder}/a.png", notes.images["a.png"])
    assert isinstance(found["z.png"], Record)


def test_odd_names_come_through(run, photos):
    names = ["with space #1 100%", "ümläut 图", os.fsdecode(b"bad-\xff")]
    notes = run(photos(**dict.fromkeys(names, fake.FINE)), hierarchies=run.out.parent / "trees")
    assert notes.images == {f"{name}.png": 2 for name in names}
    assert set(rows(run.out)) == set(notes.images)


@pytest.mark.parametrize("workers", [1, 2])
def test_an_image_that_kills_its_worker_twice_is_given_up(run, photos, workers):
    notes = run(photos(a=fake.FINE, b=fake.DIES, c=fake.FINE, d=fake.SEGFAULTS, e=fake.FINE), workers=workers)
    assert notes.ended
    assert notes.images["b.png"] == "the worker process died, probably out of memory, on this image"
    assert f"died, by signal {signal.SIGSEGV.value} (Segmentation fault), on" in notes.images["d.png"]
    assert [notes.images[f"{name}.png"] for name in "ace"] == [2, 2, 2]


def test_an_image_that_kills_its_worker_once_is_tried_again(run, photos):
    assert run(photos(a=fake.FINE, b=fake.DIES_ONCE, c=fake.FINE)).images == {"a.png": 2, "b.png": 2, "c.png": 2}


def test_a_second_run_does_only_what_is_missing_and_what_failed(run, photos):
    folder = photos(a=fake.FINE, b=fake.RAISES)
    run(folder)
    first = run.out.read_bytes()
    fake.paint(folder / "b.png")
    fake.paint(folder / "c.png")
    notes = run(folder)
    assert notes.started == (3, 1, 2)
    assert notes.images == {"b.png": 2, "c.png": 2}
    assert run.out.read_bytes().startswith(first)
    assert all(isinstance(row, Record) for row in rows(run.out).values())
    assert run(folder).started == (3, 3, 2)


def test_another_proposer_does_all_again(run, photos, monkeypatch):
    run(photos(2))
    monkeypatch.setenv(fake.IDENTITY, "fake@2")
    assert run(photos(2)).started == (2, 0, 2)
    assert {row.proposer for row in rows(run.out).values()} == {"fake@2"}


def test_without_resume_the_file_starts_anew(run, photos):
    run(photos(2))
    assert run(photos(2), resume=False).started == (2, 0, 2)
    assert len(run.out.read_bytes().splitlines()) == 2


def test_a_torn_line_is_done_again(run, photos):
    run(photos(3), workers=1)
    run.out.write_bytes(run.out.read_bytes()[:-30])
    assert run(photos(3)).images == {"002.png": 2}
    assert [parse(line).key for line in run.out.read_bytes().splitlines()] == ["000.png", "001.png", "002.png"]


def test_hierarchies_are_kept_under_safe_names(run, photos, tmp_path):
    folder = photos(1)
    fake.paint(folder / "sub" / "x.png")
    run(folder, hierarchies=tmp_path / "new" / "trees")
    names = {row.hierarchy for row in rows(run.out).values()}
    assert len(names) == 2
    assert {path.name for path in (tmp_path / "new" / "trees").iterdir()} == names
    assert {path.read_bytes() for path in (tmp_path / "new" / "trees").iterdir()} == {b"hierarchy"}


def test_a_folder_that_cannot_be_made_is_told(run, photos, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be written"):
        run(photos(1), hierarchies=tmp_path / "file" / "trees")


def test_stopping_keeps_finished_lines_and_says_so(run, photos):
    notes = run(photos(a=fake.FINE, b=fake.SLOW, c=fake.SLOW), stop=lambda notes: "a.png" in notes.images)
    assert notes.ended is False
    assert list(rows(run.out)) == ["a.png"]


def test_stopping_before_the_workers_are_ready(run, photos):
    assert run(photos(1), stop=lambda notes: True).started is None


@pytest.mark.parametrize(
    ("name", "kind", "sentence"),
    [
        ("nobody", UsageError, "no proposer called 'nobody'; there are: union, default"),
        ("tests.trainers.fake:none", UsageError, "has no attribute 'none'"),
        ("no.such.module:make", UsageError, "No module named 'no'"),
        (fake.WEIGHTLESS, WorkersError, r"w\.safetensors: damaged"),
        (fake.BROKEN, WorkersError, r"cannot be made \(LookupError: the weights are on the moon\)"),
        (fake.DEADLY, WorkersError, "the worker processes die, probably out of memory, while they load the proposer"),
    ],
)
def test_a_proposer_that_cannot_be_made_is_told(run, photos, name, kind, sentence):
    with pytest.raises(kind, match=sentence):
        run(photos(1), proposer=name)


def test_a_full_disk_ends_the_work_with_whole_lines(run, photos):
    with small_disk(1000), pytest.raises(OutputError, match=r"out\.jsonl cannot be written"):
        run(photos(9))
    done = len(run.out.read_bytes().splitlines())
    assert 0 < done < 9
    assert run(photos(9)).started == (9, done, 2)


def test_memory_does_not_grow_with_the_number_of_images(run, photos):
    """Megapixel images through one worker: neither it nor the parent may keep them."""
    folder = photos()
    for k in range(60):
        fake.paint(folder / f"{k:03}.png", size=(1200, 800), serial=k)
    sizes = []

    def measure(notes):
        children = [child for child in psutil.Process().children() if child.is_running()]
        resident = sum(process.memory_info().rss for process in [psutil.Process(), *children])
        if len(notes.images) >= 10:  # by then everything is loaded
            sizes.append(resident)
        return False

    assert run(folder, stop=measure, workers=1).ended
    assert len(sizes) > 40
    assert max(sizes) - sizes[0] < 20e6  # 50 images as pixels are 144 MB


def test_workers_use_one_thread_each(run, photos, tmp_path, monkeypatch):
    (tmp_path / "nosy.py").write_text(
        "import json, os\n"
        "from tests.trainers.fake import FakeProposer\n"
        "class Nosy(FakeProposer):\n"
        "    identity = json.dumps({name: os.environ.get(name) for name in ('OMP_NUM_THREADS', 'MKL_NUM_THREADS')})\n",
        "utf-8",
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    run(photos(1), proposer="nosy:Nosy")
    (row,) = rows(run.out).values()
    assert json.loads(row.proposer) == {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    assert "OMP_NUM_THREADS" not in os.environ
