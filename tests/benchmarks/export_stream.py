"""Masks a second and memory of the streaming writers, beside `json.dump` of the same COCO file held in memory.

    python tests/benchmarks/export_stream.py                        100,000 masks
    python tests/benchmarks/export_stream.py --masks 1000000        a million
    python tests/benchmarks/export_stream.py --masks 10000 --formats "coco polygons,yolo,cvat"

Small masks (discs of 3 to 12 pixels), 100 on each image of 640 x 480. Every writer runs in a process of its own, so that its peak
memory is its own; seconds are of its processor time, which other work on the machine hardly changes. The writers also decode and
compare every mask, which `json.dump` does not.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from pycocotools import mask as coco_mask

from app.files import replacing
from app.formats import jsons
from app.formats.records import Category, Dataset, Mask, Page, Picture
from app.formats.registry import FORMATS
from freesolo.codecs import coco_rle

HEIGHT, WIDTH, AN_IMAGE = 480, 640, 100
DUMP = "json.dump"
DEFAULT = f"{DUMP},coco,coco-results,datumaro"


def small_masks(number: int) -> list[str]:
    """Compressed RLE of discs anywhere on the image."""
    rng = np.random.default_rng(0)
    ys, xs = np.mgrid[:HEIGHT, :WIDTH]
    found = []
    for _ in range(number):
        y, x, radius = rng.integers(0, HEIGHT), rng.integers(0, WIDTH), rng.integers(3, 13)
        found.append(coco_rle.encode((ys - y) ** 2 + (xs - x) ** 2 <= radius**2).decode())
    return found


def dataset(number: int) -> Dataset:
    """So many masks; the images are made when they are asked for."""
    shapes = small_masks(200)

    def pictures() -> Iterator[Picture]:
        for image in range(number // AN_IMAGE):
            yield Picture(image + 1, f"folder/{image:06}.jpg", WIDTH, HEIGHT)

    def pages() -> Iterator[Page]:
        for place, picture in enumerate(pictures()):
            ids = range(place * AN_IMAGE, (place + 1) * AN_IMAGE)
            yield Page(picture, [Mask(n + 1, 1, shapes[n * 7 % len(shapes)], 0.5) for n in ids])

    return Dataset([Category(1, "object")], pictures, pages)


def dump(data: Dataset, out: Path) -> None:
    """What a writer without streaming does: everything in one dictionary, then `json.dump`."""
    file = {
        "categories": [{"id": category.id, "name": category.name} for category in data.categories],
        "images": [{"id": p.id, "file_name": p.file_name, "width": WIDTH, "height": HEIGHT} for p in data.pictures()],
        "annotations": [row(mask, page) for page in data.pages() for mask in page.masks],
    }
    with out.open("w", encoding="utf-8") as stream:
        json.dump(file, stream, ensure_ascii=False)


def row(mask: Mask, page: Page) -> dict[str, object]:
    """A COCO annotation."""
    code = {"size": [HEIGHT, WIDTH], "counts": mask.counts.encode()}
    return {
        "id": mask.id,
        "image_id": page.picture.id,
        "category_id": mask.category_id,
        "segmentation": {"size": [HEIGHT, WIDTH], "counts": mask.counts},
        "bbox": coco_mask.toBbox(code).tolist(),
        "area": int(coco_mask.area(code)),
        "iscrowd": 0,
        "score": mask.score,
    }


def measure(way: str, number: int) -> None:
    """Write once, in this process; prints one line of JSON."""
    data = dataset(number)
    first = next(data.pages())  # load what is loaded once, compiled code too
    name, _, encoding = way.partition(" ")
    one = Dataset(data.categories, lambda: iter([first.picture]), lambda: iter([first]))
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        if way != DUMP:
            with replacing(out) as stream:
                FORMATS[name].write(stream, one, encoding)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        started = time.process_time()
        if way == DUMP:
            dump(data, out)
        else:
            with replacing(out) as stream:
                losses = FORMATS[name].write(stream, data, encoding)
            assert losses.masks == number
        seconds = time.process_time() - started
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        megabytes = out.stat().st_size / 2**20
    answer = {"seconds": seconds, "before": before / 1024, "peak": peak / 1024, "file": megabytes}
    sys.stdout.write(jsons.dumps(answer).decode())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--masks", type=int, default=100_000, help="a multiple of 100")
    parser.add_argument("--formats", default=DEFAULT, help="commas between; an encoding after a space")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        measure(args.one, args.masks)
        return
    print(f"{args.masks:,} masks\n{'':16} masks/s  CPU seconds   memory before -> peak   file")
    for way in args.formats.split(","):
        command = [sys.executable, __file__, "--masks", str(args.masks), "--one", way]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        found = json.loads(done.stdout)
        print(
            f"{way:16} {args.masks / found['seconds']:7,.0f} {found['seconds']:12.1f}   "
            f"{found['before']:6.0f} -> {found['peak']:6.0f} MiB      {found['file']:6.1f} MiB"
        )


if __name__ == "__main__":
    main()
