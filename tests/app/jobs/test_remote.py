"""Jobs on a real Ray cluster of this machine, through its job API; and sentences where there is none."""

import os
import secrets
import subprocess
import sys

import httpx
import psutil
import pytest

from app import jobs
from app.errors import JobError, SettingsError
from app.jobs import events, processes, remote
from app.jobs.cluster import Cluster, ClusterGoneError, dashboard
from app.jobs.runner import Runner
from app.jobs.work import folder_of
from tests.app.jobs.helpers import ended, wait
from tests.ports import free_port

SERVE = """
import sys, tempfile
import ray
with tempfile.TemporaryDirectory(prefix="ray-", dir="/tmp", ignore_cleanup_errors=True) as folder:
    ray.init(
        address="local", num_cpus=1, object_store_memory=100 * 2**20, include_dashboard=True, dashboard_host="127.0.0.1",
        dashboard_port=int(sys.argv[1]), configure_logging=False, log_to_driver=False, _temp_dir=folder,
    )
    print("serving", flush=True)
    sys.stdin.read()
    ray.shutdown()
"""
SECONDS = 180


class RayProcess:
    """A Ray cluster in a process of its own."""

    def __init__(self):
        self.address = f"http://127.0.0.1:{free_port()}"
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
        command = [sys.executable, "-c", SERVE, self.address.rpartition(":")[2]]
        self.process = subprocess.Popen(command, **pipes)
        assert self.process.stdout.readline() == "serving\n"
        self.family = psutil.Process(self.process.pid).children(recursive=True)

    def kill(self):
        """Everything at once, as when its machine loses power."""
        self.process.kill()
        for each in self.family:
            if each.is_running():
                each.kill()

    def end(self):
        self.process.communicate(timeout=60)  # the end of its input; closes the pipes
        for left in psutil.wait_procs(self.family, timeout=10)[1]:
            left.kill()


