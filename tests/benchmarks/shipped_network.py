"""How the network in assets/ was trained, and what was tried on the way: teacher, experiments of equal length, the long run.

Run by hand, for hours: ``python tests/benchmarks/shipped_network.py COCO CALTECH --out RUN``, where COCO is an annotations file with
its photographs in ``images/`` beside it and CALTECH a folder of photographs. Stopped at any moment it goes on where it was. The last
100 COCO photographs by name are scored and never trained on; no label of the others is read. Each line of ``RUN/experiments.jsonl``
is one experiment with its figures; ``RUN/solo.safetensors`` is what is shipped.
"""

import argparse
import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import torch

from freesolo.solo.weights import load, to_bytes
from freesolo.union import UnionSettings
from trainers.fusing import fuse_results
from trainers.training.items import images_of
from trainers.training.rounds import calibrated

HELD = 100
EVERY = 3
"""One Caltech photograph of so many: neighbours in a category are alike."""
REPEATED = 4
"""COCO photographs count so often, as they are few and show more."""


@dataclass(frozen=True)
class Experiment:
    """One training, on the teacher's masks or on the union of these and what another experiment's network finds."""

    name: str
    flags: tuple[str, ...] = ()
    after: str = ""
    """Starts from this experiment's weights."""
    union: bool = False
    """Learns from the union of the teacher's masks and those of that experiment's network."""
    steps: int = 400


BASE = "preset weak, 15 masks an image"
LONG = "the long run: quality-weighted, input 448"
LONGER = "2,000 steps more of the long run"
MEAN = "the mean of the two last ones"
SHARE = 0.7
"""Of the last one's weights in the mean; of 0.5 and 0.7 the better, and both better than either network."""
SMALL = ("--set", "augment.paste=0.8", "--set", "augment.paste_objects=5", "--set", "augment.paste_scale=[0.2,1.0]")
LARGE = ("--set", "network.size=448", "--set", "augment.square=448")
EXPERIMENTS = (
    Experiment(BASE),
    Experiment("quality-weighted targets", ("--weighted",)),
    Experiment("Dice alone (preset full)", ("--preset", "full")),
    Experiment("many small pasted objects", SMALL),
    Experiment("input 448", LARGE),
    Experiment("30 masks an image", ("--top", "30")),
    Experiment("400 steps more on the same masks", ("--seed", "1"), BASE),
    Experiment("400 steps more on the union: a second round", ("--seed", "1"), BASE, union=True),
    Experiment(LONG, ("--weighted", *LARGE), steps=1600),
    Experiment(LONGER, ("--weighted", *LARGE, "--seed", "1"), LONG, steps=2000),
)


