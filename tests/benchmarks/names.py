"""How good the names are that the app suggests, by how many images a person has named: the human masks' categories are the truth.

Run by hand: ``python tests/benchmarks/names.py COCO [COCO ...] [--keep FOLDER] [--images 1 2 5 10 20 40] [--draws 5]``. The photographs
lie in ``images`` beside each COCO file. Proposals of `union` that cover an object well (IoU 0.75) are the masks that a person accepts and
names. So many images are named, drawn at random; on all others the suggestions are compared with the truth. Images, not masks, are
drawn, and the figures are means over the draws. ``--keep`` keeps the workspaces, so that proposals are made once.
"""

import argparse
import json
import sys
import tempfile
from dataclasses import fields, replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from app.services import ingest, naming, proposing
from app.services.training import decided
from app.services.workspace import Workspace
from freesolo.codecs import coco_rle
from freesolo.instances import Instances
from trainers.training.items import images_of

GOOD = 0.75
CERTAIN = (0.5, 0.8, 0.9)


def named_masks(path, folder):
    """Table of the proposals that show an object well, named as people named it, and the number of categories."""
    truth = json.loads(path.read_text())
    ws = Workspace.open(folder)
    ingest.import_folder(ws, images_of(path, None))
    proposing.run(ws, "union")
    known = {row["file_name"]: row["id"] for row in truth["images"]}
    objects = {}
    for row in truth["annotations"]:
        if not row.get("iscrowd"):
            objects.setdefault(row["image_id"], []).append(row)
    ids, categories = [], []
    with ws.store.read() as tx:
        for image in [image for batch in tx.images.walk() for image in batch]:
            rows = objects.get(known.get(image.name), [])
            masks = tx.instances.of_image(image.id)
            if not rows or not masks:
                continue
            size = (image.height, image.width)
            codes = [coco_rle.parse(row["segmentation"], size) for row in rows]
            iou = decided.as_instances(image, masks).iou(Instances.from_counts(size, codes, np.ones(len(codes))))
            for place in np.flatnonzero(iou.max(1) >= GOOD):
                ids.append(masks[place].id)
                categories.append(rows[iou[place].argmax()]["category_id"])
        table = tx.columns.table_of(ids)
    ws.close()
    by_id = dict(zip(ids, categories, strict=True))
    return replace(table, categories=np.array([by_id[each] for each in table.ids.tolist()]))


def part(table, keep):
    """Some rows of a table."""
    places = np.flatnonzero(keep)
    values = {field.name: getattr(table, field.name) for field in fields(table)}
    return replace(
        table,
        **{
            name: [value[place] for place in places] if isinstance(value, list) else value[places]
            for name, value in values.items()
        },
    )


def report(path, table, options):
    """Print a row for each number of named images."""
    images = np.unique(table.image_ids)
    names, counts = np.unique(table.categories, return_counts=True)
    print(f"\n{path.parent.name}: {len(table.ids)} masks on {len(images)} images, {len(names)} categories; ", end="")
    print(f"the most frequent is {counts.max() / counts.sum():.0%} of all")
    heads = "".join(f" | suggested at {least:.0%} | right" for least in CERTAIN)
    print(
        f"\n| images named | masks named | likeliest name right{heads} | estimate off by |\n|"
        + " ---: |" * (4 + 2 * len(CERTAIN))
    )
    for number in options.images:
        rows = []
        for draw in range(options.draws):
            chosen = np.random.default_rng(draw).permutation(images)[:number]
            seen = np.isin(table.image_ids, chosen)
            if number >= len(images):
                continue
            rest = part(table, ~seen)
            found, p = naming.guesses(rest, part(table, seen))
            right = found == rest.categories
            row = [seen.sum(), right.mean()]
            for least in CERTAIN:
                row += [(p >= least).mean(), right[p >= least].mean() if (p >= least).any() else np.nan]
            bins = np.array_split(np.argsort(p), 10)
            row.append(sum(len(each) * abs(p[each].mean() - right[each].mean()) for each in bins) / len(p))
            rows.append(row)
        if rows:
            means = np.nanmean(rows, axis=0)
            print(
                f"| {number} | {means[0]:.0f} | " + " | ".join(f"{100 * value:.0f} %" for value in means[1:]) + " |",
                flush=True,
            )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("truths", nargs="*", type=Path)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--images", nargs="+", type=int, default=[1, 2, 5, 10, 20, 40])
    parser.add_argument("--draws", type=int, default=5)
    options = parser.parse_args()
    if not options.truths:
        print("Name a COCO annotations file.")
        return
    with tempfile.TemporaryDirectory() as temporary:
        for path in options.truths:
            folder = (options.keep or Path(temporary)) / path.parent.name
            folder.parent.mkdir(parents=True, exist_ok=True)
            report(path, named_masks(path, folder), options)


if __name__ == "__main__":
    main()
