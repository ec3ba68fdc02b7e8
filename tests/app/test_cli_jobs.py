"""``python -m app jobs``, as people and scripts meet it."""

import json
import signal
import subprocess
import sys

import pytest

from app import jobs
from app.jobs import events
from app.jobs.work import folder_of
from app.services import catalogue, ingest
from tests.app.helpers import make_folder
from tests.app.jobs.helpers import wait


@pytest.fixture
def run(ws, fake_trainers):
    """Run ``python -m app jobs ... --workspace`` with the stand-in proposer; returns (status, stdout, stderr)."""

    def run(*arguments):
        command = [sys.executable, "-m", "app", "jobs", *map(str, arguments), "--workspace", str(ws.path)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert "Traceback" not in done.stderr
        return done.returncode, done.stdout, done.stderr

    return run


@pytest.fixture
def photos(ws, tmp_path):
    ingest.import_folder(ws, make_folder(tmp_path / "photos"))


def test_a_queue_is_filled_looked_at_and_worked_without_the_page(ws, run, photos):
    assert run("list") == (0, "No jobs yet.\n", "")
    assert run("add", "propose", "--args", '{"proposer": "fast", "limit": 2}')[1] == "job 1 is queued\n"
    assert run("add", "propose", "--priority", "5")[1] == "job 2 is queued\n"
    assert run("pause", "1")[1] == "job 1 (propose) is paused\n"
    status, said, _ = run("run")
    assert status == 0
    assert said.splitlines() == [
        "job 2 (propose) is done, 3 of 3 images: 9 masks on 3 images",
        "paused: 1; `jobs resume ID` lets one go on",
    ]
    assert run("resume", "1")[1] == "job 1 (propose) is queued\n"
    assert run("run")[1] == "job 1 (propose) is done, 2 of 2 images: 6 masks on 2 images\n"
    assert run("run")[:2] == (0, "")
    listed = json.loads(run("list", "--json")[1])
    assert [(job["id"], job["state"], job["priority"], job["args"]) for job in listed] == [
        (2, "done", 5, {}),
        (1, "done", 0, {"proposer": "fast", "limit": 2}),
    ]
    assert run("list")[1].splitlines()[0] == "job 2 (propose) is done, 3 of 3 images: 9 masks on 3 images"


def test_a_job_is_shown_with_the_lines_that_are_searched(ws, run):
    job = jobs.submit(ws, "propose", {})
    folder = folder_of(ws, job.id)
    folder.mkdir(parents=True)
    (folder / "log.txt").write_text("one\nTwo\nthree\n")
    events.append(folder, {"event": "image", "name": "two.png"})
    said = run("show", 1)[1].splitlines()
    assert said[0] == "job 1 (propose) is queued"
    assert str(folder) in said[1]
    assert said[2:] == ["  one", "  Two", "  three"]
    assert run("show", 1, "--lines", 1)[1].splitlines()[2:] == [
        "  ... (older lines are left out; --lines N shows more)",
        "  three",
    ]
    found = run("show", 1, "--log", "two")[1].splitlines()[2:]
    assert found[0] == "  log:2: Two"
    assert found[1].startswith("  events:1: {")
    assert "two.png" in found[1]


def test_what_does_not_work_is_one_sentence(ws, run, photos, fake_trainers):
    assert run("show", 7)[::2] == (1, "Error: there is no job 7 in this workspace\n")
    status, _, trouble = run("add", "propose", "--args", "[1]")
    assert (status, "--args is no JSON object" in trouble) == (2, True)
    assert "--args is no JSON:" in run("add", "propose", "--args", "{")[2]
    assert "no jobs of kind 'dream'" in run("add", "dream")[2]
    assert "there are: union" in run("add", "propose", "--args", '{"proposer": "os:getcwd"}')[2]
    fake_trainers.setenv("FAKE_DIE", "1")
    run("add", "propose")
    status, said, _ = run("run")
    assert (status, said) == (
        1,
        "job 1 (propose) is failed, 1 of 3 images: the proposer 'union' stopped: the network is missing: install it\n",
    )
    assert "job 1 is failed: only waiting and running jobs" in run("pause", 1)[2]
    fake_trainers.delenv("FAKE_DIE")
    assert run("retry", 1)[0] == 0
    assert run("run")[1] == "job 1 (propose) is done, 3 of 3 images: 9 masks on 3 images\n"


def test_ctrl_c_stops_in_order_and_the_next_run_goes_on(ws, run, photos, fake_trainers):
    fake_trainers.setenv("FAKE_SECONDS", "300")
    job = jobs.submit(ws, "propose", {})
    command = [sys.executable, "-m", "app", "jobs", "run", "--workspace", str(ws.path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as worker:
        wait(ws, job, lambda job: job.total == 3)
        assert "is open in another app" in run("run")[2]
        worker.send_signal(signal.SIGINT)
        said, trouble = worker.communicate(timeout=30)
    assert worker.returncode == 130
    assert said.startswith("job 1 (propose) is queued")
    assert trouble == "Error: stopped: what is finished is saved, run it again to go on\n"
    fake_trainers.setenv("FAKE_SECONDS", "0")
    assert run("run")[1] == "job 1 (propose) is done, 3 of 3 images: 9 masks on 3 images\n"
    assert catalogue.overview(ws).images["todo"] == 3
