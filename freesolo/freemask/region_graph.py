"""The superpixels of one image as a graph: who touches whom, over what boundary, and what each region looks like."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
import scipy.sparse
from numba import njit

from freesolo.freemask.feature_maps import ImageFeatures
from freesolo.instances import Float32, Int32


@dataclass(frozen=True, eq=False)
class RegionGraph:
    """n regions and the m pairs of them that share a boundary (4-connected)."""

    labels: Int32
    """(h, w) int32 region of each pixel."""
    sizes: Float32
    """(n,) float32 pixel counts."""
    boxes: Int32
    """(n, 4) int32 x0, y0, x1, y1 of the pixels, x1 and y1 inclusive."""
    border: Float32
    """(n, 4) float32 pixels on the top, bottom, left and right side of the image."""
    lab: Float32
    """(n, 3) float32 mean CIE Lab colour."""
    features: Float32
    """(n, d) float32 mean projected feature."""
    saliency: Float32
    """(n, 2) float32 mean head energy and feature norm, each relative to the image's mean."""
    descriptors: Float32
    """(n, e) float32 mean of a descriptor that means the same in every image (`freesolo.freemask.features`)."""
    neighbours: Int32
    """(2 m,) int32, the neighbours of region i at ``starts[i]:starts[i + 1]``, ascending."""
    starts: Int32
    """(n + 1,) int32."""
    lengths: Float32
    """(2 m,) float32 length of the common boundary, pixel edges."""
    edges: Float32
    """(2 m,) float32 image edge strength summed along it, Lab units."""

    def __len__(self) -> int:
        return len(self.sizes)


def edge_map(lab: Float32) -> Float32:
    """(h, w, 3) float32 CIE Lab -> (h, w) float32 gradient magnitude after Gaussian smoothing (sigma 1), Lab units a pixel."""
    smooth = cv2.GaussianBlur(lab, (0, 0), 1.0)
    dx = cv2.Sobel(smooth, cv2.CV_32F, 1, 0) / 8
    dy = cv2.Sobel(smooth, cv2.CV_32F, 0, 1) / 8
    magnitude: Float32 = np.sqrt((dx**2 + dy**2).sum(axis=2))
    return magnitude


def build(labels: Int32, lab: Float32, features: ImageFeatures) -> RegionGraph:
    """Gather everything about the regions of ``labels``.

    Args:
        labels: (h, w) int32, 0..n-1.
        lab: (h, w, 3) float32 CIE Lab.
        features: maps of the same image on their own grid.
    """
    n = int(labels.max()) + 1
    maps = (features.affinity, features.saliency, features.descriptors)
    weights, sizes, boxes, border = _sample_weights(labels, n, *maps[0].shape[1:])
    shares = scipy.sparse.csr_matrix(weights / sizes[:, None])
    means = [np.ascontiguousarray(shares @ values.reshape(len(values), -1).T) for values in maps]
    colours = np.stack([np.bincount(labels.ravel(), lab[..., c].ravel(), n) for c in range(3)], 1) / sizes[:, None]
    starts, neighbours, lengths, edges = adjacency(labels, n, edge_map(lab))
    return RegionGraph(
        labels=labels,
        sizes=sizes,
        boxes=boxes,
        border=border,
        lab=colours.astype(np.float32),
        features=means[0],
        saliency=means[1],
        descriptors=means[2],
        neighbours=neighbours,
        starts=starts,
        lengths=lengths,
        edges=edges,
    )


@njit(cache=True)
def _sample_weights(
    labels: Int32, n: int, grid_height: int, grid_width: int
) -> tuple[Float32, Float32, Int32, Float32]:
    """How much of each feature cell every region holds when the grid is scaled bilinearly to the pixels (half-pixel centres).

    (n, cells) @ (cells, c) is then the sum over each region's pixels of the upsampled map, without ever making that map.
    """
    height, width = labels.shape
    weights = np.zeros((n, grid_height * grid_width), np.float32)
    sizes = np.zeros(n, np.float32)
    boxes = np.empty((n, 4), np.int32)
    boxes[:, :2] = 2**30
    boxes[:, 2:] = -1
    border = np.zeros((n, 4), np.float32)
    for y in range(height):
        fy = min(max((y + 0.5) * grid_height / height - 0.5, 0.0), grid_height - 1.0)
        y0 = int(fy)
        y1 = min(y0 + 1, grid_height - 1)
        dy = np.float32(fy - y0)
        for x in range(width):
            fx = min(max((x + 0.5) * grid_width / width - 0.5, 0.0), grid_width - 1.0)
            x0 = int(fx)
            x1 = min(x0 + 1, grid_width - 1)
            dx = np.float32(fx - x0)
            r = labels[y, x]
            weights[r, y0 * grid_width + x0] += (1 - dy) * (1 - dx)
            weights[r, y0 * grid_width + x1] += (1 - dy) * dx
            weights[r, y1 * grid_width + x0] += dy * (1 - dx)
            weights[r, y1 * grid_width + x1] += dy * dx
            sizes[r] += 1
            boxes[r, 0] = min(boxes[r, 0], x)
            boxes[r, 1] = min(boxes[r, 1], y)
            boxes[r, 2] = max(boxes[r, 2], x)
            boxes[r, 3] = max(boxes[r, 3], y)
            border[r, 0] += y == 0
            border[r, 1] += y == height - 1
            border[r, 2] += x == 0
            border[r, 3] += x == width - 1
    return weights, sizes, boxes, border


def adjacency(labels: Int32, n: int, edge: Float32) -> tuple[Int32, Int32, Float32, Float32]:
    """Both directions of every pair that touches, sorted by region then neighbour: starts, neighbours, lengths, edge sums."""
    keys, lengths, edges = _pair_table(labels, n, edge)
    order = np.argsort(keys)
    keys, lengths, edges = keys[order], lengths[order], edges[order]
    starts = np.searchsorted(keys, np.arange(n + 1) * n).astype(np.int32)
    return starts, (keys % n).astype(np.int32), lengths, edges


@njit(cache=True)
def _pair_table(labels: Int32, n: int, edge: Float32) -> tuple[npt.NDArray[np.int64], Float32, Float32]:
    """Keys i * n + j of all ordered touching pairs with boundary length and edge sum, in an open-addressing hash table."""
    height, width = labels.shape
    capacity = 1024
    while capacity < 32 * n:  # a planar graph has at most 3 n pairs, 6 n ordered ones
        capacity *= 2
    keys = np.full(capacity, -1, np.int64)
    lengths = np.zeros(capacity, np.float32)
    edges = np.zeros(capacity, np.float32)
    for y in range(height):
        for x in range(width):
            for step in range(2):
                y1, x1 = y + step, x + 1 - step
                if y1 >= height or x1 >= width or labels[y, x] == labels[y1, x1]:
                    continue
                strength = max(edge[y, x], edge[y1, x1])
                for way in range(2):
                    i, j = (labels[y, x], labels[y1, x1]) if way == 0 else (labels[y1, x1], labels[y, x])
                    key = np.int64(i) * n + j
                    slot = (key * np.int64(0x9E3779B1)) & (capacity - 1)
                    while keys[slot] != key and keys[slot] != -1:
                        slot = (slot + 1) & (capacity - 1)
                    keys[slot] = key
                    lengths[slot] += 1
                    edges[slot] += strength
    used = keys >= 0
    return keys[used], lengths[used], edges[used]
