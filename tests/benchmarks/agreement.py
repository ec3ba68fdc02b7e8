"""Does it tell good masks from bad ones whether they are found again in the mirrored, or in the shrunk image?

Run by hand: ``python tests/benchmarks/agreement.py COCO [--images 40] [--proposer union] [--seed 0] [--processes 1]``; the images lie in
the folder ``images`` beside the COCO file. Each image is proposed three times: as it is, mirrored, and at 0.7 of its size. The agreement
of a mask is its largest IoU with a mask of the changed image, brought back. Its logarithm is added to the log-odds of the score with
several weights; printed are COCO's AP and AR, and the area under the ROC curve of masks with IoU 0.5 against all others. The interval is
of the gain in AP over resampled images.
"""

import argparse
import json
import random
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from sklearn.metrics import roc_auc_score

sys.path.insert(0, str(Path(__file__).parents[2]))

from app.services.goodness.features import log_odds
from freesolo import proposers
from freesolo.codecs import coco_rle
from freesolo.evaluation import match
from freesolo.evaluation.figures import figures
from freesolo.evaluation.inputs import detections, normalised
from freesolo.evaluation.matching import joined, portions
from freesolo.images import read_image
from freesolo.instances import Instances

WEIGHTS = (0.5, 1.0, 2.0)
SMALLER = 0.7
DRAWS = 100
_FLOOR = 0.05
"""Agreement below which differences are noise."""


@cache
def proposer(name):
    cv2.setNumThreads(1)
    return proposers.make(name)


def seen(name, path):
    """The masks of an image, and how well each is found again: mirrored, and smaller."""
    pixels = read_image(path).pixels
    height, width = pixels.shape[:2]
    found = proposer(name).propose(pixels).instances
    mirrored = proposer(name).propose(np.ascontiguousarray(pixels[:, ::-1])).instances.decode()[:, :, ::-1]
    small = cv2.resize(pixels, None, fx=SMALLER, fy=SMALLER, interpolation=cv2.INTER_AREA)
    shrunk = proposer(name).propose(small).instances.decode()
    grown = [cv2.resize(mask.astype(np.uint8), (width, height), interpolation=cv2.INTER_LINEAR) > 0 for mask in shrunk]
    agreement = [again(found, masks) for masks in (mirrored, grown)]
    return found.size, list(found.counts), found.scores, agreement


def again(found, masks):
    """(n,) largest IoU of each mask with any of the others."""
    others = Instances.from_masks(np.asarray(masks, bool).reshape(-1, *found.size), np.ones(len(masks), np.float32))
    return found.iou(others).max(axis=1, initial=0)


def scored(truth, views, odds):
    """COCOeval's outcome with these log-odds as scores."""
    results = [
        {"image_id": row["id"], "category_id": 1, "segmentation": {"size": size, "counts": code}, "score": float(value)}
        for row, (size, counts, _, _), values in zip(truth["images"], views, odds, strict=True)
        for code, value in zip([code.decode() for code in counts], values, strict=True)
    ]
    plain = normalised(truth, False)
    return joined(list(map(match, portions(plain, detections(results, plain, False), "masks", "coco"))))


def good(truth, views):
    """(all masks,) bool: whether each hits an object."""
    drawn = {row["id"]: [] for row in truth["images"]}
    for row in truth["annotations"]:
        if not row.get("iscrowd"):
            drawn[row["image_id"]].append(row["segmentation"])
    found = []
    for row, (size, counts, _, _) in zip(truth["images"], views, strict=True):
        codes = [coco_rle.parse(each, size) for each in drawn[row["id"]]]
        objects = Instances.from_counts(size, codes, np.ones(len(codes)))
        found.append(
            Instances.from_counts(size, counts, np.ones(len(counts))).iou(objects).max(axis=1, initial=0) >= 0.5
        )
    return np.concatenate(found)


def report(truth, views):
    """Print the table."""
    truth["images"], views = zip(
        *sorted(zip(truth["images"], views, strict=True), key=lambda each: each[0]["id"]), strict=True
    )
    plain = [log_odds(scores) for _, _, scores, _ in views]
    hits, before = good(truth, views), scored(truth, views, plain)
    draws = [random.Random(seed).choices(range(len(views)), k=len(views)) for seed in range(DRAWS)]
    base = [figures(before, draw, "coco", False)["AP"] for draw in draws]
    print(f"{len(views)} images, {len(hits)} masks, {hits.mean():.1%} of them hit an object\n")
    print("| added to the ranking | AP | gain (95 %) | AR10 | area under ROC |\n| --- | ---: | ---: | ---: | ---: |")
    for name, chosen in {"nothing": (), "mirrored": (0,), "smaller": (1,), "both": (0, 1)}.items():
        for weight in WEIGHTS if chosen else (0.0,):
            odds = [
                values + weight * sum(np.log(view[3][k] + _FLOOR) for k in chosen)
                for values, view in zip(plain, views, strict=True)
            ]
            after = scored(truth, views, odds)
            found = figures(after, range(len(views)), "coco", False)
            gains = sorted(
                figures(after, draw, "coco", False)["AP"] - old for draw, old in zip(draws, base, strict=True)
            )
            low, high = gains[int(0.025 * DRAWS)], gains[int(0.975 * DRAWS)]
            area = roc_auc_score(hits, np.concatenate(odds))
            print(
                f"| {name}, {weight} | {found['AP']:.2f} | {low:+.2f} to {high:+.2f} | {found['AR10']:.2f} | {area:.3f} |",
                flush=True,
            )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("coco", type=Path)
    parser.add_argument("--images", type=int, default=40)
    parser.add_argument("--proposer", default="union")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=1)
    options = parser.parse_args()
    truth = json.loads(options.coco.read_text())
    order = np.random.default_rng(options.seed).permutation(len(truth["images"]))[: options.images]
    truth["images"] = [truth["images"][place] for place in order]
    ids = {row["id"] for row in truth["images"]}
    truth["annotations"] = [row for row in truth["annotations"] if row["image_id"] in ids]
    paths = [options.coco.parent / "images" / row["file_name"] for row in truth["images"]]
    with ProcessPoolExecutor(options.processes) as pool:
        views = list(pool.map(seen, [options.proposer] * len(paths), paths))
    report(truth, views)


if __name__ == "__main__":
    main()
