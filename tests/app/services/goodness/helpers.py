"""Workspaces and tables of many masks whose goodness follows a law."""

import numpy as np

from app.services import review
from app.services.review import Operation
from app.store.mask_columns import MaskTable
from app.store.records import NewInstance
from freesolo.instances import Instances

SIZE = (40, 30)
"""Width and height of an image."""


def table(images=12, masks=20, seed=0, decided=1.0):
    """A table of masks: those in the upper half of embedding space are good, whatever their score says.

    Args:
        images: how many.
        masks: of each image.
        seed: of everything random.
        decided: share of the images that are decided.
    """
    rng = np.random.default_rng(seed)
    n = images * masks
    good = rng.random(n) < 0.4
    embeddings = rng.normal(size=(n, 8)) + np.where(good, 2.0, -2.0)[:, None] * np.eye(8)[0]
    boxes = np.column_stack([rng.integers(0, 20, (n, 2)), rng.integers(2, 10, (n, 2))])
    image_ids = np.repeat(np.arange(1, images + 1), masks)
    states = np.where(good, "accepted", "rejected").astype("U8")
    states[image_ids > decided * images] = "pending"
    made = MaskTable(
        ids=np.arange(1, n + 1),
        image_ids=image_ids,
        sizes=np.tile(SIZE, (n, 1)),
        boxes=boxes,
        areas=boxes[:, 2] * boxes[:, 3],
        scores=rng.random(n),
        states=states,
        categories=np.zeros(n, np.int64),
        edited=np.zeros(n, np.bool_),
        sources=np.full(n, "test@1"),
        embeddings=[row.astype("<f2").tobytes() for row in embeddings],
    )
    return made, good


def fill(ws, image_id, good, seed=0):
    """Give an image pending masks, one pixel each, whose embeddings tell the good from the bad; returns their ids."""
    rng = np.random.default_rng(seed)
    with ws.store.write() as tx:
        image = tx.images.get(image_id)
        planes = np.zeros((len(good), image.height, image.width), bool)
        for index in range(len(good)):
            planes[index, index // image.width, index % image.width] = True
        found = Instances.from_masks(planes, rng.random(len(good)).astype(np.float32))
        new = [
            NewInstance(
                counts.decode(),
                tuple(int(side) for side in box),
                int(area),
                float(score),
                (rng.normal(size=8) + (2 if is_good else -2) * np.eye(8)[0]).astype("<f2").tobytes(),
            )
            for counts, box, area, score, is_good in zip(
                found.counts, found.boxes, found.areas, found.scores, good, strict=True
            )
        ]
        tx.instances.add_many(image_id, "test@1", new)
        tx.images.change(image_id, proposer="test@1", proposer_name="test")
        tx.images.refresh([image_id])
        return sorted(instance.id for instance in tx.instances.of_image(image_id))


def decide(ws, image_id, states, group="", who="me"):
    """Give masks states: ``states`` is {instance id: state}."""
    with ws.store.read() as tx:
        revisions = {each.id: each.revision for each in tx.instances.get(list(states)).values()}
    operations = [
        Operation(
            f"{group}-{mask}-{revisions[mask]}",
            image_id,
            group or f"{mask}-{state}",
            "state",
            mask,
            revisions[mask],
            state,
        )
        for mask, state in states.items()
    ]
    return review.apply(ws, who, operations)
