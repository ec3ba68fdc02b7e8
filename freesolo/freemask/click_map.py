"""`ClickMap`: what clicks on one image need of its regions, gathered once."""

from functools import cached_property

import cv2
import numpy as np
import numpy.typing as npt
import scipy.sparse
from scipy.sparse import csgraph

from freesolo.freemask.hierarchy import RegionHierarchy, region_boxes
from freesolo.freemask.region_graph import adjacency, edge_map
from freesolo.instances import Bool, Float32, Int32, Int64


class ClickMap:
    """The regions of a hierarchy with sizes, places, looks and neighbours. Never changes, so threads may share it."""

    def __init__(self, hierarchy: RegionHierarchy, image: npt.NDArray[np.uint8]) -> None:
        """
        Args:
            hierarchy: of the image.
            image: (H, W, 3) uint8 upright RGB, at any scale: it is brought to the hierarchy's own.
        """
        self.hierarchy = hierarchy
        labels = hierarchy.labels
        self.rows, self.columns = labels.shape
        n = hierarchy.regions
        flat = labels.ravel()
        self.sizes: Float32 = np.bincount(flat, minlength=n).astype(np.float32)
        """(n,) pixels of the label map."""
        self.boxes: Int32 = region_boxes(labels, n)
        """(n, 4) x0, y0, x1, y1, inclusive."""
        ys, xs = np.divmod(np.arange(flat.size, dtype=np.int32), np.int32(self.columns))
        self.centres: Float32 = np.stack(
            [np.bincount(flat, axis, n) / self.sizes + 0.5 for axis in (xs, ys)], 1
        ).astype(np.float32)
        """(n, 2) mean x and y, pixels of the label map."""
        sides = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
        self.border: Float32 = np.bincount(sides, minlength=n).astype(np.float32)
        """(n,) pixels on the image's border."""
        self.features: Float32 = hierarchy.features.astype(np.float32)
        """(n, d) mean features."""
        self.unit: Float32 = self.features / np.maximum(np.linalg.norm(self.features, axis=1, keepdims=True), 1e-6)
        """(n, d) the same at length 1."""
        lab = _lab(image, labels.shape)
        self.lab: Float32 = np.stack(
            [np.bincount(flat, lab[..., c].ravel(), n) / self.sizes for c in range(3)], 1
        ).astype(np.float32)
        """(n, 3) mean CIE Lab colour."""
        starts, neighbours, lengths, edges = adjacency(labels, n, edge_map(lab))
        owners = np.repeat(np.arange(n, dtype=np.int32), np.diff(starts))
        once = owners < neighbours
        self.pairs: Int32 = np.stack([owners[once], neighbours[once]], axis=1)
        """(m, 2) regions that touch."""
        steps = np.linalg.norm(self.features[owners] - self.features[neighbours], axis=1) * lengths
        self.contacts = [
            scipy.sparse.csr_matrix((each, neighbours, starts), (n, n)) for each in (lengths, steps, edges)
        ]
        """(n, n) sparse: length of each pair's boundary, pixel edges; feature distance and image edge (Lab units) summed along it."""

    @property
    def nbytes(self) -> int:
        """About how much memory all of it takes."""
        arrays = (self.features, self.unit, self.pairs, *(each.data for each in self.contacts), self.hierarchy.children)
        pixels = 6 * self.hierarchy.labels.nbytes  # the label map, its order by region and the place of each pixel
        return int(2 * sum(array.nbytes for array in arrays) + pixels)

    def place(self, x: float, y: float) -> tuple[float, float]:
        """A point of the image in pixels of the label map."""
        height, width = self.hierarchy.size
        return x * self.columns / width, y * self.rows / height

    def distances(self, x: float, y: float) -> Float32:
        """(n,) float32 distance of each region from a point of the label map, pixels."""
        ys, xs = self._pixels
        squares = (xs - np.float32(x - 0.5)) ** 2 + (ys - np.float32(y - 0.5)) ** 2
        result: Float32 = np.sqrt(np.minimum.reduceat(squares, self._starts))
        return result

    def component(self, allowed: Bool, region: int) -> Bool:
        """(n,) bool: the regions that are reached from one through touching regions that are allowed; itself always."""
        allowed = allowed.copy()
        allowed[region] = True
        parts = self.parts(allowed)
        return np.asarray(parts == parts[region])

    def parts(self, regions: Bool) -> Int32:
        """(n,) int32 number of the connected part of some regions that each one is in; every other region is a part of its own."""
        a, b = self.pairs[regions[self.pairs].all(axis=1)].T
        n = len(regions)
        graph = scipy.sparse.csr_matrix((np.ones(len(a), np.int8), (a, b)), (n, n))
        parts: Int32 = csgraph.connected_components(graph, directed=False)[1]
        return parts

    def bounds(self, sets: Bool) -> tuple[Float32, Float32, Float32, Float32]:
        """(k, n) sets of regions -> the boxes around them: (k,) float32 left, top, right, bottom, pixel edges of the label map."""
        boxes = self.boxes.astype(np.int16)  # label maps have at most some thousand pixels a side
        x0, y0 = (np.where(sets, side, np.int16(2**15 - 1)).min(axis=1).astype(np.float32) for side in boxes[:, :2].T)
        x1, y1 = (np.where(sets, side, np.int16(-1)).max(axis=1).astype(np.float32) + 1 for side in boxes[:, 2:].T)
        return x0, y0, x1, y1

    def share(self, mask: Bool) -> Float32:
        """(n,) float32 share of each region that a mask on the label map covers."""
        covered = np.bincount(self.hierarchy.labels[mask], minlength=len(self.sizes))
        return (covered / self.sizes).astype(np.float32)

    @cached_property
    def _order(self) -> Int64:
        """Pixels by region."""
        return np.argsort(self.hierarchy.labels.ravel(), kind="stable")

    @cached_property
    def _pixels(self) -> tuple[Float32, Float32]:
        ys, xs = np.divmod(self._order, self.columns)
        return ys.astype(np.float32), xs.astype(np.float32)

    @cached_property
    def _starts(self) -> Int64:
        ends = np.cumsum(self.sizes.astype(np.int64))
        return np.concatenate([np.zeros(1, np.int64), ends[:-1]])


def _lab(image: npt.NDArray[np.uint8], shape: tuple[int, ...]) -> Float32:
    """(h, w, 3) float32 CIE Lab of an image at the label map's size."""
    rows, columns = shape
    shrinks = columns < image.shape[1]
    small = cv2.resize(image, (columns, rows), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    return np.asarray(cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB), np.float32)
