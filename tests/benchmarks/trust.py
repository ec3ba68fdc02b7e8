"""How far the chance of acceptance and the promise of *Accept many* can be trusted, with human masks in the reviewer's place.

Run by hand: ``python tests/benchmarks/trust.py COCO [COCO ...] [--images 80] [--decided 30] [--draws 3]``. The images lie in the folder
``images`` beside each COCO file. Some of them are decided by a reviewer who knows the human masks (`app.services.simulation.reviewer`: a
mask is good at IoU 0.75 with an object that no better mask has); the others say how good the estimates are that the app learnt from it:

* the area under the ROC curve of the estimates, and of the score alone;
* for thresholds as a person would choose them: how many masks *Accept many* offers, how many it says are wrong, and how many are.
"""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score

sys.path.insert(0, str(Path(__file__).parents[2]))

from app.services import goodness, ingest, promise, proposing
from app.services.simulation.loop import Truth
from app.services.simulation.reviewer import GOOD, Habits, Reviewer
from app.services.training import decided
from app.services.workspace import Workspace

SHARES_WRONG = (0.05, 0.1, 0.2, 0.4)
"""The largest offer that expects no larger share of wrong masks is looked at, as a person would choose."""


def proposed(folder, coco, count, proposer="union"):
    """Make a workspace of the first ``count`` images with human masks, all proposed; returns the masks."""
    truth = Truth.read(coco)
    photos = folder / "photos"
    photos.mkdir()
    for name in sorted(truth.masks)[:count]:
        shutil.copy(coco.parent / "images" / name, photos / name)
    workspace = Workspace.open(folder / "workspace")
    ingest.import_folder(workspace, photos)
    proposing.run(workspace, proposer)
    workspace.close()
    return truth


def goods(masks, truth, p):
    """(n,) bool: whether each mask is good, the likeliest first to claim its object."""
    iou = masks.iou(truth)
    taken = np.zeros(len(truth), bool)
    good = np.zeros(len(masks), bool)
    for place in np.argsort(-p, kind="stable"):
        free = np.where(taken, 0.0, iou[place])
        if len(free) and free.max() >= GOOD:
            good[place] = True
            taken[free.argmax()] = True
    return good


def undecided(workspace, truth, estimates):
    """Estimate, score and goodness of all masks on images that nobody looked at."""
    found = []
    with workspace.store.read() as tx:
        for image in [image for batch in tx.images.walk() for image in batch if image.status == "todo"]:
            rows = tx.instances.of_image(image.id)
            masks = decided.as_instances(image, rows)
            scores = np.array([row.score for row in rows])
            p = estimates.of(np.array([row.id for row in rows], np.int64), scores)
            found.append((p, scores, goods(masks, truth.masks[image.name], p)))
    return tuple(np.concatenate(each) for each in zip(*found, strict=True))


def measure(folder, truth, number, seed):
    """(AUC of the score, AUC of the estimate, [(offer, truly wrong)]) after one reviewer's work."""
    place = folder / f"workspace-{seed}"
    shutil.copytree(folder / "workspace", place)
    workspace = Workspace.open(place)
    with workspace.store.read() as tx:
        images = [image for batch in tx.images.walk() for image in batch]
    reviewer = Reviewer(workspace, Habits(actions=10**6, least=0.0, clicks=0))
    for chosen in np.random.default_rng(seed).permutation(len(images))[:number]:
        reviewer.review(images[chosen].id, truth.masks[images[chosen].name])
    estimates = goodness.bring_up_to_date(workspace)
    p, scores, good = undecided(workspace, truth, estimates)
    offered = promise.offers(workspace)
    chosen = {}
    for share in SHARES_WRONG:
        fitting = [each for each in offered if each.promise.wrong <= share * each.promise.count]
        if fitting:
            largest = max(fitting, key=lambda each: each.promise.count)
            chosen[largest.minimum] = (largest, int(np.sum(~good[p >= largest.minimum])))
    workspace.close()
    shutil.rmtree(place)
    return roc_auc_score(good, scores), roc_auc_score(good, p), list(chosen.values())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("coco", type=Path, nargs="+")
    parser.add_argument("--images", type=int, default=80)
    parser.add_argument("--decided", type=int, default=30)
    parser.add_argument("--draws", type=int, default=3)
    arguments = parser.parse_args()
    for coco in arguments.coco:
        with tempfile.TemporaryDirectory() as temporary:
            truth = proposed(Path(temporary), coco, arguments.images)
            for seed in range(arguments.draws):
                of_score, of_estimate, offered = measure(Path(temporary), truth, arguments.decided, seed)
                print(
                    f"{coco.parent.name}, draw {seed}: area under ROC, score {of_score:.2f} -> estimate {of_estimate:.2f}"
                )
                for offer, wrong in offered:
                    said = offer.promise
                    kept = "inside" if said.low <= wrong <= said.high else "OUTSIDE"
                    print(
                        f"    above {offer.minimum:.2f}: {said.count} masks, about {said.wrong:.0f} wrong "
                        f"({said.low:.0f}-{said.high:.0f}); truly {wrong}: {kept}",
                        flush=True,
                    )


if __name__ == "__main__":
    main()
