"""Kill -9 of the app, the worker of a job, or both, at random moments, while somebody reviews.

`Drill` is shared by the tests, which do a few rounds with the app's API alone, and by ``tests/benchmarks/kill.py``, which
does twenty with the whole app.
"""

import json
import random
import signal
import sqlite3
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil

from app import jobs
from app.jobs import processes
from app.services.workspace import Workspace

VICTIMS = ("app", "worker", "both")
LONGEST_WAIT = 1.0
"""Seconds to a kill from when the worker has started, or from when it has finished something more, as it comes."""
PATIENCE = 240.0
"""Seconds for whatever must happen by itself on a busy machine."""


@dataclass
class Reviewer:
    """Decides over HTTP like the page: each decision is sent again until it is answered."""

    ws: Workspace
    url: str
    images: list[int]
    saved: dict[str, tuple[int, str]] = field(default_factory=dict)
    """Key of each decision that the app said is saved -> (mask, state)."""

    def __post_init__(self) -> None:
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._review)
        self._thread.start()

    def stop(self) -> None:
        """Wait for the answer to the last decision."""
        self._ending.set()
        self._thread.join()

    def _review(self) -> None:
        headers = {"X-Requested-With": "annotator", "X-Reviewer": "kim"}
        with httpx.Client(base_url=self.url, headers=headers, trust_env=False, timeout=30) as client:
            number = 0
            while not self._ending.wait(0.02):
                mask = self._undecided(random.Random(number))
                if mask is not None:
                    number += 1
                    self._decide(client, f"key-{number}", mask, ("accepted", "rejected", "unsure")[number % 3])

    def _undecided(self, choice: random.Random):
        with self.ws.store.read() as tx:
            found = tx.instances.of_images(self.images, ["pending"])
        masks = [mask for of_image in found.values() for mask in of_image]
        return choice.choice(masks) if masks else None

    def _decide(self, client: httpx.Client, key: str, mask, state: str) -> None:
        operation = {"key": key, "image_id": mask.image_id, "group": key, "action": "state", "instance_id": mask.id}
        body = {"operations": [{**operation, "revision": mask.revision, "state": state}]}
        while True:
            with suppress(httpx.TransportError):
                answer = client.post("/api/decisions", json=body)
                if answer.status_code == 200:
                    self.saved[key] = (mask.id, state)
                if answer.status_code < 500:  # a conflict: its image was just proposed for again
                    return
            if self._ending.wait(0.1):
                return


@dataclass
class Drill:
    """A workspace with a long job, an app that is started again whenever it dies, and a reviewer.

    Args:
        ws: a workspace with images.
        port: a free port.
        start_app: starts an app on the workspace and the port.
        seed: of victims and moments.
    """

    ws: Workspace
    port: int
    start_app: Callable[[], "subprocess.Popen[bytes]"]
    seed: int
    killed: Counter[str] = field(default_factory=Counter)

    def run(self, rounds: int, images: list[int]) -> Reviewer:
        """Kill so often, then let everything come to its end. Returns the reviewer, who has stopped."""
        choice = random.Random(self.seed)
        app = self._start()
        reviewer = Reviewer(self.ws, f"http://127.0.0.1:{self.port}", images)
        try:
            for _ in range(rounds):
                self._keep_busy(images)
                self._reach(choice.choice(("start", "work")))
                time.sleep(choice.uniform(0.0, LONGEST_WAIT))
                app = self._kill(choice.choice(VICTIMS), app)
            self._wait(lambda: not jobs.waiting(self.ws), "the jobs did not end")
        finally:
            reviewer.stop()
            app.send_signal(signal.SIGTERM)
            app.wait(60)
        return reviewer

    def _reach(self, moment: str) -> None:
        """Wait until the worker has started, or has finished an image more; or until the job has ended meanwhile."""
        before = jobs.current(self.ws)

        def reached() -> bool:
            now = jobs.current(self.ws)
            if now is None or before is None:
                return True
            return now.pid is not None if moment == "start" else now.done > before.done

        self._wait(reached, f"no {moment}")

    def _keep_busy(self, images: list[int]) -> None:
        if not jobs.waiting(self.ws):
            jobs.submit(self.ws, "propose", {"image_ids": images})

    def _kill(self, victim: str, app: "subprocess.Popen[bytes]") -> "subprocess.Popen[bytes]":
        """Kill; returns the app that runs now."""
        job = jobs.current(self.ws)
        pid = None if job is None or job.state == "queued" else job.pid
        if victim in ("app", "both"):
            app.kill()
        if victim in ("worker", "both") and pid is not None:
            with suppress(psutil.NoSuchProcess):
                psutil.Process(pid).kill()
                self.killed["worker"] += 1
        if victim == "worker":
            return app
        self.killed["app"] += 1
        app.wait()
        return self._start()

    def _start(self) -> "subprocess.Popen[bytes]":
        app = self.start_app()

        def answers() -> bool:
            assert app.poll() is None, f"the app ended with code {app.returncode}"
            with suppress(httpx.TransportError):
                return httpx.get(f"http://127.0.0.1:{self.port}/api/jobs", trust_env=False).status_code == 200
            return False

        self._wait(answers, "the app does not answer")
        return app

    def _wait(self, condition: Callable[[], bool], otherwise: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, f"{otherwise}: {jobs.list_jobs(self.ws, 3)}"
            time.sleep(0.05)


def losses(ws: Workspace, reviewer: Reviewer, masks_an_image: int) -> list[str]:
    """What was lost or torn, one sentence each."""
    found = []
    with closing(sqlite3.connect(ws.path / "workspace.db")) as database:
        (verdict,) = database.execute("PRAGMA integrity_check").fetchone()
    if verdict != "ok":
        found.append(f"the database is damaged: {verdict}")
    with ws.store.read() as tx:
        logged = Counter(decision.key for decision in tx.decisions.all())
        decided = tx.instances.get([mask for mask, _ in reviewer.saved.values()])
        masks = {image: len(tx.instances.of_image(image)) for image in reviewer.images}
    found += [f"decision {key} is {logged[key]} times in the log" for key in reviewer.saved if logged[key] != 1]
    found += [
        f"mask {mask} is not {state}"
        for mask, state in reviewer.saved.values()
        if mask not in decided or decided[mask].state != state
    ]
    found += [f"image {image} has {number} masks" for image, number in masks.items() if number != masks_an_image]
    for job in jobs.list_jobs(ws, 1000):
        if job.state != "done":
            found.append(f"job {job.id} is {job.state}: {job.error or job.message}")
        found += [f"a process of job {job.id} is left over: {each}" for each in left_over(ws, job.id)]
        with suppress(FileNotFoundError):
            json.loads((Path(ws.path) / "jobs" / str(job.id) / "images.json").read_text())
    return found


def left_over(ws: Workspace, job_id: int) -> list[psutil.Process]:
    """Processes of a job that live long after its end."""
    return psutil.wait_procs(list(processes.of_job(ws, job_id)), timeout=30)[1]
