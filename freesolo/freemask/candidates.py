"""The pool of possible masks of one image: all nodes of all merge trees and all query masks, each set of regions once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from freesolo.freemask.merge_tree import MergeTree
from freesolo.instances import Float32, Int32, Int64

_HASH_SEED = 2022


@dataclass(frozen=True, eq=False)
class Candidates:
    """m different sets of regions. Tree nodes are ranges of their tree's leaf order, so that nothing is copied."""

    regions: Int32
    """Region numbers; each set is a range of this row."""
    spans: Int64
    """(m, 2) int64 start and stop of each set in ``regions``."""
    persistence: Float32
    """(m,) float32, the largest of all tree nodes with this set; 0 for sets that only queries made."""
    of_node: Int64
    """(trees, nodes) int64: the candidate that equals a tree's node."""

    def __len__(self) -> int:
        return len(self.spans)

    def members(self, candidate: int) -> Int32:
        """The regions of one candidate, int32."""
        start, stop = self.spans[candidate]
        return self.regions[start:stop]


def collect(count: int, trees: Sequence[MergeTree], query_starts: Int64, query_regions: Int32) -> Candidates:
    """Pool the nodes of the trees and the masks of the queries; equal sets, told by a 64-bit hash, become one.

    Args:
        count: number of regions.
        trees: at least one.
        query_starts: (masks + 1,) int64, and
        query_regions: the regions of all query masks (`freesolo.freemask.queries.query_masks`).
    """
    spans = [tree.ranges.astype(np.int64) + number * count for number, tree in enumerate(trees)]
    spans.append(np.stack([query_starts[:-1], query_starts[1:]], axis=1) + len(trees) * count)
    every = np.concatenate(spans)
    regions = np.concatenate([tree.leaves for tree in trees] + [query_regions])
    _, first, inverse = np.unique(_hashes(count, regions, every), return_index=True, return_inverse=True)
    node_persistence = np.concatenate([tree.persistence for tree in trees])
    persistence = np.zeros(len(first), np.float32)
    np.maximum.at(persistence, inverse[: len(node_persistence)], node_persistence)
    of_node = inverse[: len(node_persistence)].reshape(len(trees), -1)
    return Candidates(regions, every[first], persistence, of_node)


def _hashes(count: int, regions: Int32, spans: Int64) -> npt.NDArray[np.uint64]:
    """Sum, modulo 2^64, of a fixed random number for each region: equal for equal sets, in any order."""
    numbers = np.random.default_rng(_HASH_SEED).integers(0, 2**64, count, dtype=np.uint64)
    sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(numbers[regions])])
    hashes: npt.NDArray[np.uint64] = sums[spans[:, 1]] - sums[spans[:, 0]]
    return hashes
