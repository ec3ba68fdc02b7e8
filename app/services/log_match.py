"""Which images and masks of this workspace a decision log from another one speaks of."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from app.formats.decision_log import Log, LogImage, LogMask
from app.store.records import Image, Instance
from freesolo.instances import Instances

SAME = 0.9
"""IoU from which on two masks of one image are taken for one: two proposers seldom agree to the pixel."""


def images(log: Log, here: Mapping[str, Sequence[Image]]) -> dict[int, Image]:
    """The log's image id -> the image here with the same content, of several the one with the same name.

    Args:
        log: what is merged.
        here: images of this workspace by content hash.
    """
    found: dict[int, Image] = {}
    for image in log.header.images:
        same = here.get(image.hash, ())
        named = [each for each in same if each.name == image.name]
        if same:
            found[image.id] = (named or same)[0]
    return found


def masks(
    theirs: Sequence[LogMask],
    ours: Iterable[Instance],
    first: Mapping[int, str],
    known: Mapping[int, int],
    image: LogImage,
) -> dict[int, int]:
    """The log's mask id -> the id of the mask here, of those on one image; each mask here at most once.

    By decisions that both logs have, then by equal pixels (of several the one with the same id), then by overlap, best first.

    Args:
        theirs: masks of the log.
        ours: masks of this workspace.
        first: our mask id -> its pixels before anybody edited it, where that is known.
        known: the log's mask id -> our mask id, of masks about which both have the same decision.
        image: whose size both have.
    """
    found = {mask.mask: known[mask.mask] for mask in theirs if mask.mask in known}
    free = {mask.id: first.get(mask.id, mask.counts) for mask in ours if mask.id not in found.values()}
    for mask in theirs:
        if mask.mask in found:
            continue
        same = [mask_id for mask_id, counts in free.items() if counts == mask.counts]
        if same:
            found[mask.mask] = mask.mask if mask.mask in same else same[0]
            del free[found[mask.mask]]
    left = [mask for mask in theirs if mask.mask not in found]
    if left and free:
        ids = list(free)
        overlaps = _rles([mask.counts for mask in left], image).iou(_rles(list(free.values()), image))
        for flat in np.argsort(-overlaps, axis=None, kind="stable"):
            row, column = divmod(int(flat), len(ids))
            if overlaps[row, column] < SAME:
                break
            if left[row].mask not in found and ids[column] not in found.values():
                found[left[row].mask] = ids[column]
    return found


def _rles(counts: list[str], image: LogImage) -> Instances:
    return Instances.from_counts((image.height, image.width), [each.encode() for each in counts], [1.0] * len(counts))
