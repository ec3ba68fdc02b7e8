"""Bulk proposals: speed against a plain loop, and memory of all processes together.

    python tests/benchmarks/bulk_propose.py [FOLDER] [--images 40] [--memory-images 500] [--proposer default]

Speed: the same images through `python -m trainers propose` with one worker a core and through a loop in one process,
by turns; the time to load the proposer is left out on both sides. The loop runs twice, with the threads that torch
takes by itself and with one. Memory: the most that the command and its workers use together over many images, asked
five times a second, with shared pages counted once (PSS; it fails above 2.5 GiB) and once a process (RSS).
Without a folder: photographs that come with scikit-image.
"""

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import psutil
import skimage

from trainers.pool import usable_cores
from trainers.work_list import of_folder
from trainers.worker import ONE_THREAD

MEMORY_LIMIT = 2.5 * 2**30
PHOTOGRAPHS = ("astronaut", "chelsea", "coffee", "motorcycle_left", "motorcycle_right", "rocket")

LOOP = """
import sys, time
from pathlib import Path
from freesolo import proposers
from freesolo.images import read_image
from trainers.records import Record

proposer = proposers.make(sys.argv[1])
paths = Path(sys.argv[2]).read_text("utf-8").splitlines()
proposer.propose(read_image(paths[0]).pixels)  # whatever is compiled or loaded at the first image
started = time.perf_counter()
with open(sys.argv[3], "wb") as out:
    for path in paths:
        found = proposer.propose(read_image(path).pixels).instances
        out.write(Record(path, path, proposer.identity, 0.0, found).to_line())
print(time.perf_counter() - started)
"""


def main() -> None:
    """Measure and print; exits with 1 above the memory limit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, help="photographs; default: those of scikit-image")
    parser.add_argument("--images", type=int, default=40, help="for speed")
    parser.add_argument("--memory-images", type=int, default=500)
    parser.add_argument("--proposer", default="default")
    parser.add_argument("--rounds", type=int, default=2)
    arguments = parser.parse_args()
    paths = photographs(arguments.folder)
    speed(list(itertools.islice(itertools.cycle(paths), arguments.images)), arguments.proposer, arguments.rounds)
    peak = memory(list(itertools.islice(itertools.cycle(paths), arguments.memory_images)), arguments.proposer)
    sys.exit(peak > MEMORY_LIMIT)


def photographs(folder: Path | None) -> list[str]:
    """Paths of the images to measure on."""
    if folder is not None:
        return [item.path for item in of_folder(folder).items]
    wheel = Path(skimage.__file__).parent / "data"
    found = [path for path in sorted(wheel.iterdir()) if path.stem in PHOTOGRAPHS]
    return [str(path) for path in found]


def speed(paths: list[str], proposer: str, rounds: int) -> None:
    """Print images a second of the command and of both loops, and their ratios (medians of the rounds)."""
    seconds: dict[str, list[float]] = {"command": [], "loop": [], "loop, one thread": []}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(rounds):
            seconds["command"].append(command_seconds(paths, proposer, Path(folder)))
            seconds["loop"].append(loop_seconds(paths, proposer, Path(folder), {}))
            seconds["loop, one thread"].append(loop_seconds(paths, proposer, Path(folder), ONE_THREAD))
    command = statistics.median(seconds["command"])
    print(f"{len(paths)} images, {usable_cores()} workers, {rounds} rounds")
    for name, values in seconds.items():
        median = statistics.median(values)
        print(f"  {name:<17} {len(paths) / median:6.2f} images/s   {median / command:.2f} x the command's time")


def loop_seconds(paths: list[str], proposer: str, folder: Path, environment: dict[str, str]) -> float:
    """Time of the plain loop over the images."""
    listing = folder / "paths.txt"
    listing.write_text("\n".join(paths), "utf-8")
    done = subprocess.run(
        [sys.executable, "-c", LOOP, proposer, str(listing), str(folder / "loop.jsonl")],
        env={**os.environ, **environment},
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    return float(done.stdout.splitlines()[-1])


def command_seconds(paths: list[str], proposer: str, folder: Path) -> float:
    """Time of the command from the first worker's being ready to the last image."""
    out = folder / "command.jsonl"
    out.unlink(missing_ok=True)
    with running(paths, proposer, folder, out) as process:
        started = 0.0
        for event in events(process):
            if event["event"] == "start":
                started = time.perf_counter()
    return time.perf_counter() - started


def memory(paths: list[str], proposer: str) -> float:
    """Print the highest memory of all processes together; returns the one with shared pages counted once, bytes."""
    peaks = np.zeros((11, 2))  # PSS and RSS while each tenth of the images was done; the last row is the end
    done = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with running(paths, proposer, folder, folder / "memory.jsonl") as process:
            tree = psutil.Process(process.pid)
            sampler = threading.Thread(target=sample, args=(tree, peaks, lambda: done * 10 // len(paths)))
            sampler.start()
            for event in events(process):
                done = event["done"]
        sampler.join()
    print(f"{len(paths)} images, GiB of all processes together (shared pages counted once | once a process)")
    for tenth, (pss, rss) in enumerate(peaks[:10] / 2**30, start=1):
        print(f"  until {tenth * 10:3} %  {pss:.2f} | {rss:.2f}")
    print("  peak        {:.2f} | {:.2f}".format(*(peaks.max(axis=0) / 2**30)))
    return float(peaks[:, 0].max())


def sample(process: psutil.Process, peaks: npt.NDArray[np.float64], tenth: Callable[[], int]) -> None:
    """Raise the present tenth's row to the present memory, until the process ends."""
    with suppress(psutil.NoSuchProcess):
        while process.status() != psutil.STATUS_ZOMBIE:
            peaks[tenth()] = np.maximum(peaks[tenth()], in_use(process))
            time.sleep(0.2)


def in_use(process: psutil.Process) -> tuple[int, int]:
    """PSS and RSS of a process and its children, bytes."""
    pss, rss = 0, 0
    for member in [process, *process.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):  # it ended meanwhile
            memory = member.memory_full_info()
            pss, rss = pss + memory.pss, rss + memory.rss
    return pss, rss


def running(paths: list[str], proposer: str, folder: Path, out: Path) -> "subprocess.Popen[str]":
    """The command at work on the images."""
    listing = folder / "list.jsonl"
    lines = [json.dumps({"key": str(number), "path": path}) + "\n" for number, path in enumerate(paths)]
    listing.write_text("".join(lines), "utf-8")
    command = [sys.executable, "-m", "trainers", "propose", "--list", str(listing), "--out", str(out)]
    return subprocess.Popen([*command, "--proposer", proposer, "--events"], stdout=subprocess.PIPE, encoding="utf-8")


def events(process: "subprocess.Popen[str]") -> Iterator[dict[str, Any]]:
    """What the command says."""
    assert process.stdout is not None
    for line in process.stdout:
        yield json.loads(line)


if __name__ == "__main__":
    main()
