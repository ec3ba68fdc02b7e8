"""Bulk work on a real Ray cluster: equal to the local one, whatever is killed, and with a sentence where there is none.

One cluster of two cores serves most tests, which join it by its address; it runs in a process of its own.
"""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
from typer.testing import CliRunner

from freesolo.errors import CodecError
from freesolo.evaluation import matching
from freesolo.instances import Instances
from tests.trainers import fake
from trainers import ray_pool
from trainers.cli import cli
from trainers.errors import UsageError, WorkersError
from trainers.extract import ExtractSettings, extract
from trainers.records import Record
from trainers.work_list import of_folder

SERVE = """
import os, sys
from trainers.cli_ending import leave_ray
from trainers.ray_pool import cluster
with cluster(None, 2) as ray:
    sys.__stdout__.write(ray.get_runtime_context().gcs_address + " " + os.environ["RAY_AUTH_TOKEN"] + "\\n")
    sys.__stdout__.flush()
    sys.stdin.read()
leave_ray(0)
"""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """The address of a running cluster; its actors and this process have the fake proposer's memory in common."""
    memory = tmp_path_factory.mktemp("memory")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(fake.MEMORY, str(memory))
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "encoding": "utf-8"}
        with subprocess.Popen([sys.executable, "-c", SERVE], **pipes) as process:
            address, token = process.stdout.readline().split()
            patch.setenv(
                "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0"
            )  # else 127.0.0.1 is taken for this machine's other address
            patch.setenv("RAY_AUTH_MODE", "token")
            patch.setenv("RAY_AUTH_TOKEN", token)
            served = psutil.Process(process.pid).children(recursive=True)
            yield address
            process.stdin.close()
            assert process.wait(timeout=30) == 0
    assert left_alive(served) == []


def left_alive(processes):
    return psutil.wait_procs(processes, timeout=5)[1]


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
def run(tmp_path, cluster):
    """Runs extraction over a folder on the cluster; returns what was told. ``run.out`` is the results file."""

    def start(folder, stop=lambda notes: False, **settings):
        notes = Notes()
        chosen = {"out": start.out, "proposer": fake.NAME, "executor": "ray", "ray_address": cluster, **settings}
        complete = extract(of_folder(folder).items, ExtractSettings(**chosen), notes, lambda: stop(notes))
        assert notes.ended == (complete if notes.started else None)
        return notes

    start.out = tmp_path / "out.jsonl"
    return start


def lines(path):
    """The lines of a results file by key, without their times."""
    rows = [json.loads(line) for line in path.read_bytes().splitlines()]
    assert len({row["key"] for row in rows}) == len(rows)
    return {row["key"]: {name: value for name, value in row.items() if name != "seconds"} for row in rows}


def test_lines_and_hierarchies_equal_the_local_ones(run, photos, tmp_path):
    folder = photos(20, bad=fake.RAISES, wrong=fake.WRONG_SIZE)
    (folder / "damaged.png").write_bytes((folder / "000.png").read_bytes()[:45])
    local, trees = tmp_path / "local.jsonl", (tmp_path / "trees", tmp_path / "local-trees")
    notes = run(folder, hierarchies=trees[0])
    assert notes.started == (23, 0, 2), "one worker a core of the cluster"
    run(folder, out=local, hierarchies=trees[1], executor="local", ray_address=None, workers=1)
    assert lines(run.out) == lines(local)
    kept = [{path.name: path.read_bytes() for path in folder.iterdir()} for folder in trees]
    assert kept[0] == kept[1]
    assert len(kept[0]) == 20


def test_a_second_run_does_what_is_missing(run, photos):
    run(photos(3), workers=1)
    assert run(photos(5)).images == {"003.png": 2, "004.png": 2}


def test_an_image_that_kills_its_worker_is_tried_once_more_and_costs_the_others_nothing(run, photos):
    folder = photos(3, dies=fake.DIES)
    fake.paint(folder / "000-once.png", fake.DIES_ONCE, serial=201)
    notes = run(folder, workers=1)
    reason = "the worker process died, killed (perhaps out of memory) or crashed, on this image"
    assert notes.images == {**dict.fromkeys(["000-once.png", *(f"00{k}.png" for k in range(3))], 2), "dies.png": reason}
    assert lines(run.out)["dies.png"]["error"] == reason


