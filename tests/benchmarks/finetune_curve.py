"""What 5, 10, 20 and 40 images that a person labelled are worth: fine-tune SOLO on them and score the images that are left.

Run by hand: ``python tests/benchmarks/finetune_curve.py COCO [COCO ...] [--start FILE] [--counts 5 10 20 40] [--steps 300]``. The
images are drawn once; a smaller set is part of a larger one, and all are scored on the same images, those in none of the sets.
0 images are the start itself. The time is that of the whole command, start and end included.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from freesolo.assets import shipped_weights
from freesolo.evaluation import evaluate
from freesolo.images import read_image
from freesolo.proposers import make
from trainers.training.items import images_of


def part(truth, images):
    """The COCO file of some of its images."""
    ids = {image["id"] for image in images}
    return {
        **truth,
        "images": images,
        "annotations": [row for row in truth["annotations"] if row["image_id"] in ids],
    }


def finetuned(labels, folder, start, steps, threads, out):
    """The weights, and the seconds that it took."""
    annotations = out.with_suffix(".json")
    annotations.write_text(json.dumps(labels))
    command = [
        sys.executable,
        "-m",
        "trainers",
        "finetune",
        str(annotations),
        "--images",
        str(folder),
        "--out",
        str(out),
    ]
    command += ["--start", str(start), "--steps", str(steps), "--threads", str(threads), "--events"]
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return out / "solo.safetensors", time.perf_counter() - started


def scores(weights, truth, folder):
    """Class-agnostic figures."""
    proposer = make(str(weights))
    rows = []
    for image in truth["images"]:
        found = proposer.propose(read_image(folder / image["file_name"]).pixels).instances
        codes = zip(found.rles(), found.scores, strict=True)
        rows += [{"image_id": image["id"], "segmentation": code, "score": float(score)} for code, score in codes]
    return evaluate(truth, rows).figures


def curve(path, options, out):
    """Print one row of the table for each number of images."""
    truth = json.loads(path.read_text())
    folder = images_of(path, None)
    order = np.random.default_rng(options.seed).permutation(len(truth["images"]))
    images = [truth["images"][place] for place in order]
    largest = max(options.counts)
    test = part(truth, images[largest:])
    print(
        f"\n{path.parent.name}: {len(test['images'])} images scored\n\n| images | seconds | AP | AP50 | AP75 | AR100 |"
    )
    print("| ---: | ---: | ---: | ---: | ---: | ---: |", flush=True)
    for count in (0, *options.counts):
        weights, seconds = options.start, 0.0
        if count:
            labels = part(truth, images[:count])
            run = out / f"{path.parent.name}-{count}"
            weights, seconds = finetuned(labels, folder, options.start, options.steps, options.threads, run)
        figures = scores(weights, test, folder)
        row = [f"{figures[name]:.1f}" for name in ("AP", "AP50", "AP75", "AR100")]
        print(f"| {' | '.join([str(count), f'{seconds:.0f}', *row])} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("truths", nargs="*", type=Path)
    parser.add_argument("--start", type=Path, default=shipped_weights())
    parser.add_argument("--counts", nargs="+", type=int, default=[5, 10, 20, 40])
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if not options.truths:
        print("Name COCO files of labelled images to be measured.")
    torch.set_num_threads(options.threads)
    with tempfile.TemporaryDirectory() as folder:
        for path in options.truths:
            curve(path, options, Path(folder))


if __name__ == "__main__":
    main()
