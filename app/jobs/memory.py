"""Jobs that run out of memory: how it shows, and what is done about it."""

import re
from pathlib import Path

from app.store.records import Job

_SAID = re.compile(
    r"(?<!perhaps )\bout of memory\b|can(?:'t|not) allocate memory|\bMemoryError\b|\bbad_alloc\b", re.IGNORECASE
)
"""torch for an accelerator, torch on the processor, the system, Python, C++. Our own "perhaps" is a guess."""
_KILLED = re.compile(r"\bkill|SIGKILL|-9\b", re.IGNORECASE)

_VMSTAT = Path("/proc/vmstat")


def said(text: str) -> bool:
    """Whether a message tells that there was not enough memory."""
    return _SAID.search(text) is not None


def kernel_kills() -> int | None:
    """How many processes Linux has killed for want of memory since it started; None where it does not tell."""
    try:
        found = re.search(r"^oom_kill (\d+)$", _VMSTAT.read_text("ascii"), re.MULTILINE)
    except OSError:
        return None
    return int(found[1]) if found else None


def killed_since(before: int | None, sentence: str = "killed") -> bool:
    """Whether a process was killed (as the sentence on its end says), and Linux did so for want of memory.

    Args:
        before: `kernel_kills` when the process began.
        sentence: on how it ended.
    """
    now = kernel_kills()
    return _KILLED.search(sentence) is not None and before is not None and now is not None and now > before


def answer(job: Job) -> dict[str, object]:
    """New values for the row of a job that ran out of memory: once more with half the batch, or a clear sentence."""
    given = job.args.get("batch")
    batch = given if isinstance(given, int) and not isinstance(given, bool) else None
    if batch is not None and batch > 1 and not job.shrunk:
        smaller = batch // 2
        return {
            "state": "queued",
            "args": {**job.args, "batch": smaller},
            "shrunk": True,
            "attempts": 0,
            "pid": None,
            "message": f"ran out of memory with batches of {batch}: goes on with batches of {smaller}",
        }
    tried = f", also with batches of {batch}" if batch is not None and job.shrunk else ""
    error = (
        f"the job ran out of memory{tried}: close other programs, give it less to do at once (a smaller network or "
        f"image size), or run it on a machine with more memory, then retry it"
    )
    return {"state": "failed", "error": error}
