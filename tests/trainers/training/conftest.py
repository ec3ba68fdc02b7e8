"""Pictures of coloured squares on grey, whose masks are known, in folders and files as the commands read them."""

import json

import cv2
import numpy as np
import pytest

from freesolo.instances import Instances
from trainers.records import Record

COLOURS = ((220, 40, 40), (40, 200, 60), (50, 60, 230))
TINY = (
    "network.size=64",
    "network.channels=16",
    "network.tower=16",
    "network.mask_channels=8",
    "network.embedding=4",
    "network.grids=[6,4,3,2]",
    "augment.square=64",
    "checkpoint_every=2",
    "log_every=1",
    "warmup=0",
)
"""Settings of a network and a run small enough for tests."""


def draw(path, serial, size=(96, 128)):
    """A picture with two squares; returns their masks."""
    rng = np.random.default_rng(serial)
    image = np.full((*size, 3), 120, np.uint8) + rng.integers(0, 9, (*size, 3), dtype=np.uint8)
    masks = np.zeros((2, *size), bool)
    for mask, left in zip(masks, (8, size[1] // 2 + 8), strict=True):
        top, x, side = int(rng.integers(4, 40)), left + int(rng.integers(0, 12)), int(rng.integers(24, 40))
        mask[top : top + side, x : x + side] = True
        image[mask] = COLOURS[int(rng.integers(3))]
    cv2.imwrite(str(path), image[..., ::-1])
    return masks


@pytest.fixture
def shapes(tmp_path):
    """Makes ``n`` pictures; returns the results file of a teacher that is right, with embeddings."""

    def make(n=4, embeddings=True, size=(96, 128)):
        folder = tmp_path / "shapes"
        folder.mkdir(exist_ok=True)
        lines = []
        for number in range(n):
            path = folder / f"{number}.png"
            masks = draw(path, number, size)
            vectors = np.random.default_rng(number).normal(size=(2, 12)).astype(np.float32) if embeddings else None
            found = Instances.from_masks(masks, np.array([0.9, 0.4], np.float32), vectors)
            lines.append(Record(path.name, str(path), "teacher@1", 0.1, found).to_line())
        (tmp_path / "shapes.jsonl").write_bytes(b"".join(lines))
        return tmp_path / "shapes.jsonl"

    return make


@pytest.fixture
def drawn(tmp_path):
    """Makes ``n`` pictures with a COCO file of human masks in two categories; returns the file."""

    def make(n=4):
        (tmp_path / "images").mkdir(exist_ok=True)
        coco = {"images": [], "annotations": [], "categories": [{"id": 7, "name": "left"}, {"id": 9, "name": "right"}]}
        for number in range(n):
            masks = draw(tmp_path / "images" / f"{number}.png", number)
            coco["images"].append({"id": number, "file_name": f"{number}.png", "height": 96, "width": 128})
            found = Instances.from_masks(masks, np.ones(2, np.float32))
            for category, code, box in zip((7, 9), found.counts, found.boxes.tolist(), strict=True):
                segmentation = {"size": [96, 128], "counts": code.decode()}
                coco["annotations"].append(
                    {
                        "id": len(coco["annotations"]) + 1,
                        "image_id": number,
                        "category_id": category,
                        "segmentation": segmentation,
                        "bbox": box,
                        "area": box[2] * box[3],
                        "iscrowd": 0,
                    }
                )
        (tmp_path / "coco.json").write_text(json.dumps(coco))
        return tmp_path / "coco.json"

    return make
