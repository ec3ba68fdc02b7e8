"""The processes of a job: started with a mark in their environment, found by it, and ended with all they started."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

import psutil

from app.services.workspace import Workspace

APP = ("-m", "app")

_MARK = "ANNOTATOR_JOB"
"""Environment variable that a job's process and all its descendants have, whatever sessions they open."""


def start(ws: Workspace, job_id: int, log: IO[bytes]) -> "subprocess.Popen[bytes]":
    """Start ``python -m app job-run ID`` in a session of its own.

    Raises:
        OSError: the system cannot start a process.
    """
    command = [sys.executable, *APP, "job-run", str(job_id), "--workspace", str(ws.path)]
    environment = {**os.environ, _MARK: _mark(ws.path, job_id), "PYTHONUNBUFFERED": "1"}
    return subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, env=environment
    )


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