def test_a_worker_killed_from_outside_loses_nothing(run, photos):
    """Both of the slow image's workers are killed in the middle of it, while another image waits behind it."""
    killed = set()

    def kill(notes):
        for mark in fake.asleep(0).parent.glob("asleep-*"):
            mark.unlink()
            killed.add(int(mark.name.removeprefix("asleep-")))
            os.kill(int(mark.name.removeprefix("asleep-")), signal.SIGKILL)
        return False

    notes = run(photos(6, a=fake.SLOW), stop=kill, workers=1)
    assert len(killed) == 2
    assert "the worker process died" in notes.images.pop("a.png")
    assert notes.images == {f"{k:03}.png": 2 for k in range(6)}


def test_stopping_keeps_finished_lines_and_ends_the_workers(run, photos):
    folder = photos(1, b=fake.SLOW, c=fake.SLOW)
    seen = []

    def stop(notes):
        seen[:] = [int(mark.name.removeprefix("asleep-")) for mark in fake.asleep(0).parent.glob("asleep-*")]
        return "000.png" in notes.images and bool(seen)  # the other may still be loading

    notes = run(folder, stop=stop)
    assert notes.ended is False
    assert list(lines(run.out)) == ["000.png"]
    assert left_alive([psutil.Process(pid) for pid in seen if psutil.pid_exists(pid)]) == []
    for pid in seen:
        fake.asleep(pid).unlink()


@pytest.mark.parametrize(
    ("name", "kind", "sentence"),
    [
        ("nobody", UsageError, "no proposer called 'nobody'"),
        (fake.BROKEN, WorkersError, r"cannot be made \(LookupError: the weights are on the moon\)"),
        (fake.DEADLY, WorkersError, "the worker processes die, killed .* or crashed, while they load the proposer"),
    ],
)
def test_a_proposer_that_cannot_be_made_is_told(run, photos, name, kind, sentence):
    with pytest.raises(kind, match=sentence):
        run(photos(1), proposer=name)


def next_event(process):
    return json.loads(process.stdout.readline())


def test_a_ray_of_its_own_is_reachable_from_here_only_and_leaves_nothing(photos, tmp_path, monkeypatch):
    """The command in a process group of its own, interrupted by Ctrl-C in the middle of a slow image."""
    monkeypatch.setenv(fake.MEMORY, str(tmp_path))
    before = set(Path("/tmp").glob("ray-*"))
    folder = photos(a=fake.DIES_ONCE, b=fake.FINE, c=fake.SLOW)
    options = ["--proposer", fake.NAME, "--out", tmp_path / "o", "--executor", "ray", "--workers", "1", "--events"]
    command = [sys.executable, "-W", "error", "-m", "trainers", "propose", folder, *options]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "encoding": "utf-8"}
    with subprocess.Popen([*map(str, command)], start_new_session=True, **pipes) as process:
        assert next_event(process) == {"event": "start", "total": 3, "done": 0, "workers": 1}
        assert {next_event(process)["key"] for _ in range(2)} == {"a.png", "b.png"}, (
            "nothing of Ray's is among the events"
        )
        parent = psutil.Process(process.pid)
        family = [parent, *parent.children(recursive=True)]
        while not list(tmp_path.glob("asleep-*")):
            time.sleep(0.05)
        open_to = {
            port.laddr.ip for one in family for port in one.net_connections() if port.status == psutil.CONN_LISTEN
        }
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert open_to == {"127.0.0.1", "::ffff:127.0.0.1"}
    assert json.loads(out) == {"event": "stopped", "done": 2, "total": 3}
    assert process.returncode == 128 + signal.SIGINT
    assert "Traceback" not in err
    assert left_alive(family) == []
    assert set(Path("/tmp").glob("ray-*")) <= before
    assert set(lines(tmp_path / "o")) == {"a.png", "b.png"}


