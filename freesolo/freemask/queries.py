"""Free Mask (FreeSOLO, section 3.2) on superpixels: queries from the feature map, keys from the regions."""

import numpy as np
import torch
import torch.nn.functional as F
from numba import njit

from freesolo.freemask.region_graph import RegionGraph
from freesolo.instances import Float32, Int32, Int64

_STEP = 3
"""Every third cell of the map is a query; coarser queries are means over blocks of about these sides, cells:"""
_BLOCKS = (4, 8)


def query_masks(graph: RegionGraph, affinity: Float32, thresholds: tuple[float, ...]) -> tuple[Int64, Int32]:
    """One mask for each query and threshold: the connected component around the query's most similar region.

    Args:
        graph: the regions, whose mean features are the keys.
        affinity: (d, gh, gw) float32, the map that the queries are taken from.
        thresholds: a region belongs to the mask where its cosine similarity reaches this share of the highest.

    Returns:
        (masks + 1,) int64 starts, and the regions of all masks in one row, int32.
    """
    keys = graph.features / np.maximum(np.linalg.norm(graph.features, axis=1, keepdims=True), 1e-6)
    similarity = np.ascontiguousarray(_queries(affinity) @ keys.T)
    starts, members = _components(similarity, np.asarray(thresholds, np.float32), graph.starts, graph.neighbours)
    return starts, members


def _queries(affinity: Float32) -> Float32:
    """(queries, d) float32, unit length: subsampled cells first, then means of blocks; a map smaller than a block gives none."""
    grid = torch.from_numpy(affinity)
    parts = [grid[:, 1::_STEP, 1::_STEP].flatten(1)]
    for block in _BLOCKS:
        size = (grid.shape[1] // block, grid.shape[2] // block)
        if min(size) > 0:
            parts.append(F.adaptive_avg_pool2d(grid, size).flatten(1))
    queries: Float32 = F.normalize(torch.cat(parts, dim=1), dim=0).T.numpy()
    return queries


@njit(cache=True)
def _components(similarity: Float32, thresholds: Float32, starts: Int32, neighbours: Int32) -> tuple[Int64, Int32]:
    """Breadth-first from each query's peak through the regions above its threshold."""
    queries, n = similarity.shape
    begins = np.zeros(queries * len(thresholds) + 1, np.int64)
    members = np.empty(16 * n + 16, np.int32)
    seen = np.full(n, -1, np.int32)
    end = 0
    for mask in range(queries * len(thresholds)):
        row = similarity[mask % queries]
        peak = row.argmax()
        least = thresholds[mask // queries] * row[peak]
        if end + n > len(members):
            grown = np.empty(2 * len(members), np.int32)
            grown[:end] = members[:end]
            members = grown
        at = end
        members[end] = peak
        seen[peak] = mask
        end += 1
        while at < end:
            region = members[at]
            at += 1
            for k in range(starts[region], starts[region + 1]):
                other = neighbours[k]
                if seen[other] != mask and row[other] >= least:
                    seen[other] = mask
                    members[end] = other
                    end += 1
        begins[mask + 1] = end
    return begins, members[:end]
