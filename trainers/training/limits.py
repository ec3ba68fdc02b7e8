"""Fine-tuning on few labels: some of the images, or masks on some of them only (paper 4.3, A.2)."""

from dataclasses import replace

import numpy as np

from trainers.errors import UsageError
from trainers.training.items import Item, Items


def limited(data: Items, images: float | None, masks: float | None, seed: int) -> Items:
    """A random part of a training set.

    Args:
        data: all of it.
        images: keep so many images, or below 1 such a share of those with masks ("limited images"); None: all.
        masks: of the images kept, only so many, or such a share, train masks; the others train classes ("limited masks").
        seed: of the choice; a larger part holds every smaller one.

    Raises:
        UsageError: a number is not above 0, or there are fewer images.
    """
    labelled = [item for item in data.items if len(item.instances)]
    order = np.random.default_rng(seed).permutation(len(labelled))
    kept = (
        list(data.items) if images is None else [labelled[i] for i in order[: _count(images, len(labelled), "images")]]
    )
    if masks is not None:
        drawn = [item for item in kept if len(item.instances)]
        chosen = {
            id(drawn[i])
            for i in np.random.default_rng(seed).permutation(len(drawn))[: _count(masks, len(drawn), "masks")]
        }
        kept = [item if id(item) in chosen else _without_masks(item) for item in kept]
    return replace(data, items=tuple(kept))


def _count(wanted: float, there: int, name: str) -> int:
    if wanted <= 0 or wanted > max(there, 1):
        raise UsageError(f"--{name} {wanted:g}: give a share below 1, or a number up to the {there} images with masks")
    return max(1, round(wanted * there)) if wanted < 1 else int(wanted)


def _without_masks(item: Item) -> Item:
    return replace(item, has_mask=np.zeros(len(item.instances), bool))