def propose(photos, tmp_path, *options):
    folder = str(photos(1))
    done = CliRunner().invoke(cli, ["propose", folder, "--out", str(tmp_path / "o"), "--proposer", fake.NAME, *options])
    return done.exit_code, done.stderr.splitlines()[-1]


def test_an_address_that_does_not_answer_is_told(photos, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: nobody else answers there
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        code, sentence = propose(photos, tmp_path, "--executor", "ray", "--ray-address", address)
    assert code == 2
    assert sentence.startswith(f"error: no Ray cluster answers at {address} (")
    code, sentence = propose(photos, tmp_path, "--executor", "ray", "--ray-address", "cluster")
    assert (code, "'cluster' is no address of a Ray cluster: write host:port" in sentence) == (2, True)
    code, sentence = propose(photos, tmp_path, "--ray-address", address)
    assert (code, sentence) == (2, "error: --ray-address is for --executor ray: add that, or leave it out")


def test_without_ray_the_way_to_it_is_told(photos, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    code, sentence = propose(photos, tmp_path, "--executor", "ray")
    assert (code, sentence) == (2, "error: Ray is not installed: pip install 'freesolo-annotator[cluster]'")


@pytest.fixture
def scored(tmp_path):
    """A ground truth of 17 images with three squares each, some empty, and results that hit some: paths of both files."""
    rng = random.Random(1)
    truth = {"images": [], "annotations": []}
    rows = []
    for number in range(17):
        truth["images"].append({"id": 40 - number, "file_name": f"{number}.png", "width": 180, "height": 160})
        masks = np.zeros((3, 160, 180), bool)
        for mask in masks:
            top, left = rng.randrange(80), rng.randrange(80)
            mask[top : top + 70, left : left + 70] = True
        drawn = Instances.from_masks(masks, [1.0] * 3)
        for code, area, box in zip(drawn.counts, drawn.areas, drawn.boxes, strict=True):
            annotation = {"id": len(truth["annotations"]), "image_id": 40 - number, "category_id": 1, "iscrowd": 0}
            annotation |= {
                "segmentation": {"size": [160, 180], "counts": code.decode()},
                "area": int(area),
                "bbox": box.tolist(),
            }
            truth["annotations"] += [annotation] * (number % 5 > 0)
        moved = np.roll(masks[: number % 4], rng.randrange(18), 1)  # none on every fourth image
        scores = [rng.choice([0.5, 0.7, 0.9]) for _ in moved]  # equal ones on several images
        rows.append(Record(f"{number}.png", f"/p/{number}.png", "p@1", 0.1, Instances.from_masks(moved, scores)))
    (tmp_path / "truth.json").write_text(json.dumps(truth), "utf-8")
    (tmp_path / "r.jsonl").write_bytes(b"".join(row.to_line() for row in rows))
    return str(tmp_path / "truth.json"), str(tmp_path / "r.jsonl")


@pytest.mark.parametrize("options", [["--bootstrap", "20"], ["--boxes"], ["--protocol", "s1"]])
def test_figures_equal_the_local_ones(cluster, scored, monkeypatch, options):
    def evaluated(*more):
        done = CliRunner().invoke(cli, ["evaluate", *scored, *options, "--json", *more])
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    at_once = evaluated()
    monkeypatch.setattr(matching, "PORTION_IMAGES", 3)
    assert evaluated("--executor", "ray", "--ray-address", cluster) == at_once
    assert evaluated() == at_once
    assert any(0 < at_once.get(name, 0) < 100 for name in ("AP50", "AP*"))


def square(number):
    if number < 0:
        raise CodecError(f"{number} is negative")
    if number > 99:
        os.kill(os.getpid(), signal.SIGKILL)
    return number**2


def test_a_function_is_spread_in_order_and_its_failures_come_back(cluster):
    assert list(ray_pool.spread(cluster, square, range(20))) == [number**2 for number in range(20)]
    with pytest.raises(CodecError, match="-1 is negative"):
        list(ray_pool.spread(cluster, square, [1, -1]))
    with pytest.raises(WorkersError, match="the workers of the Ray cluster cannot do their work"):
        list(ray_pool.spread(cluster, square, [100]))
