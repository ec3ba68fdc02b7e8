"""Jobs that run out of memory: once more with half the batch, then a sentence."""

import pytest

from app import jobs
from app.jobs import memory
from app.jobs.attempts import MAX_ATTEMPTS
from tests.app.jobs.helpers import ended, wait


@pytest.fixture
def vmstat(tmp_path, monkeypatch):
    """A stand-in for the kernel's counters."""
    file = tmp_path / "vmstat"
    file.write_text("pgfault 1\noom_kill 7\n")
    monkeypatch.setattr(memory, "_VMSTAT", file)
    return file


@pytest.mark.parametrize("how", ["python", "torch", "log", "kernel"])
def test_a_smaller_batch_is_tried_once(ws, fake_kinds, vmstat, supervised, how):
    job = jobs.submit(ws, "eat", {"how": how, "batch": 9, "fits": 4, "vmstat": str(vmstat)})
    halved = wait(ws, job, lambda job: job.shrunk)
    assert halved.args["batch"] == 4
    done = wait(ws, job, ended)
    assert (done.state, done.message) == ("done", "fed with 4")


def test_what_happened_is_told(ws, fake_kinds, supervised):
    job = jobs.submit(ws, "eat", {"how": "torch", "batch": 8, "fits": 4})
    told = wait(ws, job, lambda job: job.shrunk).message
    assert told in ("ran out of memory with batches of 8: goes on with batches of 4", "starting")
    wait(ws, job, ended)


@pytest.mark.parametrize("how", ["python", "kernel"])
def test_the_second_time_the_job_fails_with_what_to_do(ws, fake_kinds, vmstat, supervised, how):
    job = jobs.submit(ws, "eat", {"how": how, "batch": 8, "fits": 0, "vmstat": str(vmstat)})
    failed = wait(ws, job, ended)
    assert (failed.state, failed.shrunk) == ("failed", True)
    assert failed.error.startswith("the job ran out of memory, also with batches of 4: close other programs")
    assert failed.finished is not None


@pytest.mark.parametrize("args", [{}, {"batch": 1}, {"batch": True}, {"batch": "8"}, {"batch": None}])
def test_what_has_no_batch_to_halve_fails_at_once(ws, args):
    job = jobs.submit(ws, "propose", args)
    assert memory.answer(job)["state"] == "failed"
    assert str(memory.answer(job)["error"]).startswith("the job ran out of memory: close other programs")


def test_a_kill_that_is_not_the_kernels_is_an_ordinary_death(ws, fake_kinds, vmstat, supervised):
    job = jobs.submit(ws, "eat", {"how": "kill", "batch": 8, "fits": 0})
    lost = wait(ws, job, ended)
    assert (lost.state, lost.shrunk, lost.args["batch"]) == ("lost", False, 8)
    assert f"was killed {MAX_ATTEMPTS} times" in lost.error


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 20.00 MiB", True),
        ("RuntimeError: MPS backend out of memory (MPS allocated: 5 GB)", True),
        ("DefaultCPUAllocator: can't allocate memory: you tried to allocate 4000 bytes", True),
        ("OSError: [Errno 12] Cannot allocate memory", True),
        ("MemoryError", True),
        ("terminate called after throwing an instance of 'std::bad_alloc'", True),
        ("worker killed (perhaps out of memory) or crashed", False),
        ("the disk of the workspace is full", False),
        ("", False),
    ],
)
def test_messages_about_memory_are_known(text, told):
    assert memory.said(text) is told


def test_a_system_that_does_not_count_is_no_reason(tmp_path, monkeypatch, vmstat):
    before = memory.kernel_kills()
    assert before == 7
    vmstat.write_text("oom_kill 8\n")
    assert memory.killed_since(before)
    assert not memory.killed_since(before, "the network is missing")
    assert memory.killed_since(before, "it ended with code -9 and said nothing")
    monkeypatch.setattr(memory, "_VMSTAT", tmp_path / "nothing")
    assert memory.kernel_kills() is None
    assert not memory.killed_since(before)
    assert not memory.killed_since(None)
