"""Which jobs run at once, and what pausing, resuming and retrying do to their processes."""

import time

import psutil
import pytest

from app import jobs
from app.errors import JobError
from app.jobs import events, supervisor
from app.jobs.runner import Runner
from app.jobs.work import folder_of
from app.services import ingest
from app.services.workspace import process_started, same_process
from tests.app.helpers import make_folder
from tests.app.jobs.helpers import begun, ended, wait


def steps(ws, job):
    """(number, process) of each step that a counting job made."""
    return [(e["number"], e["pid"]) for e in events.read(folder_of(ws, job.id)) if e["event"] == "step"]


def at_work(ws):
    return {job.id for job in jobs.waiting(ws) if job.state != "queued"}


def test_light_jobs_do_not_wait_for_heavy_ones_and_each_sort_has_its_slots(ws, fake_kinds, supervised):
    heavy = [jobs.submit(ws, "count-heavy", {}) for _ in range(2)]
    light = [jobs.submit(ws, "count", {}) for _ in range(3)]
    running = (heavy[0], light[0], light[1])
    for job in running:
        wait(ws, job, begun)
    assert at_work(ws) == {job.id for job in running}
    jobs.cancel(ws, light[0].id)
    wait(ws, light[2], begun)
    assert jobs.get(ws, light[0].id).state == "cancelled"
    assert jobs.get(ws, heavy[1].id).state == "queued"


def test_a_job_of_higher_priority_is_begun_first(ws, fake_kinds):
    low, high = (jobs.submit(ws, "count-heavy", {"to": 1}, priority=priority) for priority in (0, 1))
    watcher = jobs.supervise(ws)
    try:
        wait(ws, low, ended)
    finally:
        watcher.stop()
    assert jobs.get(ws, high.id).finished <= jobs.get(ws, low.id).started


def test_a_paused_job_has_no_process_and_goes_on_where_it_was(ws, fake_kinds, supervised):
    job = jobs.submit(ws, "count", {"to": 60})
    running = wait(ws, job, lambda job: job.done >= 3)
    assert jobs.pause(ws, job.id).state == "pausing"
    paused = wait(ws, job, lambda job: job.state == "paused")
    assert (paused.pid, paused.seconds_left, paused.finished) == (None, None, None)
    psutil.wait_procs([psutil.Process(running.pid)] if psutil.pid_exists(running.pid) else [], timeout=5)
    assert not same_process(running.pid, running.pid_started)
    assert jobs.current(ws) is None
    time.sleep(3 * supervisor.POLL_SECONDS)
    assert jobs.get(ws, job.id).state == "paused"
    assert jobs.resume(ws, job.id).state == "queued"
    assert wait(ws, job, ended).message == "counted to 60"
    numbers, pids = zip(*steps(ws, job), strict=True)
    assert list(numbers) == list(range(1, 61))
    assert len(set(pids)) == 2


def test_a_job_that_is_resumed_while_it_stops_goes_on(ws, fake_kinds, supervised):
    job = jobs.submit(ws, "count", {"to": 40})
    wait(ws, job, begun)
    jobs.pause(ws, job.id)
    assert jobs.resume(ws, job.id).state in ("running", "queued")
    done = wait(ws, job, ended)
    assert (done.state, done.message) == ("done", "counted to 40")
    assert [number for number, _ in steps(ws, job)] == list(range(1, 41))


@pytest.mark.parametrize(("ask", "state"), [(jobs.cancel, "cancelled"), (jobs.pause, "paused")])
def test_what_breaks_as_a_job_stops_is_no_failure(ws, fake_kinds, supervised, ask, state):
    job = jobs.submit(ws, "stumble", {})
    wait(ws, job, begun)
    ask(ws, job.id)
    stopped = wait(ws, job, lambda job: job.state not in ("running", "pausing", "cancelling"))
    assert (stopped.state, stopped.error) == (state, "")
    assert stopped.message == "the proposer's process ended with code -15"


