"""What the order of "what to label next" is worth: objects that a reviewer obtains by the same actions, against random order.

Run by hand: ``python tests/benchmarks/label_order.py COCO [COCO ...] [--images 60] [--orders smart uncertain] [--seeds 5]``. The reviewer
is that of ``python -m app loop --simulate``: it knows the human masks of the images that it looks at. Proposals are made once; each run
begins with the same `--first` images at random, whatever its order, and arranges the queue anew after every `--batch` images, as a person
does who presses the button. ``--steps`` trains on the decisions at each of these moments and proposes anew with what is better (slow:
without it only the order itself is measured, not what it teaches). Random order has the same seeds; the interval is a bootstrap over seeds.
"""

import argparse
import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from app.services import catalogue, ingest, models, ordering, proposing
from app.services.simulation.loop import Truth
from app.services.simulation.reviewer import Habits, Reviewer, Work
from app.services.training import improving
from app.services.training.methods import LEAST_ACCEPTED, Settings, facts
from app.services.workspace import Workspace
from trainers.training.items import images_of

RANDOM = "random"
DRAWS = 2000


def prepared(path, truth, options, folder):
    """A workspace with proposals for the images, which are drawn once."""
    ws = Workspace.open(folder)
    ingest.import_folder(ws, images_of(path, None))
    with ws.store.read() as tx:
        known = [image for batch in tx.images.walk() for image in batch if image.name in truth.masks]
    drawn = np.random.default_rng(0).permutation(len(known))[: options.images or None]
    report = proposing.run(ws, options.proposer, image_ids=[known[place].id for place in drawn])
    assert not report.faults, report.faults[0]
    models.use(ws, options.proposer)
    chosen = {known[place].id: known[place].name for place in drawn}
    ws.close()
    return chosen


def following(ws, order, left, rng):
    """Ids of images that are not reviewed yet, in the order to review them."""
    if order == RANDOM:
        return list(rng.permutation(sorted(left)))
    ordering.arrange(ws, order)
    rows = catalogue.list_images(ws, None, "", "", 0, 1_000_000).rows
    return [row.id for row in rows if row.id in left]


def trained(ws, number, left, options, seed):
    """Learn from the decisions; the rest is proposed for anew if that is better."""
    if not options.steps or facts(ws).accepted < LEAST_ACCEPTED:
        return
    folder = ws.path / "jobs" / f"order-{number}"
    folder.mkdir(parents=True)
    settings = Settings(method="finetune", steps=options.steps, threads=options.threads, seed=seed)
    improved = improving.improve(ws, folder, settings, lambda _: None, lambda: False)
    if improved.verdict.is_new:
        proposing.run(ws, models.in_use(ws), image_ids=sorted(left))


def reviewed(ws, names, truth, order, seed, options):
    """[(actions, objects)] after each image, from (0, 0) on."""
    rng = np.random.default_rng(seed)
    reviewer = Reviewer(ws, replace(Habits(), actions=options.image_actions, clicks=options.clicks))
    left, work, points = set(names), Work(), [(0, 0)]
    coming = [int(each) for each in rng.permutation(sorted(names))[: options.first]]
    number = 0
    while coming and work.actions < options.actions:
        for image_id in coming:
            work += reviewer.review(image_id, truth.masks[names[image_id]])
            left.discard(image_id)
            points.append((work.actions, work.objects))
        number += 1
        trained(ws, number, left, options, seed)
        reviewer.look()
        coming = [int(each) for each in following(ws, order, left, rng)[: options.batch]]
    return points


def objects_at(points, actions):
    """Objects obtained by so many actions, between images in proportion; all there are, where fewer were needed."""
    return float(np.interp(actions, *np.array(points).T))


def measured(path, options, folder):
    """Print one row for each order."""
    truth = Truth.read(path)
    names = prepared(path, truth, options, folder / "base")
    found = {}
    for order in (RANDOM, *options.orders):
        rows = []
        for seed in range(options.seeds):
            place = folder / f"{order}-{seed}"
            shutil.copytree(folder / "base", place)
            ws = Workspace.open(place)
            rows.append(reviewed(ws, names, truth, order, seed, options))
            ws.close()
            shutil.rmtree(place)
        found[order] = rows
    # Some run may have reviewed everything in fewer actions: all are compared where the shortest one ends.
    actions = min([options.actions, *(rows[-1][0] for runs in found.values() for rows in runs)])
    print(f"\n{path.parent.name}: {len(names)} images, {options.seeds} seeds, objects by {actions} actions\n")
    print("| order | objects | more than random | 95 % |\n| --- | ---: | ---: | --- |", flush=True)
    base = np.array([objects_at(rows, actions) for rows in found[RANDOM]])
    rng = np.random.default_rng(0)
    draws = rng.integers(options.seeds, size=(DRAWS, options.seeds))
    for order, runs in found.items():
        objects = np.array([objects_at(rows, actions) for rows in runs])
        gain = objects - base
        low, high = np.percentile(gain[draws].mean(axis=1), [2.5, 97.5])
        told = " | " if order == RANDOM else f"{gain.mean():+.1f} | {low:+.1f} to {high:+.1f}"
        print(f"| {order} | {objects.mean():.1f} | {told} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("truths", nargs="*", type=Path)
    parser.add_argument("--images", type=int, default=60, help="drawn from the folder; 0: all")
    parser.add_argument("--orders", nargs="+", default=["smart", "uncertain"])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--actions", type=int, default=600, help="keys and clicks of a run")
    parser.add_argument("--image-actions", type=int, default=60, help="of one image, at most")
    parser.add_argument("--clicks", type=int, default=3, help="on one missed object")
    parser.add_argument("--first", type=int, default=5, help="images at random before the first arrangement")
    parser.add_argument("--batch", type=int, default=5, help="images between two arrangements")
    parser.add_argument("--steps", type=int, default=0, help="of a training at each of these moments; 0: none")
    parser.add_argument("--threads", type=int, default=None)
    parser.add_argument("--proposer", default="union")
    options = parser.parse_args()
    if not options.truths:
        print("Name COCO files of labelled images to be measured.")
    for path in options.truths:
        with tempfile.TemporaryDirectory() as folder:
            measured(path, options, Path(folder))


if __name__ == "__main__":
    main()
