"""Look-alike images: which altered copies are known as their original, and whether different pictures are taken for the same.

Run by hand: ``python tests/benchmarks/duplicates.py IMAGES [--count 310] [--copied 40] [--proposer solo]``. Some images of the folder are
copied with one change each; all are imported and proposed, and the app looks for the same pictures as it does beside the Queue.
"""

import argparse
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance, ImageOps

sys.path.insert(0, str(Path(__file__).parents[2]))

from app.services import duplicates, ingest, looks, proposing
from app.services.workspace import Workspace

BORDER = 0.05
"""Share of each side that is cut off."""
CHANGES = {
    "half size": lambda picture: picture.resize((picture.width // 2, picture.height // 2), Image.Resampling.LANCZOS),
    "JPEG 30": lambda picture: picture,
    "mirrored": ImageOps.mirror,
    "darker by 40 %": lambda picture: ImageEnhance.Brightness(picture).enhance(0.6),
    "brighter by 40 %": lambda picture: ImageEnhance.Brightness(picture).enhance(1.4),
    "cropped by a tenth": lambda picture: picture.crop(
        (
            round(BORDER * picture.width),
            round(BORDER * picture.height),
            round((1 - BORDER) * picture.width),
            round((1 - BORDER) * picture.height),
        )
    ),
}


def copies(source, number, folder):
    """Write one altered copy of each kind: ``NUMBER-KIND.jpg``."""
    with Image.open(source) as opened:
        picture = ImageOps.exif_transpose(opened).convert("RGB")
    for kind, change in enumerate(CHANGES):
        quality = 30 if change == "JPEG 30" else 90
        CHANGES[change](picture).save(folder / f"{number:05}-{kind}.jpg", quality=quality)


def pairs_of(photos, workspace_folder, proposer):
    """Pairs of stems that the app takes for the same picture. Groups would also join a copy to its original through another copy."""
    workspace = Workspace.open(workspace_folder)
    ingest.import_folder(workspace, photos)
    proposing.run(workspace, proposer)
    looks.refresh(workspace)
    with workspace.store.read() as tx:
        stems = {image.id: Path(image.name).stem for batch in tx.images.walk() for image in batch}
        seen = [look for look in tx.looks.all() if look.phash is not None]
    workspace.close()
    return [tuple(stems[seen[place].image_id] for place in pair) for pair in duplicates.same_pictures(seen)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", type=Path)
    parser.add_argument("--count", type=int, default=310, help="images of the folder, by name")
    parser.add_argument("--copied", type=int, default=40, help="of these, drawn by chance with a fixed seed")
    parser.add_argument("--proposer", default="solo")
    options = parser.parse_args()
    sources = sorted(options.images.iterdir())[: options.count]
    chosen = np.random.default_rng(0).permutation(len(sources))[: options.copied]
    with tempfile.TemporaryDirectory() as temporary:
        photos = Path(temporary) / "photos"
        photos.mkdir()
        for number, source in enumerate(sources):
            shutil.copy(source, photos / f"{number:05}{source.suffix}")
        for number in chosen.tolist():
            copies(sources[number], number, photos)
        pairs = pairs_of(photos, Path(temporary) / "workspace", options.proposer)
    found = Counter()
    wrong = 0
    for one, other in (sorted(pair, key=len) for pair in pairs):
        origin, kind = other.split("-")[0], other.split("-")[1:]
        wrong += one.split("-")[0] != origin
        found.update(kind if one == origin else [])
    print(f"{len(sources)} images and {len(chosen) * len(CHANGES)} altered copies of {len(chosen)} of them\n")
    print("| copy | with its original |\n| --- | ---: |")
    for kind, change in enumerate(CHANGES):
        print(f"| {change} | {found[str(kind)] / len(chosen):.0%} |")
    print(f"\npairs of different pictures: {wrong}")


if __name__ == "__main__":
    main()
