"""Which images and masks of this workspace a file of annotations speaks of."""

from collections.abc import Iterator, Sequence

import numpy as np

from app.formats.records import Known, Picture, ReadMask, ReadPage
from app.services import export_data
from app.services.log_match import SAME
from app.store.records import Image, Instance
from app.store.transaction import Transaction
from freesolo.instances import Instances


class Here:
    """The readable images of a workspace, by whatever a file may know of them."""

    def __init__(self, tx: Transaction) -> None:
        self.images: dict[int, Image] = {}
        self._by_hash: dict[str, list[Picture]] = {}
        self._by_relative: dict[str, list[Picture]] = {}
        self.known = Known(list(self._pictures(tx)), export_data.categories(tx))

    def _pictures(self, tx: Transaction) -> Iterator[Picture]:
        for batch in tx.images.walk():
            for image in batch:
                picture = Picture(image.id, image.name, image.width, image.height, image.content_hash)
                self.images[image.id] = image
                self._by_hash.setdefault(image.content_hash, []).append(picture)
                self._by_relative.setdefault(image.relative_path, []).append(picture)
                yield picture

    def find(self, page: ReadPage) -> tuple[Picture | None, str]:
        """The image that a file speaks of, or why there is none.

        By content where the file knows it (of several the one with the same name), else by name, or by the path below the one
        folder that has it; never by a name whose content or size is another.
        """
        relative = self._by_relative.get(page.file_name, [])
        named = self.known.by_name.get(page.file_name) or (relative[0] if len(relative) == 1 else None)
        if page.content_hash and (named is None or named.content_hash != page.content_hash):
            same = self._by_hash.get(page.content_hash, [])
            if not same and named is not None:
                return None, "the image here has other content than the one the masks were made on"
            named = same[0] if same else None
        if named is None:
            more = "several folders have an image of this path" if len(relative) > 1 else "there is no such image here"
            return None, more
        if page.size is not None and page.size != named.size:
            theirs, ours = (f"{size[1]} x {size[0]}" for size in (page.size, named.size))
            return None, f"the masks are of a picture of {theirs} pixels, the image here has {ours}"
        return named, ""


def pairs(theirs: Sequence[ReadMask], ours: Sequence[Instance], size: tuple[int, int]) -> dict[int, Instance]:
    """Which mask here is the same object: index into ``theirs`` -> mask, each at most once.

    By equal pixels, masks that are not deleted first; then, of those that are not, by overlap, best first.
    """
    found: dict[int, Instance] = {}
    free = {mask.id: mask for mask in sorted(ours, key=lambda mask: (mask.deleted, mask.id))}
    by_counts: dict[str, list[int]] = {}
    for mask in free.values():
        by_counts.setdefault(mask.counts, []).append(mask.id)
    for index, each in enumerate(theirs):
        if by_counts.get(each.counts):
            found[index] = free.pop(by_counts[each.counts].pop(0))
    left = [index for index in range(len(theirs)) if index not in found]
    standing = [mask for mask in free.values() if not mask.deleted]
    if left and standing:
        overlaps = _rles([theirs[index].counts for index in left], size).iou(_rles([m.counts for m in standing], size))
        taken: set[int] = set()
        for flat in np.argsort(-overlaps, axis=None, kind="stable"):
            row, column = divmod(int(flat), len(standing))
            if overlaps[row, column] < SAME:
                break
            if left[row] not in found and column not in taken:
                found[left[row]] = standing[column]
                taken.add(column)
    return found


def _rles(counts: Sequence[str], size: tuple[int, int]) -> Instances:
    return Instances.from_counts(size, [each.encode() for each in counts], [1.0] * len(counts))
