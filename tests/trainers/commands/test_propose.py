"""`python -m trainers propose` as a person, a program and a failing machine meet it: in a process of its own."""

import json
import os
import resource
import signal
import subprocess
import sys
import time

import psutil
import pytest

from tests.trainers import fake
from trainers.records import latest


@pytest.fixture
def start(tmp_path, monkeypatch):
    """Starts the command in a session of its own; whatever is left of it is killed at the end."""
    started = []
    monkeypatch.setenv(fake.MEMORY, str(tmp_path))

    def popen(*arguments, **options):
        command = [sys.executable, "-m", "trainers", "propose", "--proposer", fake.NAME, *map(str, arguments)]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "encoding": "utf-8"}
        process = subprocess.Popen(command, start_new_session=True, **pipes, **options)
        started.append(process)
        return process

    yield popen
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def propose(start):
    """Runs the command to its end; returns the finished process with its output."""

    def run(*arguments, **options):
        process = start(*arguments, **options)
        out, err = process.communicate(timeout=60)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    return run


@pytest.fixture
def slow_run(start, photos, tmp_path):
    """The command in the middle of two slow images, one fine one finished; with its workers."""
    process = start(photos(a=fake.FINE, b=fake.SLOW, c=fake.SLOW), "--out", tmp_path / "o", "--events", "--workers", 2)
    assert next_event(process)["event"] == "start"
    assert next_event(process)["key"] == "a.png"
    return process, sleeping_workers(process, 2), tmp_path / "o"