class Study:
    """A folder of teacher's masks and experiments."""

    def __init__(self, coco: Path, caltech: Path, out: Path, threads: int) -> None:
        self._truth = json.loads(coco.read_text())
        self._images = images_of(coco.resolve(), None)
        self._caltech = caltech.resolve()
        self._out = out
        self._threads = threads
        out.mkdir(parents=True, exist_ok=True)

    def teacher(self) -> tuple[Path, Path]:
        """The masks of the photographs that are trained on."""
        rows = sorted(self._truth["images"], key=lambda row: row["file_name"])
        held = {row["id"] for row in rows[-HELD:]}
        annotations = [row for row in self._truth["annotations"] if row["image_id"] in held]
        self._held.write_text(json.dumps({**self._truth, "images": rows[-HELD:], "annotations": annotations}))
        coco = self._masks("coco", [self._images / row["file_name"] for row in rows[:-HELD]], "default")
        caltech = self._masks("caltech", sorted(self._caltech.rglob("*.jpg"))[::EVERY], "default")
        return coco, caltech

    def run(self, experiment: Experiment, teacher: tuple[Path, Path]) -> dict[str, object]:
        """Train and score."""
        folder = self._folder(experiment.name)
        folder.mkdir(exist_ok=True)
        started = time.perf_counter()
        before = self._folder(experiment.after) / "solo.safetensors"
        sources = self._union(teacher, before, folder) if experiment.union else teacher
        start = ["--start", str(before)] if experiment.after else []
        masks = [str(sources[0])] * REPEATED + [str(sources[1])]
        settings = ["--threads", str(self._threads), "--steps", str(experiment.steps), "--top", "15", *experiment.flags]
        command("train", *masks, "--out", str(folder), *start, *settings, "--events")
        seconds = time.perf_counter() - started
        figures = self._figures(folder / "solo.safetensors")
        return {"experiment": experiment.name, "steps": experiment.steps, "seconds": round(seconds), **figures}

    def average(self, first: str, second: str) -> dict[str, object]:
        """The mean of two experiments' weights (model soups, Wortsman et al., ICML 2022), scored."""
        one, other = (load(self._folder(name) / "solo.safetensors") for name in (first, second))
        theirs = other.network.state_dict()
        mean = {key: torch.lerp(value, theirs[key], SHARE) for key, value in one.network.state_dict().items()}
        other.network.load_state_dict(mean)
        folder = self._folder(MEAN)
        folder.mkdir(exist_ok=True)
        weights = folder / "solo.safetensors"
        weights.write_bytes(to_bytes(other.network, other.card, other.space))
        return {"experiment": MEAN, "steps": 0, "seconds": 0, **self._figures(weights)}

    def ship(self, name: str, teacher: Path) -> Path:
        """An experiment's weights with what their and the teacher's scores are worth: one half of the proposer ``union``."""
        folder = self._folder(name)
        weights = folder / "solo.safetensors"
        found = self._masks("worth", _files(teacher), str(weights), folder)
        model = load(weights)
        out = self._out / "solo.safetensors"
        out.write_bytes(to_bytes(model.network, calibrated(model.card, found, teacher), model.space))
        return out

    @property
    def _held(self) -> Path:
        return self._out / "held.json"

    def _folder(self, name: str) -> Path:
        return self._out / "".join(letter if letter.isalnum() else "-" for letter in name)

    def _masks(self, name: str, files: list[Path], proposer: str, folder: Path | None = None) -> Path:
        results = (folder or self._out) / f"{name}.jsonl"
        listing = results.with_suffix(".list")
        listing.write_text("".join(json.dumps({"key": str(file), "path": str(file)}) + "\n" for file in files))
        workers = str(self._threads)
        command("propose", "--list", str(listing), "--out", str(results), "--proposer", proposer, "--workers", workers)
        return results

    def _union(self, teacher: tuple[Path, Path], weights: Path, folder: Path) -> tuple[Path, Path]:
        space = load(weights).space
        joined = []
        for masks in teacher:
            found = self._masks(f"{masks.stem}-found", _files(masks), str(weights), folder)
            joined.append(folder / f"{masks.stem}-union.jsonl")
            fuse_results(masks, found, joined[-1], UnionSettings(), space)
        return joined[0], joined[1]

    def _figures(self, weights: Path) -> dict[str, float]:
        flags = ("--proposer", str(weights), "--images", str(self._images), "--workers", str(self._threads), "--json")
        row: dict[str, float] = json.loads(command("evaluate", str(self._held), *flags).splitlines()[-1])
        return row


def _files(masks: Path) -> list[Path]:
    """Of the images of a results file."""
    return [Path(json.loads(line)["path"]) for line in masks.with_suffix(".list").read_text().splitlines()]


def command(*words: str) -> str:
    """A command of the trainers; its standard output."""
    line = [sys.executable, "-m", "trainers", *words]
    return subprocess.run(line, check=True, stdout=subprocess.PIPE, encoding="utf-8").stdout


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("coco", nargs="?", type=Path)
    parser.add_argument("caltech", nargs="?", type=Path)
    parser.add_argument("--out", type=Path, default=Path("shipped-network"))
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    if options.coco is None or options.caltech is None:
        print("Name a COCO annotations file and a folder of photographs.")
        return
    study = Study(options.coco, options.caltech, options.out, options.threads)
    teacher = study.teacher()
    log = options.out / "experiments.jsonl"
    done = {json.loads(line)["experiment"] for line in log.read_text().splitlines()} if log.exists() else set()
    for experiment in EXPERIMENTS:
        if experiment.name not in done:
            row = study.run(experiment, teacher)
            with log.open("a") as stream:
                stream.write(json.dumps(row) + "\n")
            print(json.dumps(row), flush=True)
    print(json.dumps(study.average(LONG, LONGER)))
    print(study.ship(MEAN, teacher[0]))


if __name__ == "__main__":
    main()