def test_a_job_that_would_start_over_is_not_paused(ws, fake_kinds):
    job = jobs.submit(ws, "count-through", {})
    with pytest.raises(JobError, match=f"job {job.id} cannot be paused: it would start over"):
        jobs.pause(ws, job.id)


def test_a_retried_job_keeps_its_folder(ws, fake_kinds, supervised):
    job = jobs.submit(ws, "count", {"to": 50})
    wait(ws, job, lambda job: job.done >= 3)
    jobs.cancel(ws, job.id)
    reached = wait(ws, job, ended).done
    jobs.retry(ws, job.id)
    again = wait(ws, job, lambda job: job.done > reached)
    assert again.state == "running"
    assert wait(ws, job, ended).message == "counted to 50"
    assert [number for number, _ in steps(ws, job)] == list(range(1, 51))


def test_a_job_of_a_kind_that_this_version_does_not_have_says_so(ws, supervised):
    with ws.store.write() as tx:
        job_id = tx.jobs.add("dream", {})
    failed = wait(ws, jobs.get(ws, job_id), ended)
    assert (failed.state, failed.error) == (
        "failed",
        "this version of the app has no jobs of kind 'dream': it has propose, train, probe, compare, push, pull",
    )


def test_a_job_that_waits_or_is_done_by_another_process_is_not_done_here(ws, fake_kinds):
    job = jobs.submit(ws, "count", {})
    with pytest.raises(JobError, match=rf"job {job.id} is queued: the app starts what waits"):
        Runner(ws, job.id)
    me = psutil.Process().ppid()
    with ws.store.write() as tx:
        tx.jobs.change(job.id, {"state": "running", "pid": me, "pid_started": process_started(me)})
    with pytest.raises(JobError, match=rf"job {job.id} is running by another process"):
        Runner(ws, job.id)


def test_a_process_that_was_given_up_for_dead_changes_nothing(ws, fake_kinds):
    """As after a machine slept: the job was started anew meanwhile."""
    job = jobs.submit(ws, "count", {})
    with ws.store.write() as tx:
        tx.jobs.change(job.id, {"state": "running"})
    stale = Runner(ws, job.id)
    with ws.store.write() as tx:
        tx.jobs.change(job.id, {"pid": 1, "pid_started": 1.0, "done": 7})
    stale.progress(1, 2, None, None, "stale")
    stale._conclude("stale")
    now = jobs.get(ws, job.id)
    assert (now.state, now.done, now.message) == ("running", 7, "")


def test_processes_that_a_killed_job_left_behind_are_ended_before_it_goes_on(ws, fake_trainers, tmp_path):
    """They would write into the same folder."""
    ingest.import_folder(ws, make_folder(tmp_path / "photos"))
    fake_trainers.setenv("FAKE_SECONDS", "60")
    job = jobs.submit(ws, "propose", {})
    watcher = jobs.supervise(ws)
    try:
        running = wait(ws, job, lambda job: job.total == 3)
        (child,) = psutil.Process(running.pid).children()
        fake_trainers.setenv("FAKE_SECONDS", "0")
        psutil.Process(running.pid).kill()
        assert wait(ws, job, ended).state == "done"
    finally:
        watcher.stop()
    assert process_started(child.pid) is None


@pytest.mark.parametrize("jump", [-86_400.0, 86_400.0])
def test_a_clock_that_jumps_harms_no_job(ws, fake_kinds, supervised, monkeypatch, jump):
    job = jobs.submit(ws, "count", {"to": 40})
    running = wait(ws, job, begun)
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + jump)
    monkeypatch.setattr(psutil.Process, "create_time", lambda process: 1.0)
    with ws.store.write() as tx:
        tx.jobs.change(job.id, {"heartbeat": real() + jump})
    done = wait(ws, job, ended)
    assert (done.state, done.pid, done.message) == ("done", running.pid, "counted to 40")