def sleeping_workers(process, number):
    """The workers, as soon as so many are in a slow image."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        children = psutil.Process(process.pid).children()
        workers = [child for child in children if fake.asleep(child.pid).exists()]
        if len(workers) == number:
            return workers
        time.sleep(0.05)
    raise AssertionError("no worker has come to its image")


def next_event(process):
    return json.loads(process.stdout.readline())


def keys(path):
    return [row.key for row in latest(path)]


def test_a_person_sees_a_bar_and_a_summary(propose, photos, tmp_path):
    done = propose(photos(a=fake.FINE, b=fake.RAISES), "--out", tmp_path / "o")
    assert done.returncode == 0
    assert done.stdout == ""
    assert "b.png: the proposer failed on it (RuntimeError: no such thing)" in done.stderr
    assert "done: 2 of 2 images, 2 new masks, 1 failed" in done.stderr
    assert sorted(keys(tmp_path / "o")) == ["a.png", "b.png"]


def test_a_program_reads_nothing_but_events(propose, photos, tmp_path):
    done = propose(photos(a=fake.FINE, b=fake.RAISES, c=fake.FINE), "--out", tmp_path / "o", "--events")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert [event["event"] for event in events] == ["start", "image", "image", "image", "done"]
    assert [event["done"] for event in events] == [0, 1, 2, 3, 3]
    assert {event["total"] for event in events} == {3}
    by_key = {event["key"]: event for event in events[1:4]}
    assert by_key["a.png"]["masks"] == 2
    assert "no such thing" in by_key["b.png"]["error"]
    assert "a library talks" in done.stderr


def test_a_list_gives_keys_of_its_own(propose, photos, tmp_path):
    folder = photos(a=fake.FINE, b=fake.FINE)
    listing = tmp_path / "list.jsonl"
    lines = [{"key": "17", "path": f"{folder}/b.png"}, {"key": "gone", "path": f"{folder}/c.png"}]
    listing.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    assert propose("--list", listing, "--out", tmp_path / "o").returncode == 0
    fine, gone = sorted(latest(tmp_path / "o"), key=lambda row: row.key)
    assert (fine.key, fine.path, len(fine.instances)) == ("17", f"{folder}/b.png", 2)
    assert "the file is gone" in gone.error


def test_a_limit_takes_the_first_images(propose, photos, tmp_path):
    assert propose(photos(5), "--out", tmp_path / "o", "--limit", 2).returncode == 0
    assert sorted(keys(tmp_path / "o")) == ["000.png", "001.png"]
    done = propose(photos(5), "--out", tmp_path / "o", "--limit", 3)
    assert "2 of 3 images were finished before" in done.stderr
    assert len(keys(tmp_path / "o")) == 3


def test_a_name_that_is_no_text_is_printed(propose, photos, tmp_path):
    folder = photos(**{os.fsdecode(b"bad-\xff"): fake.RAISES})
    done = propose(folder, "--out", tmp_path / "o")
    assert done.returncode == 0
    assert "bad-\\udcff.png: the proposer failed" in done.stderr
    missing = propose(tmp_path / os.fsdecode(b"none-\xff"), "--out", tmp_path / "o")
    assert missing.returncode == 2
    assert "there is no folder" in missing.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["{tmp}/none"], "there is no folder {tmp}/none: check the path"),
        (["{tmp}/empty"], "{tmp}/empty holds no image files"),
        ([], "name either a folder of images or --list FILE"),
        (["{tmp}/photos", "--list", "{tmp}/list"], "name either a folder of images or --list FILE"),
        (["--list", "{tmp}/list"], "the list {tmp}/list cannot be read: No such file or directory"),
        (["{tmp}/photos", "--proposer", "nobody"], "no proposer called 'nobody'; there are: union, default"),
        (["{tmp}/photos", "--out", "{tmp}/photos/000.png"], "name another --out"),
    ],
)
def test_a_wrong_argument_ends_with_one_sentence_and_code_2(propose, photos, tmp_path, arguments, sentence):
    photos(1)
    (tmp_path / "empty").mkdir()
    done = propose("--out", tmp_path / "o", *(argument.format(tmp=tmp_path) for argument in arguments))
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("error: ")
    assert sentence.format(tmp=tmp_path) in done.stderr
    assert "Traceback" not in done.stderr


def test_a_full_disk_ends_with_one_sentence_and_code_1(propose, photos, tmp_path):
    def small_disk():
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))

    done = propose(photos(9), "--out", tmp_path / "o", "--events", preexec_fn=small_disk)
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith(f"error: {tmp_path}/o cannot be written: File too large; run the same command again")
    assert 0 < len(keys(tmp_path / "o")) < 9
    assert propose(photos(9), "--out", tmp_path / "o").returncode == 0
    assert len(keys(tmp_path / "o")) == 9


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("whole_group", [True, False])
def test_a_signal_stops_it_within_two_seconds(slow_run, number, whole_group):
    process, workers, out = slow_run
    sent = time.monotonic()
    (os.killpg if whole_group else os.kill)(process.pid, number)
    stdout, stderr = process.communicate(timeout=10)
    assert time.monotonic() - sent < 2
    assert process.returncode == 128 + number
    assert json.loads(stdout.splitlines()[-1]) == {"event": "stopped", "done": 1, "total": 3}
    assert "Traceback" not in stderr
    assert keys(out) == ["a.png"]
    assert not any(worker.is_running() for worker in workers)


def test_workers_end_when_their_parent_is_killed(slow_run):
    process, workers, out = slow_run
    process.kill()
    _, alive = psutil.wait_procs(workers, timeout=5)
    assert alive == []
    assert keys(out) == ["a.png"]


def test_a_worker_killed_from_outside_costs_nothing(start, photos, tmp_path):
    process = start(photos(a=fake.SLOW, b=fake.FINE, c=fake.FINE), "--out", tmp_path / "o", "--events", "--workers", 1)
    assert next_event(process)["event"] == "start"
    for _ in range(2):  # the second time its image is given up
        (worker,) = sleeping_workers(process, 1)
        worker.kill()
        worker.wait()
    assert next_event(process)["error"] == "the worker process died, probably out of memory, on this image"
    assert [next_event(process)["key"], next_event(process)["key"]] == ["b.png", "c.png"]
    assert next_event(process)["event"] == "done"
    assert process.wait(timeout=10) == 0


def test_it_stops_when_nobody_reads_its_events(start, photos, tmp_path):
    process = start(photos(50), "--out", tmp_path / "o", "--events")
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(timeout=20) == 1
    assert process.stderr.read().splitlines()[-1] == "error: nobody reads the events any more: stopped"
    process.stdout = None
    assert len(keys(tmp_path / "o")) < 50


def test_a_killed_run_goes_on_where_it_was(slow_run, start, photos):
    process, workers, out = slow_run
    process.kill()
    psutil.wait_procs(workers, timeout=5)
    with out.open("ab") as stream:
        stream.write(b'{"key":"b.png","pa')
    folder = photos(b=fake.FINE, c=fake.FINE)
    again = start(folder, "--out", out, "--events")
    assert next_event(again)["done"] == 1
    again.communicate(timeout=30)
    assert sorted(keys(out)) == ["a.png", "b.png", "c.png"]
