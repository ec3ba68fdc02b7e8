"""Real child processes: the app's own ``job-run`` around the stand-in proposer."""

import signal
import subprocess
import sys
import time

import psutil
import pytest

from app import jobs
from app.jobs import supervisor as supervision
from app.jobs.attempts import MAX_ATTEMPTS
from app.services import catalogue, ingest, review
from app.services.review import Operation
from app.services.workspace import same_process
from tests.app.helpers import make_folder
from tests.app.jobs.helpers import begun, ended, wait


@pytest.fixture
def photos(ws, tmp_path, fake_trainers):
    ingest.import_folder(ws, make_folder(tmp_path / "photos"))
    return fake_trainers


def at_work(pid):
    """Whether a job's process has started the proposer."""
    try:
        return bool(psutil.Process(pid).children())
    except psutil.NoSuchProcess:
        return False


def statuses(ws):
    return [row.status for row in catalogue.list_images(ws).rows]


def test_a_job_runs_in_a_process_and_tells_how_far_it_is(ws, photos, supervised):
    photos.setenv("FAKE_SECONDS", "0.5")
    job = jobs.submit(ws, "propose", {"proposer": "default"})
    running = wait(ws, job, begun)
    assert (running.total, running.rate, running.seconds_left) == (3, 1.5, 2.0)
    assert psutil.Process(running.pid).is_running()
    assert running.heartbeat == pytest.approx(time.time(), abs=10)
    done = wait(ws, job, ended)
    assert (done.state, done.message, done.error, done.done) == ("done", "9 masks on 3 images", "", 3)
    assert statuses(ws) == ["todo"] * 3
    assert jobs.current(ws) is None


def test_jobs_run_one_after_the_other(ws, photos, supervised):
    first = jobs.submit(ws, "propose", {"limit": 1})
    second = jobs.submit(ws, "propose", {"image_ids": [3]})
    assert wait(ws, second, ended).state == "done"
    assert jobs.get(ws, first.id).state == "done"
    assert jobs.get(ws, first.id).finished <= jobs.get(ws, second.id).finished
    assert statuses(ws) == ["todo", "new", "todo"]


def test_a_failure_is_told_in_its_sentence(ws, photos, supervised):
    photos.setenv("FAKE_DIE", "1")
    job = wait(ws, jobs.submit(ws, "propose", {}), ended)
    assert job.state == "failed"
    assert job.error == "the proposer 'union' stopped: the network is missing: install it"
    assert statuses(ws) == ["todo", "new", "new"]


def test_cancelling_keeps_what_is_finished(ws, photos, supervised):
    photos.setenv("FAKE_SECONDS", "0.7")
    job = jobs.submit(ws, "propose", {})
    running = wait(ws, job, begun)
    assert jobs.cancel(ws, job.id).state == "cancelling"
    assert wait(ws, job, ended).state == "cancelled"
    assert statuses(ws)[0] == "todo"
    assert "new" in statuses(ws)
    psutil.wait_procs([psutil.Process(running.pid)] if psutil.pid_exists(running.pid) else [], timeout=5)
    assert not same_process(running.pid, running.pid_started)


def test_a_job_that_does_not_listen_is_killed_with_its_children(ws, photos, monkeypatch, supervised):
    monkeypatch.setattr(supervision, "GRACE_SECONDS", 0.5)
    photos.setenv("FAKE_SECONDS", "3")
    photos.setenv("FAKE_DEAF", "1")
    job = jobs.submit(ws, "propose", {})
    running = wait(ws, job, lambda job: job.total == 3)
    children = psutil.Process(running.pid).children()
    jobs.cancel(ws, job.id)
    assert wait(ws, job, ended).state == "cancelled"
    assert len(children) == 1
    assert psutil.wait_procs(children, timeout=5)[1] == []


def test_a_killed_job_goes_on_and_loses_nothing(ws, photos, supervised):
    photos.setenv("FAKE_SECONDS", "0.7")
    job = jobs.submit(ws, "propose", {})
    running = wait(ws, job, begun)
    opened = review.load(ws, 1)
    review.apply(ws, "me", [Operation("k", 1, "g", "state", opened.instances[0].id, 0, "accepted")])
    psutil.Process(running.pid).kill()
    again = wait(ws, job, lambda job: job.pid is not None and job.pid != running.pid)
    assert again.id == job.id
    done = wait(ws, job, ended)
    assert done.state == "done"
    assert statuses(ws) == ["doing", "todo", "todo"]
    assert [i.id for i in review.load(ws, 1).instances] == [i.id for i in opened.instances]


def test_a_job_that_is_killed_before_it_gets_anywhere_is_given_up(ws, photos, supervised):
    photos.setenv("FAKE_SECONDS", "30")
    job = jobs.submit(ws, "propose", {})
    seen = None
    for _attempt in range(MAX_ATTEMPTS):
        running = wait(ws, job, lambda job, seen=seen: job.pid not in (None, seen) and at_work(job.pid))
        for process in (psutil.Process(running.pid), *psutil.Process(running.pid).children()):
            process.kill()
        seen = running.pid
    lost = wait(ws, job, ended)
    assert lost.state == "lost"
    assert f"killed {MAX_ATTEMPTS} times before it got anywhere: see jobs/{job.id}/log.txt" in lost.error


APP = """
import pathlib, sys, time
from app import jobs
from app.services.workspace import Workspace
ws = Workspace.open(pathlib.Path(sys.argv[1]))
with ws.lock(1):
    supervisor = jobs.supervise(ws)
    sys.stdin.readline()
    supervisor.stop()
ws.close()
"""


@pytest.mark.parametrize("how", ["closed", "killed"])
def test_a_job_ends_with_its_app_and_goes_on_with_the_next(ws, photos, how):
    photos.setenv("FAKE_SECONDS", "1")
    job = jobs.submit(ws, "propose", {})
    with subprocess.Popen([sys.executable, "-c", APP, str(ws.path)], stdin=subprocess.PIPE, text=True) as app:
        running = wait(ws, job, begun)
        process = psutil.Process(running.pid)
        family = [process, *process.children()]
        if how == "closed":
            app.communicate("\n", timeout=30)
            assert app.returncode == 0
        else:
            app.send_signal(signal.SIGKILL)
            app.wait()
    assert psutil.wait_procs(family, timeout=20)[1] == []
    assert jobs.get(ws, job.id).state == "queued"
    photos.setenv("FAKE_SECONDS", "0")
    supervisor = jobs.supervise(ws)
    try:
        assert wait(ws, job, ended).state == "done"
    finally:
        supervisor.stop()
    assert statuses(ws) == ["todo"] * 3


def test_a_job_whose_app_and_process_died_together_goes_on(ws, photos):
    """After a power cut the row says running, but its process is gone."""
    job = jobs.submit(ws, "propose", {})
    with ws.store.write() as tx:
        tx.jobs.change(job.id, {"state": "running", "pid": 1, "pid_started": 1.0, "attempts": 1})
    supervisor = jobs.supervise(ws)
    try:
        assert wait(ws, job, ended).state == "done"
    finally:
        supervisor.stop()
