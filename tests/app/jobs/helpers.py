"""Wait for what jobs do."""

import time

from app import jobs


def wait(ws, job, condition, seconds=60):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        now = jobs.get(ws, job.id)
        if condition(now):
            return now
        time.sleep(0.05)
    raise AssertionError(f"waited in vain: {now}")


def ended(job):
    return job.state in ("done", "failed", "cancelled", "lost")


def begun(job):
    return job.state == "running" and job.done >= 1
