"""Near-duplicate images: the same picture again, re-encoded, scaled, mirrored, brightened or cropped a little."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from app.services.looks import MIRRORED, UNGROUPED
from app.services.workspace import Workspace
from app.store.decisions import now
from app.store.looks import Look

SURE_BITS = 8
"""Hashes that differ in at most so many of 63 bits are of one picture."""
LIKELY_BITS = 16
"""Up to here the embeddings must agree too."""
SAME_EMBEDDING = 0.95
"""Cosine from which they do."""

GROUPED = "alike.at"
"""Key in the meta table: when the groups changed last."""

_BLOCK = 256
"""Images compared with all others at once: 200 MB for 100,000 images."""


def regroup(ws: Workspace) -> int:
    """Group the look-alikes of the whole workspace anew; returns how many images have any."""
    with ws.store.write() as tx:
        tx.meta.remove(UNGROUPED)  # first: what is hashed while this runs is due again
    with ws.store.read() as tx:
        looks = [look for look in tx.looks.all() if look.phash is not None]
    pairs = same_pictures(looks)
    first_of = groups([look.image_id for look in looks], pairs)
    with ws.store.write() as tx:
        if tx.images.group(first_of):
            tx.meta.set(GROUPED, now())
    return len(first_of)


def same_pictures(looks: Sequence[Look]) -> list[tuple[int, int]]:
    """Pairs of positions whose images show the same picture, mirrored or not."""
    hashes = np.array([look.phash for look in looks], np.uint64)
    found: list[tuple[int, int]] = []
    for start in range(0, len(hashes), _BLOCK):
        block = hashes[start : start + _BLOCK, None]
        later = hashes[None, start:]
        bits = np.minimum(np.bitwise_count(block ^ later), np.bitwise_count(block ^ later ^ np.uint64(MIRRORED)))
        rows, columns = np.nonzero(bits <= LIKELY_BITS)
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
            if column > row and (bits[row, column] <= SURE_BITS or _agree(looks[start + row], looks[start + column])):
                found.append((start + row, start + column))
    return found


def _agree(a: Look, b: Look) -> bool:
    if a.proposer != b.proposer or a.embedding is None or b.embedding is None or len(a.embedding) != len(b.embedding):
        return False
    return float(_row(a.embedding) @ _row(b.embedding)) >= SAME_EMBEDDING


def _row(embedding: bytes) -> npt.NDArray[np.float32]:
    return np.frombuffer(embedding, "<f2").astype(np.float32)


def groups(ids: Sequence[int], pairs: Sequence[tuple[int, int]]) -> dict[int, int]:
    """By id of every image that has look-alikes, itself or through others, the smallest id of its group.

    Args:
        ids: of the images.
        pairs: positions in ``ids``.
    """
    parent = list(range(len(ids)))

    def root(position: int) -> int:
        while parent[position] != position:
            parent[position] = parent[parent[position]]
            position = parent[position]
        return position

    for a, b in pairs:
        first, second = sorted((root(a), root(b)), key=ids.__getitem__)
        parent[second] = first
    joined = {root(a) for a, _ in pairs}
    return {ids[k]: ids[root(k)] for k in range(len(ids)) if root(k) in joined}