@pytest.fixture(scope="module")
def secret():
    """What Ray's servers ask of everyone, this process too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")  # off, all its servers listen on 127.0.0.1
        patch.setenv("RAY_AUTH_MODE", "token")
        patch.setenv("RAY_AUTH_TOKEN", secrets.token_hex(32))
        yield


@pytest.fixture(scope="module")
def ray_process(secret):
    """A running cluster, the only one: a second one's agent would listen where the first one's does, and get its jobs."""
    pytest.importorskip("ray", reason="the extra `cluster` is not installed")
    running = RayProcess()
    yield running
    running.end()


@pytest.fixture(scope="module")
def ray_cluster(ray_process):
    """Its address."""
    return ray_process.address


@pytest.fixture
def followed(ws, fake_kinds):
    """A supervisor that looks at clusters often, and jobs of the kinds of tests."""
    fake_kinds.setattr(remote, "POLL_SECONDS", 0.3)
    supervisor = jobs.supervise(ws)
    yield supervisor
    supervisor.stop()


def test_a_job_runs_on_the_cluster_and_is_paused_resumed_and_killed_there(ws, ray_cluster, followed):
    job = jobs.submit(ws, "count", {"to": 120}, runner=ray_cluster)
    running = wait(ws, job, lambda job: job.done >= 2, SECONDS)
    assert (running.runner, running.remote_id.startswith("annotator-1-")) == (ray_cluster, True)
    assert "raylet" in {parent.name() for parent in psutil.Process(running.pid).parents()}
    with Cluster(ray_cluster) as asked:
        assert asked.job(running.remote_id).status == "RUNNING"

    jobs.pause(ws, job.id)
    wait(ws, job, lambda job: job.state == "paused", SECONDS)
    jobs.resume(ws, job.id)
    again = wait(ws, job, lambda job: job.state == "running" and job.pid and job.done > running.done, SECONDS)
    assert again.remote_id != running.remote_id

    psutil.Process(again.pid).kill()
    done = wait(ws, job, ended, SECONDS)
    assert (done.state, done.message) == ("done", "counted to 120")
    numbers = [event["number"] for event in events.read(folder_of(ws, job.id)) if event["event"] == "step"]
    assert numbers == list(range(1, 121))


def test_a_job_on_the_cluster_is_cancelled_and_leaves_no_process(ws, ray_cluster, followed):
    job = jobs.submit(ws, "count", {}, runner=ray_cluster)
    wait(ws, job, lambda job: job.done >= 1, SECONDS)
    jobs.cancel(ws, job.id)
    assert wait(ws, job, ended, SECONDS).state == "cancelled"
    psutil.wait_procs(list(processes.of_job(ws, job.id)), timeout=20)
    assert [each for each in processes.of_job(ws, job.id) if each.status() != psutil.STATUS_ZOMBIE] == []


def test_what_cannot_begin_there_says_why_in_its_log(ws, ray_cluster, followed, fake_kinds):
    fake_kinds.setattr(processes, "APP", ("-m", "no_such_module"))
    job = jobs.submit(ws, "count", {}, runner=ray_cluster)
    lost = wait(ws, job, ended, SECONDS)
    assert lost.state == "lost"
    assert "see jobs/1/log.txt" in lost.error
    assert "no_such_module" in (folder_of(ws, job.id) / "log.txt").read_text()


def test_a_cluster_that_is_gone_is_told_and_its_job_waits(ws, ray_process, followed, fake_kinds):
    """The last test with this cluster."""
    fake_kinds.setattr(remote, "GONE_SECONDS", 1.0)
    job = jobs.submit(ws, "count", {}, runner=ray_process.address)
    wait(ws, job, lambda job: job.done >= 1, SECONDS)
    ray_process.kill()
    processes.kill(ws, job.id)
    waits = wait(ws, job, lambda job: job.state == "queued" and job.message.startswith("waits: "), SECONDS)
    assert f"the Ray cluster at {ray_process.address} does not answer" in waits.message
    assert waits.attempts == 0
    assert jobs.cancel(ws, job.id).state == "cancelled"


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("ray://head", "http://head:8265"),
        ("ray://head:10001", "http://head:8265"),
        ("ray://head:8266", "http://head:8266"),
        ("ray://[::1]", "http://[::1]:8265"),
        ("http://head:9/", "http://head:9"),
        ("https://head", "https://head"),
    ],
)
def test_addresses(address, found):
    assert dashboard(address) == found


@pytest.mark.parametrize(
    "address", ["head:8265", "ray://", "ftp://head", "http://head:port", "file:///etc", "http://h/x"]
)
def test_what_is_no_address_never_enters_the_queue(ws, address):
    with pytest.raises(SettingsError, match="write ray://host, or http://host:port"):
        jobs.submit(ws, "propose", {}, runner=address)
    assert jobs.list_jobs(ws) == []


def test_nobody_at_the_address(ws):
    with Cluster(f"http://127.0.0.1:{free_port()}") as nobody, pytest.raises(ClusterGoneError, match="does not answer"):
        nobody.reach()


@pytest.mark.parametrize(
    ("answer", "reason"),
    [(httpx.Response(401, text="who\nare you"), "401: are you"), (httpx.Response(200, text="<html>"), "200: <html>")],
)
def test_something_else_at_the_address(monkeypatch, answer, reason):
    something = httpx.Client(transport=httpx.MockTransport(lambda _: answer), base_url="http://head")
    with Cluster("http://head") as other:
        other._client.close()
        monkeypatch.setattr(other, "_client", something)
        with pytest.raises(JobError, match=rf"http://head takes no jobs \({reason}\): a Ray cluster"):
            other.reach()


def test_a_job_on_another_machine_refuses_to_begin(monkeypatch):
    monkeypatch.setenv("ANNOTATOR_MACHINE", processes.machine())
    processes.refuse_elsewhere()
    monkeypatch.setenv("ANNOTATOR_MACHINE", "another")
    with pytest.raises(JobError, match="one machine only: start a Ray cluster whose head node is the app's machine"):
        processes.refuse_elsewhere()


def test_a_late_start_of_an_earlier_submission_is_refused(ws):
    job = jobs.submit(ws, "propose", {}, runner="ray://head")
    with ws.store.write() as tx:
        tx.jobs.change(job.id, {"state": "running", "remote_id": "annotator-1-new"})
    with pytest.raises(JobError, match="job 1 is running by another process"):
        Runner(ws, job.id, "annotator-1-old")
    assert jobs.get(ws, job.id).pid is None
    assert Runner(ws, job.id, "annotator-1-new").job.id == job.id
    assert jobs.get(ws, job.id).pid == os.getpid()


def test_a_job_that_the_cluster_never_took_is_submitted_anew_and_that_is_no_attempt(ws, monkeypatch):
    class Forgetful:
        def job(self, _remote_id):
            return None

    job = jobs.submit(ws, "propose", {}, runner="http://127.0.0.1:1")
    with ws.store.write() as tx:
        tx.jobs.change(job.id, {"state": "running", "remote_id": "annotator-1-x", "attempts": 1})
    follower = remote.RemoteJobs(ws)
    follower._follow(Forgetful(), jobs.get(ws, job.id))
    assert jobs.get(ws, job.id).state == "running", "it may still be on its way"
    monkeypatch.setattr(remote, "UNKNOWN_SECONDS", -1.0)
    follower._follow(Forgetful(), jobs.get(ws, job.id))
    again = jobs.get(ws, job.id)
    assert (again.state, again.attempts) == ("queued", 0)
    assert "does not know the job" in again.message
