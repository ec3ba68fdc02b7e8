"""What a file cannot carry: every mask is compared with what the format gives back of it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from pycocotools import mask as coco_mask

from app.formats import outlines
from app.formats.records import Head, Mask, Page, ReadMask, ReadPage

_SCORE_STEP = 5e-7
"""Scores are written with six decimals."""


@dataclass
class Losses:
    """Counts of what a file holds and of what it could not carry; no mask is kept."""

    images: int = 0
    masks: int = 0
    """Masks that are in the file."""
    empty: int = 0
    """Masks without pixels: left out."""
    missing: int = 0
    """Masks of which nothing comes back."""
    inexact: int = 0
    """Masks that come back with other pixels."""
    worst_pixels: int = 0
    """Pixels by which the worst of them differs."""
    worst_iou: float = 1.0
    """The lowest IoU of a mask with what comes back of it."""
    holes: int = 0
    """Masks that come back with another number of holes."""
    parts: int = 0
    """Masks that come back in another number of parts."""
    overlaps: int = 0
    """Pixels where several masks lie on each other and only one comes back."""
    scores: int = 0
    states: int = 0
    categories: int = 0
    names: int = 0
    """Images whose name comes back otherwise."""
    same_stem: list[str] = field(default_factory=list)
    """The first images left out because the format knows images by their stem and an earlier one has it."""
    same_stem_count: int = 0
    notes: "Counter[str]" = field(default_factory=Counter)
    """Sentences of the format with ``{}`` for how many masks (or images) they hold for."""

    @property
    def exact(self) -> bool:
        """Whether all pixels of all masks come back."""
        return not (self.inexact or self.missing or self.empty or self.same_stem_count)

    def compare(self, page: Page, back: ReadPage, head: Head) -> None:
        """Add what an image lost.

        Args:
            page: what was encoded; every mask has pixels.
            back: what the format decodes from it.
            head: the categories.
        """
        found = {mask.place: mask for mask in back.masks}
        self.masks += len(found)
        self.missing += len(page.masks) - len(found)
        expected = (page.picture.file_name, page.picture.stem)
        self.names += back.file_name not in expected
        differ = len(found) < len(page.masks)
        for place, mask in enumerate(page.masks):
            if place in found:
                self._values(mask, found[place], head)
                differ |= self._pixels(mask, found[place], page.picture.size)
        if differ:
            size = page.picture.size
            before = _covered_twice([mask.counts for mask in page.masks], size)
            self.overlaps += max(0, before - _covered_twice([mask.counts for mask in back.masks], size))

    def _values(self, mask: Mask, back: ReadMask, head: Head) -> None:
        self.scores += mask.score is not None and (back.score is None or abs(back.score - mask.score) > _SCORE_STEP)
        self.states += mask.state is not None and back.state != mask.state
        self.categories += back.category != head.names[mask.category_id]

    def _pixels(self, mask: Mask, back: ReadMask, size: tuple[int, int]) -> bool:
        if mask.counts == back.counts:
            return False
        ours, theirs = ({"size": list(size), "counts": counts.encode()} for counts in (mask.counts, back.counts))
        before, after = coco_mask.decode(ours), coco_mask.decode(theirs)
        different = int(np.count_nonzero(before != after))
        if not different:
            return False
        self.inexact += 1
        self.worst_pixels = max(self.worst_pixels, different)
        self.worst_iou = min(self.worst_iou, float(coco_mask.iou([ours], [theirs], [0])[0, 0]))
        (parts, holes), (parts_after, holes_after) = outlines.shape(before), outlines.shape(after)
        self.parts += parts != parts_after
        self.holes += holes != holes_after
        return True

    def sentences(self) -> list[str]:
        """What is lost, one sentence each; empty: nothing."""
        stems = ", ".join(self.same_stem)
        counts = {
            "{} masks without pixels are left out": self.empty,
            "{} masks are not in the file": self.missing,
            f"{{}} masks differ from what the file gives back, by {self.worst_pixels} pixels at most; "
            f"the lowest IoU is {self.worst_iou:.3f}": self.inexact,
            "{} masks lose or gain holes": self.holes,
            "{} masks come back in another number of parts": self.parts,
            "{} pixels where masks overlap keep only one of them": self.overlaps,
            "{} scores are not in the file": self.scores,
            "{} states (accepted, pending, unsure, rejected) are not in the file": self.states,
            "{} masks lose the name of their category": self.categories,
            "{} images come back under another name": self.names,
            f"{{}} images share their name but for the suffix with another and are left out: {stems}": (
                self.same_stem_count
            ),
            **self.notes,
        }
        return [text.format(f"{number}") for text, number in counts.items() if number]


def _covered_twice(counts: Sequence[str], size: tuple[int, int]) -> int:
    """Pixels that two or more masks cover."""
    covers = np.zeros(size, np.uint32)
    for each in counts:
        covers += coco_mask.decode({"size": list(size), "counts": each.encode()})
    return int(np.count_nonzero(covers > 1))
