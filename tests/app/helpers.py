"""Small images and masks for the tests of the app."""

import numpy as np
from PIL import Image

from app.store.records import NewInstance
from freesolo.instances import Instances


def make_image(path, size=(8, 6), seed=0, **options):
    """A small picture of noise; its format follows from the name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), np.uint8)
    Image.fromarray(pixels).save(path, **options)
    return path


def make_folder(folder, names=("a.png", "b.png", "c.png")):
    """A folder of small pictures, each its own."""
    for seed, name in enumerate(names):
        make_image(folder / name, seed=seed)
    return folder


def new_instances(masks, scores=None):
    """Dense masks (n, h, w) as rows for the store."""
    found = Instances.from_masks(np.asarray(masks), np.linspace(1, 0.5, len(masks)) if scores is None else scores)
    return [
        NewInstance(counts.decode(), tuple(int(side) for side in box), int(area), float(score), None)
        for counts, box, area, score in zip(found.counts, found.boxes, found.areas, found.scores, strict=True)
    ]


def add_masks(ws, image_id, number=3):
    """Give an image pending masks: the first ``number`` pixels of its first row, one each."""
    with ws.store.write() as tx:
        image = tx.images.get(image_id)
        masks = np.zeros((number, image.height, image.width), bool)
        for index in range(number):
            masks[index, index // image.width, index % image.width] = True
        tx.instances.add_many(image_id, "test@1", new_instances(masks))
        tx.images.change(image_id, proposer="test@1", proposer_name="test")
        tx.images.refresh([image_id])
        return [instance.id for instance in tx.instances.of_image(image_id)]
