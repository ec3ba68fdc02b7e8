"""What the processes of running jobs use of this machine: cores, memory, and memory of an NVIDIA accelerator where there is one."""

import shutil
import subprocess
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field

import psutil

from app.services.memory import memory_of
from app.services.workspace import same_process
from app.store.records import AT_WORK_JOB_STATES, Job

_LEAST_SECONDS = 0.5
"""Between two measurements: the time of a processor is counted in hundredths of a second."""
_NVIDIA = ("nvidia-smi", "--query-compute-apps=pid,used_memory", "--format=csv,noheader,nounits")
_NVIDIA_SECONDS = 5.0


@dataclass(frozen=True)
class Usage:
    """Of a job's process and all it started."""

    cores: float | None
    """Kept busy since the last look; None at the first."""
    memory: int
    """Bytes; what processes share counts in each."""
    accelerator_memory: int | None
    """Bytes; None: it uses none, or the driver does not tell."""


@dataclass(frozen=True)
class _Look:
    at: float
    seconds: dict[int, float] = field(default_factory=dict)
    """Processor time by process."""
    usage: Usage | None = None


class Meter:
    """Looks at jobs now and then. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._looks: dict[int, _Look] = {}
        """The last one, by job id."""

    def usage(self, job: Job) -> Usage | None:
        """What a job uses; None where it has no process on this machine."""
        with self._lock:
            before = self._looks.get(job.id)
            if before is not None and time.monotonic() - before.at < _LEAST_SECONDS:
                return before.usage
            processes = _processes(job)
            if not processes:
                self._looks.pop(job.id, None)
                return None
            look = _look(processes, before)
            self._looks[job.id] = look
            return look.usage


def _processes(job: Job) -> list[psutil.Process]:
    if job.state not in AT_WORK_JOB_STATES or job.runner or job.pid is None or job.pid_started is None:
        return []
    if not same_process(job.pid, job.pid_started):
        return []
    with suppress(psutil.Error):
        process = psutil.Process(job.pid)
        return [process, *process.children(recursive=True)]
    return []


def _look(processes: list[psutil.Process], before: _Look | None) -> _Look:
    seconds = {}
    for process in processes:
        with suppress(psutil.Error):
            times = process.cpu_times()
            seconds[process.pid] = times.user + times.system
    now, cores = time.monotonic(), None
    if before is not None:
        busy = sum(value - before.seconds.get(pid, 0.0) for pid, value in seconds.items())
        cores = max(0.0, busy) / (now - before.at)
    pids = {process.pid for process in processes}
    return _Look(now, seconds, Usage(cores, memory_of(processes), _accelerator_memory(pids)))


def _accelerator_memory(pids: set[int]) -> int | None:
    """Bytes of NVIDIA accelerators that these processes hold."""
    if shutil.which(_NVIDIA[0]) is None:
        return None
    try:
        told = subprocess.run(_NVIDIA, capture_output=True, text=True, timeout=_NVIDIA_SECONDS, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    held = []
    for line in told.splitlines():
        pid, _, mebibytes = line.partition(",")
        if pid.strip().isdigit() and int(pid) in pids and mebibytes.strip().isdigit():
            held.append(int(mebibytes) * 2**20)
    return sum(held) if held else None
