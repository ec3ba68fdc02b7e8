"""The processes of a job: started with a mark in their environment, found by it, and ended with all they started."""

import os
import platform
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

import psutil

from app.errors import JobError
from app.jobs.work import LOG, folder_of
from app.services.workspace import Workspace

APP = ("-m", "app")

_MARK = "ANNOTATOR_JOB"
"""Environment variable that a job's process and all its descendants have, whatever sessions they open."""

_MACHINE = "ANNOTATOR_MACHINE"
_BOOT = Path("/proc/sys/kernel/random/boot_id")
PASSED_ON = ("PYTHONPATH", "OMP_NUM_THREADS", "CUDA_VISIBLE_DEVICES")
"""Variables that reach jobs on a cluster, too."""


def start(ws: Workspace, job_id: int, log: IO[bytes]) -> "subprocess.Popen[bytes]":
    """Start ``python -m app job-run ID`` in a session of its own.

    Raises:
        OSError: the system cannot start a process.
    """
    command = [sys.executable, *APP, "job-run", str(job_id), "--workspace", str(ws.path)]
    variables = {**os.environ, **environment(ws, job_id)}
    return subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, env=variables
    )


def environment(ws: Workspace, job_id: int) -> dict[str, str]:
    """What a job's process needs in its environment, wherever it is started."""
    kept = {name: value for name, value in os.environ.items() if name in PASSED_ON}
    return {**kept, _MARK: _mark(ws.path, job_id), _MACHINE: machine(), "PYTHONUNBUFFERED": "1"}


def machine() -> str:
    """What tells this machine, until it starts again, from others: its kernel's own mark, else its name."""
    try:
        return _BOOT.read_text("ascii").strip()
    except OSError:
        return platform.node()


def refuse_elsewhere() -> None:
    """Raises JobError in a job's process on another machine than the app that queued it."""
    if os.environ.get(_MACHINE, machine()) != machine():
        raise JobError(
            "the job was started on another machine than the app's, and its database (SQLite) may be used by processes "
            "of one machine only: start a Ray cluster whose head node is the app's machine"
        )


def write_into_log(ws: Workspace, job_id: int) -> None:
    """Let what this process and its children write go to the job's log, as it does where `start` started it."""
    folder = folder_of(ws, job_id)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOG).open("ab") as log:
        os.dup2(log.fileno(), sys.stdout.fileno())
        os.dup2(log.fileno(), sys.stderr.fileno())


def ask_to_end(pid: int) -> None:
    """SIGTERM to a job's process; it ends its own children in order."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGTERM)


def kill(ws: Workspace, job_id: int, pid: int | None = None) -> None:
    """Kill what is left of a job: its process, and what that or an earlier one of the job started.

    Two processes must never write into one job's folder.
    """
    left = list(of_job(ws, job_id))
    if pid is not None:
        with suppress(psutil.Error):
            process = psutil.Process(pid)
            left += [process, *process.children(recursive=True)]
    for each in left:
        with suppress(psutil.Error):
            each.kill()


def of_job(ws: Workspace, job_id: int) -> Iterator[psutil.Process]:
    """Living processes that a job's process is or has started, whoever their parent is now."""
    mark = _mark(ws.path, job_id)
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):  # others' processes do not show their environment
            if process.environ().get(_MARK) == mark and process.pid != os.getpid():
                yield process


def _mark(workspace: Path, job_id: int) -> str:
    return f"{job_id}:{workspace}"
