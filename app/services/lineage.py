"""What a proposer changed against the one before it, so that nobody looks twice at what is the same."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from app.store.records import Change, Instance
from freesolo.instances import Instances

SAME = 0.9
"""IoU from which two masks are the same to the eye."""
SAME_OBJECT = 0.5
"""IoU from which two masks show one object."""


@dataclass(frozen=True)
class Compared:
    """Masks of one proposer on one image, against those of the proposer before."""

    changes: list[Change | None]
    """One a mask."""
    lost: int
    """Undecided masks of before whose objects were not found again."""


def first(found: Instances) -> Compared:
    """Where there was no proposer before: nothing is changed."""
    return Compared([None] * len(found), 0)


def compare(found: Instances, before: Sequence[Instance], decided: Collection[int]) -> Compared:
    """Match masks to those that the image had before.

    Args:
        found: n masks of the new proposer.
        before: masks of the image, those that people decided too.
        decided: ids of the latter, which stay and so cannot be lost.
    """
    if not before:
        return Compared(["new"] * len(found), 0)
    codes = [mask.counts.encode("ascii") for mask in before]
    iou = found.iou(Instances.from_counts(found.size, codes, np.zeros(len(codes))))  # (n, before)
    best = iou.max(axis=1) if len(found) else np.zeros(0)
    changes: list[Change | None] = [
        None if value >= SAME else "changed" if value >= SAME_OBJECT else "new" for value in best
    ]
    again = iou.max(axis=0) >= SAME_OBJECT if len(found) else np.zeros(len(before), bool)
    lost = sum(not there and mask.id not in decided for mask, there in zip(before, again, strict=True))
    return Compared(changes, lost)
