"""``python -m app`` with kinds of jobs that show one thing each; `KINDS` has them for the test's own process."""

import os
import signal
import sys
import time
from pathlib import Path

from app.errors import ProposeError
from app.jobs import kinds


def count(work):
    """Counts to ``to``, a step each ``seconds``, on from where it was; its only memory is the job's folder."""
    file = work.folder / "count.txt"
    done = int(file.read_text()) if file.exists() else 0
    to = work.job.args.get("to", 1000)
    while done < to and not work.stopped():
        time.sleep(work.job.args.get("seconds", 0.05))
        done += 1
        file.write_text(str(done))
        work.event({"event": "step", "number": done, "pid": os.getpid()})
        work.progress(done, to, 1.0, None, "")
    return f"counted to {done}"


def eat(work):
    """Runs out of memory, in the way ``how``, unless ``batch`` is at most ``fits``."""
    args = work.job.args
    if args.get("batch", 1) > args["fits"]:
        if args["how"] == "python":
            raise MemoryError
        if args["how"] == "torch":
            raise ProposeError("the training stopped: CUDA out of memory. Tried to allocate 2.00 GiB")
        if args["how"] == "log":
            print("RuntimeError: [enforce fail] DefaultCPUAllocator: can't allocate memory", flush=True)
            raise ProposeError("the training stopped with code 1")
        if args["how"] == "kernel":
            counters = Path(args["vmstat"])
            counters.write_text(f"oom_kill {int(counters.read_text().split()[-1]) + 1}\n")
        os.kill(os.getpid(), signal.SIGKILL)
    return f"fed with {args.get('batch')}"


def stumble(work):
    """Fails as soon as it is to stop."""
    while not work.stopped():
        work.progress(1, 2, None, None, "")
        time.sleep(0.05)
    raise ProposeError("the proposer's process ended with code -15")


KINDS = {
    kind.name: kind
    for kind in (
        kinds.Kind("count", count, "light", unit="step"),
        kinds.Kind("count-heavy", count, "heavy", unit="step"),
        kinds.Kind("count-through", count, "light", can_pause=False),
        kinds.Kind("eat", eat, "heavy"),
        kinds.Kind("stumble", stumble, "light"),
    )
}

if __name__ == "__main__":
    from app.cli import main

    kinds.KINDS.update(KINDS)
    sys.argv[0] = "app"
    main()
