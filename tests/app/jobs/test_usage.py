import os
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from app import jobs
from app.jobs.usage import Meter
from app.services.workspace import process_started

BUSY = "block = bytearray(60_000_000)\nwhile True: pass"


@pytest.fixture
def busy(ws):
    """A job whose process starts another one that keeps a core and 60 MB busy."""
    starter = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {BUSY!r}])"
    process = subprocess.Popen([sys.executable, "-c", starter], start_new_session=True)
    job = jobs.submit(ws, "propose", {})
    yield replace(job, state="running", pid=process.pid, pid_started=process_started(process.pid))
    os.killpg(process.pid, 9)
    process.wait()


def measured(meter, job):
    """The first look that tells of cores and of the second process."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        usage = meter.usage(job)
        if usage.cores is not None and usage.memory > 60_000_000 and usage.cores > 0.1:
            return usage
        time.sleep(0.2)
    raise AssertionError(f"at last {usage}")


def test_cores_and_memory_of_all_its_processes_are_told(busy):
    meter = Meter()
    assert meter.usage(busy).cores is None, "the first look has nothing to compare with"
    usage = measured(meter, busy)
    assert usage.cores < 1.5
    assert usage.memory < 2**30
    assert meter.usage(busy) == usage, "too early for another look"


@pytest.mark.parametrize(
    "values", [{"state": "done"}, {"pid": None}, {"pid_started": 1.0}, {"runner": "ray://elsewhere"}]
)
def test_a_job_without_a_process_here_uses_nothing(busy, values):
    assert Meter().usage(replace(busy, **values)) is None


def test_memory_of_an_accelerator_is_told_where_the_driver_does(busy, tmp_path, monkeypatch):
    tool = tmp_path / "nvidia-smi"
    tool.write_text(f"#!/bin/sh\necho '{busy.pid}, 300'\necho '1, 9000'\necho '[N/A], [N/A]'\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert Meter().usage(busy).accelerator_memory == 300 * 2**20
    tool.write_text("#!/bin/sh\nexit 9\n")
    assert Meter().usage(busy).accelerator_memory is None
