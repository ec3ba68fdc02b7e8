"""The hunt for missed objects: how many of the places that it shows are objects, and how many of the missed ones it points at.

Run by hand: ``python tests/benchmarks/missed_objects.py COCO [COCO ...] [--images 90] [--proposer union]``; the images lie in the folder
``images`` beside each COCO file. A reviewer who knows the human masks (`app.services.simulation.reviewer`) first decides all proposals of
an image: those that have IoU 0.75 with an object are accepted, all others rejected. Objects that have no accepted mask then, and are
at least ``--least`` of the image, are the missed ones. A place *is* an object at IoU 0.5; it *lies on* one, and points at it, where its
inmost pixel does. The constants of the hunt were chosen on 90 COCO train photographs, of which no list was kept: only other folders are
held out.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from app.services import missed
from app.services.simulation.reviewer import GOOD, Habits, Reviewer
from app.services.training import decided
from app.services.workspace import Workspace
from tests.benchmarks.trust import proposed

SAME = 0.5


def inmost(mask):
    """(row, column) of the pixel farthest from the border of a mask."""
    depth = cv2.distanceTransform(np.pad(mask, 1).astype(np.uint8), cv2.DIST_L2, 5)[1:-1, 1:-1]
    return np.unravel_index(depth.argmax(), depth.shape)


def measure(workspace, image, truth, least):
    """(places, those that are an object, those that lie on one; missed objects, those that a place is, those pointed at) of an image."""
    with workspace.store.read() as tx:
        rows = [row for row in tx.instances.of_image(image.id) if row.state == "accepted"]
    accepted = decided.as_instances(image, rows)
    found = truth.iou(accepted).max(axis=1, initial=0) >= GOOD
    height, width = truth.size
    left = truth[np.flatnonzero(~found & (truth.areas >= least * height * width))]
    places = missed.hunt(workspace, image.id).places
    same = places.iou(left) >= SAME
    objects = left.decode()
    middles = [inmost(mask) for mask in places.decode()]
    pointed = np.array([objects[:, row, column] for row, column in middles], bool).reshape(same.shape)
    of_places, of_objects = ([hit.any(axis=axis).sum() for hit in (same, pointed)] for axis in (1, 0))
    return np.array([len(places), *of_places, len(left), *of_objects])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("coco", type=Path, nargs="+")
    parser.add_argument("--images", type=int, default=90)
    parser.add_argument("--proposer", default="union")
    parser.add_argument("--least", type=float, default=0.005)
    options = parser.parse_args()
    print("| images | places | are an object | lie on one | missed objects | shown | pointed at |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for coco in options.coco:
        with tempfile.TemporaryDirectory() as temporary:
            truth = proposed(Path(temporary), coco, options.images, options.proposer)
            workspace = Workspace.open(Path(temporary) / "workspace")
            with workspace.store.read() as tx:
                images = [image for batch in tx.images.walk() for image in batch]
            reviewer = Reviewer(workspace, Habits(actions=10**6, least=0.0, clicks=0))
            total = np.zeros(6, int)
            for image in images:
                reviewer.review(image.id, truth.masks[image.name])
                total += measure(workspace, image, truth.masks[image.name], options.least)
            workspace.close()
        places, right, on, objects, shown, pointed = total.tolist()
        print(
            f"| {coco.parent.name}, {len(images)} | {places} | {right / max(places, 1):.0%} | {on / max(places, 1):.0%} | {objects} "
            f"| {shown / max(objects, 1):.0%} | {pointed / max(objects, 1):.0%} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
