"""Label-free cues of objectness for sets of regions."""

from dataclasses import dataclass

import numpy as np
from numba import njit

from freesolo.freemask.candidates import Candidates
from freesolo.freemask.region_graph import RegionGraph
from freesolo.instances import Float32, Int32, Int64

_BACKGROUND_WIDTH = 0.32
_SIDE_SHARE = 0.02
"""A mask touches a side of the image when it covers more than this share of it."""


@dataclass(frozen=True, eq=False)
class Cues:
    """(m,) float32 each."""

    area: Float32
    """Share of the image, (0, 1]."""
    colour_contrast: Float32
    """Distance of the mean Lab colours inside and in the touching regions (weighted by the length of the contact), Lab units."""
    boundary_edge: Float32
    """Mean image edge along the boundary, Lab units a pixel."""
    feature_variance: Float32
    """Variance of the region features inside."""
    feature_contrast: Float32
    """Distance of the mean features inside and in the touching regions."""
    compactness: Float32
    """4 pi area / perimeter^2: 1 for a disc in the plane; pi / 4 for a square of pixels."""
    persistence: Float32
    """How long the mask stays alone while its tree is built, [0, 1]."""
    box_fill: Float32
    """Share of its bounding box, (0, 1]."""
    feature_norm: Float32
    """Mean norm of the deep features, relative to the image."""
    head_energy: Float32
    """Mean activation of the classifier's last map, relative to the image."""
    border_share: Float32
    """Share of the perimeter that lies on the image's border, [0, 1]."""
    sides_touched: Float32
    """Number of image sides that it touches, 0..4."""
    background: Float32
    """Mean background likeness of its regions: 1 - exp(-b^2 / 2), b being their connection to the border, [0, 1)."""


def measure(graph: RegionGraph, candidates: Candidates) -> Cues:
    """The cues of all candidates."""
    squares = (graph.features**2).sum(axis=1, keepdims=True)
    values = np.concatenate([graph.features, graph.lab, graph.saliency, background(graph)[:, None], squares], axis=1)
    raw = _gather(
        candidates.regions,
        candidates.spans,
        np.ascontiguousarray(values, np.float32),
        graph.features.shape[1],
        graph.sizes,
        graph.boxes,
        graph.border,
        np.asarray(graph.labels.shape, np.int64),
        graph.starts,
        graph.neighbours,
        graph.lengths,
        graph.edges,
    )
    columns = {name: np.ascontiguousarray(raw[:, k]) for k, name in enumerate(_COLUMNS)}
    return Cues(persistence=candidates.persistence, **columns)


_COLUMNS = (
    "area",
    "colour_contrast",
    "boundary_edge",
    "feature_variance",
    "feature_contrast",
    "compactness",
    "box_fill",
    "feature_norm",
    "head_energy",
    "border_share",
    "sides_touched",
    "background",
)


def background(graph: RegionGraph) -> Float32:
    """(n,) float32: regions that look like many border pixels are background (Zhu et al., CVPR 2014, on features instead of colours)."""
    unit = graph.features / np.maximum(np.linalg.norm(graph.features, axis=1, keepdims=True), 1e-6)
    distance = np.maximum(1 - unit @ unit.T, 0)
    likeness = np.exp(distance * distance * np.float32(-1 / _BACKGROUND_WIDTH))
    onto = likeness @ np.stack([graph.border.sum(axis=1), graph.sizes], axis=1)
    connection = onto[:, 0] / np.sqrt(onto[:, 1])
    result: Float32 = 1 - np.exp(-(connection**2) / 2)
    return result


@njit(cache=True)
def _gather(
    regions: Int32,
    spans: Int64,
    values: Float32,
    dimensions: int,
    sizes: Float32,
    boxes: Int32,
    border: Float32,
    shape: Int64,
    starts: Int32,
    neighbours: Int32,
    lengths: Float32,
    edges: Float32,
) -> Float32:
    """(m, 12) cues in the order of `_COLUMNS`; ``values`` holds features, Lab, norm and energy, background, squared feature norm."""
    n, width = values.shape
    out = np.zeros((len(spans), 12), np.float32)
    inside = np.full(n, -1, np.int64)
    met = np.full(n, -1, np.int64)
    lab = dimensions
    mean = np.empty(width, np.float32)
    ring = np.empty(dimensions, np.float32)
    for m in range(len(spans)):
        members = regions[spans[m, 0] : spans[m, 1]]
        mean[:] = 0
        ring[:] = 0
        area = np.float32(0)
        x0, y0, x1, y1 = shape[1], shape[0], -1, -1
        touch = np.zeros(4, np.float32)
        for r in members:
            inside[r] = m
            area += sizes[r]
            mean += sizes[r] * values[r]
            touch += border[r]
            x0, y0 = min(x0, boxes[r, 0]), min(y0, boxes[r, 1])
            x1, y1 = max(x1, boxes[r, 2]), max(y1, boxes[r, 3])
        mean /= area
        perimeter = np.float32(0)
        edge = np.float32(0)
        around = np.float32(0)
        outer = np.zeros(3, np.float32)
        for r in members:
            for k in range(starts[r], starts[r + 1]):
                other = neighbours[k]
                if inside[other] == m:
                    continue
                perimeter += lengths[k]
                edge += edges[k]
                outer += lengths[k] * values[other, lab : lab + 3]
                if met[other] != m:
                    met[other] = m
                    around += sizes[other]
                    ring += sizes[other] * values[other, :dimensions]
        outer /= max(perimeter, np.float32(1e-6))
        ring /= max(around, np.float32(1e-6))
        on_border = touch.sum()
        outline = max(perimeter + on_border, np.float32(1))
        out[m, 0] = area / (shape[0] * shape[1])
        out[m, 1] = np.sqrt(((mean[lab : lab + 3] - outer) ** 2).sum())
        out[m, 2] = edge / max(perimeter, np.float32(1))
        out[m, 3] = max(mean[lab + 6] - (mean[:dimensions] ** 2).sum(), 0)
        out[m, 4] = np.sqrt(((mean[:dimensions] - ring) ** 2).sum())
        out[m, 5] = 4 * np.pi * area / outline**2
        out[m, 6] = area / ((x1 + 1 - x0) * (y1 + 1 - y0))
        out[m, 7] = mean[lab + 4]
        out[m, 8] = mean[lab + 3]
        out[m, 9] = on_border / outline
        for side in range(4):
            out[m, 10] += touch[side] > _SIDE_SHARE * shape[1 if side < 2 else 0]
        out[m, 11] = mean[lab + 5]
    return out
