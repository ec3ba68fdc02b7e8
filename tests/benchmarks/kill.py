"""Kill -9 of the app, the worker, or both at twenty random moments while a job proposes and somebody reviews.

Run by hand: ``python tests/benchmarks/kill.py [--rounds 20] [--seed 0] [--page]``. Prints how often what was killed, how many
decisions were saved, and what was lost; exit status 1 if anything was. The proposer is the stand-in of tests/app/fakes, so that
a round takes seconds; ``--page`` kills the whole app with Gradio's page instead of its API and jobs alone.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from app import jobs
from app.services import ingest
from app.services.workspace import Workspace
from tests.app.helpers import make_folder
from tests.browser.served import FAKE_TRAINERS
from tests.killing import Drill, losses
from tests.ports import free_port

REPOSITORY = Path(__file__).parents[2]
IMAGES = 60
MASKS = 3
"""The stand-in proposes so many an image."""


def environment(folder):
    """Where the stand-in is ``python -m trainers``; returns (cwd, environment)."""
    package = folder / "cwd" / "trainers"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(f"__path__.append({str(REPOSITORY / 'trainers')!r})")
    shutil.copy(FAKE_TRAINERS, package / "__main__.py")
    return package.parent, {**os.environ, "PYTHONPATH": str(REPOSITORY), "FAKE_SECONDS": "0.4"}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--page", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ws = Workspace.open(folder / "workspace")
        ingest.import_folder(ws, make_folder(folder / "photos", [f"{number:02}.png" for number in range(IMAGES)]))
        cwd, env = environment(folder)
        port = free_port()
        small = [str(REPOSITORY / "tests" / "app" / "fakes" / "small_app.py"), str(ws.path), str(port)]
        whole = ["-m", "app", "--no-browser", "--port", str(port), "--workspace", str(ws.path)]
        command = [sys.executable, *(whole if args.page else small)]

        def start():
            return subprocess.Popen(command, cwd=cwd, env=env, stdout=subprocess.DEVNULL)

        began = time.monotonic()
        drill = Drill(ws, port, start, args.seed)
        reviewer = drill.run(args.rounds, list(range(1, IMAGES + 1)))
        lost = losses(ws, reviewer, MASKS)
        print(f"{args.rounds} rounds, seed {args.seed}, {time.monotonic() - began:.0f} s")
        print(f"killed: app {drill.killed['app']} times, worker {drill.killed['worker']} times")
        print(f"decisions saved: {len(reviewer.saved)}; jobs: {[job.state for job in jobs.list_jobs(ws)]}")
        print("\n".join(lost) or "nothing was lost")
        ws.close()
    sys.exit(1 if lost else 0)


if __name__ == "__main__":
    main()
