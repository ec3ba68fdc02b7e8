"""`RegionHierarchy`: the merge trees behind the proposals, kept so that a click or a key can reach part, object and group."""

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from typing_extensions import Self

from freesolo.errors import CodecError
from freesolo.freemask.merge_tree import tree_shape
from freesolo.freemask.render import RegionRenderer
from freesolo.instances import Bool, Float32, Instances, Int32, Int64

Float16 = npt.NDArray[np.float16]
_VERSION = 1


@dataclass(frozen=True, eq=False)
class RegionHierarchy:
    """Superpixels of one image and several binary merge trees over them.

    A node is numbered through all trees: tree ``t`` holds the nodes ``t * per_tree`` to ``(t + 1) * per_tree - 1``, first its leaves
    (one for each region, in the order of the labels), then one node a merge, children before parents; the last node is the whole image.
    """

    size: tuple[int, int]
    """(height, width) of the image."""
    labels: Int32
    """(h, w) int32 superpixel of each pixel of the image scaled to a bounded long side, 0..n-1."""
    children: Int32
    """(trees, n - 1, 2) int32 children of each merge, numbered within the tree."""
    scores: Float32
    """(trees * per_tree,) float32 ranking score of every node, higher is better, before NMS."""
    features: Float16
    """(n, d) float16 mean feature of each region: leading principal components, so that distances hold within this image only."""
    smoothing: float
    """Sigma of the Gaussian that smooths a mask, pixels of ``labels``."""

    @property
    def regions(self) -> int:
        """Number of superpixels, n."""
        return len(self.features)

    @property
    def trees(self) -> int:
        """Number of merge trees."""
        return len(self.children)

    @property
    def per_tree(self) -> int:
        """Nodes in each tree, 2 n - 1."""
        return 2 * self.regions - 1

    @property
    def nodes(self) -> int:
        """Number of all nodes."""
        return self.trees * self.per_tree

    def parent(self, node: int) -> int | None:
        """The node that this one is merged into, None for a root."""
        tree, local = divmod(self._checked(node), self.per_tree)
        above = int(self._shapes[tree][0][local])
        return None if above < 0 else tree * self.per_tree + above

    def children_of(self, node: int) -> tuple[int, int] | None:
        """The two nodes that this one was merged from, None for a single region."""
        tree, local = divmod(self._checked(node), self.per_tree)
        if local < self.regions:
            return None
        a, b = self.children[tree, local - self.regions]
        return tree * self.per_tree + int(a), tree * self.per_tree + int(b)

    def members(self, node: int) -> Int32:
        """The regions below a node, int32, in no particular order."""
        tree, local = divmod(self._checked(node), self.per_tree)
        _, leaves, ranges = self._shapes[tree]
        members: Int32 = leaves[ranges[local, 0] : ranges[local, 1]]
        return members

    def layout(self, tree: int) -> tuple[Int32, Int32]:
        """(n,) int32 regions in the order of a tree's leaves, and (nodes, 2) int32: below a node are ``leaves[start:stop]``."""
        _, leaves, ranges = self._shapes[tree]
        return leaves, ranges

    def region_at(self, x: float, y: float) -> int:
        """The region under a point of the image, pixels from the top left corner; points outside take the nearest region."""
        (height, width), (rows, columns) = self.size, self.labels.shape
        row = min(max(int(y * rows / height), 0), rows - 1)
        column = min(max(int(x * columns / width), 0), columns - 1)
        return int(self.labels[row, column])

    def nodes_at(
        self, positive: Sequence[tuple[float, float]], negative: Sequence[tuple[float, float]] = (), limit: int = 20
    ) -> Int64:
        """The best nodes that hold all positive points and no negative one, best score first, each mask once.

        Args:
            positive: at least one (x, y), pixels of the image.
            negative: (x, y) points that must stay outside.
            limit: nodes at most.

        Returns:
            (k,) int64 nodes; empty where no node satisfies the points.
        """
        if not positive:
            raise ValueError("nodes_at: at least one positive point is needed")
        wanted = {self.region_at(*point) for point in positive}
        unwanted = {self.region_at(*point) for point in negative}
        found: list[int] = []
        for tree in range(self.trees):
            above = [self._ancestors(tree, region) for region in wanted]
            common = set.intersection(*map(set, above))
            for region in unwanted:
                common.difference_update(self._ancestors(tree, region))
            found += [tree * self.per_tree + node for node in common]
        found.sort(key=lambda node: (-self.scores[node], node))
        unique = {frozenset(self.members(node).tolist()): node for node in reversed(found)}
        return np.asarray(sorted(unique.values(), key=found.index)[:limit], np.int64)

    def chain(self, tree: int, region: int, without: Sequence[int] = ()) -> list[int]:
        """The nodes of one tree that hold a region and none of some others: the region itself first, then what it is merged into."""
        _, leaves, ranges = self._shapes[tree]
        places = np.flatnonzero(np.isin(leaves, list(without))) if len(without) else np.zeros(0, np.int64)
        found: list[int] = []
        for node in self._ancestors(tree, region):
            start, stop = ranges[node]
            if ((places >= start) & (places < stop)).any():
                break
            found.append(tree * self.per_tree + node)
        return found

    def mask(self, node: int) -> Bool:
        """(height, width) bool mask of a node at the image's size."""
        mask: Bool = self.instances([node]).decode()[0]
        return mask

    def instances(self, nodes: Sequence[int] | Int64) -> Instances:
        """Masks and scores of some nodes, in their order."""
        chosen = [self._checked(int(node)) for node in nodes]
        counts = [self._renderer.encode(self.members(node)) for node in chosen]
        return Instances.from_counts(self.size, counts, self.scores[chosen] if chosen else np.zeros(0, np.float32))

    def to_bytes(self) -> bytes:
        """A compressed npz archive, the same bytes for the same hierarchy; about 100 kB for a photograph."""
        small = np.uint16 if self.per_tree < 2**16 else np.int32
        rows = np.diff(self.labels, axis=1, prepend=0).astype(small)  # runs of equal labels become zeros
        arrays = {
            "version": np.asarray(_VERSION),
            "size": np.asarray(self.size, np.int32),
            "labels": rows,
            "children": self.children.astype(small),
            "scores": self.scores.astype(np.float16),
            "features": self.features,
            "smoothing": np.asarray(self.smoothing),
        }
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, array in arrays.items():
                part = io.BytesIO()
                np.save(part, array, allow_pickle=False)
                archive.writestr(zipfile.ZipInfo(f"{name}.npy"), part.getvalue(), zipfile.ZIP_DEFLATED)
        return stream.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """The hierarchy that `to_bytes` wrote; scores come back rounded to float16.

        Raises:
            CodecError: the bytes are damaged or of another version.
        """
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as archive:
                arrays = {name: archive[name] for name in archive.files}
            if int(arrays["version"]) != _VERSION:
                raise CodecError(f"region hierarchy: version {int(arrays['version'])}, this program reads {_VERSION}")
            height, width = (int(side) for side in arrays["size"])
            rows = arrays["labels"]
            return cls(
                size=(height, width),
                labels=np.cumsum(rows, axis=1, dtype=rows.dtype).astype(np.int32),
                children=arrays["children"].astype(np.int32),
                scores=arrays["scores"].astype(np.float32),
                features=arrays["features"],
                smoothing=float(arrays["smoothing"]),
            )
        except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile) as error:
            if isinstance(error, CodecError):
                raise
            raise CodecError(f"region hierarchy: the bytes are damaged ({error})") from error

    @cached_property
    def _shapes(self) -> list[tuple[Int32, Int32, Int32]]:
        return [tree_shape(self.regions, children) for children in self.children]

    @cached_property
    def _renderer(self) -> RegionRenderer:
        return RegionRenderer(self.labels, region_boxes(self.labels, self.regions), self.size, self.smoothing)

    def _ancestors(self, tree: int, region: int) -> list[int]:
        """A leaf and all nodes above it, numbered within the tree."""
        parents = self._shapes[tree][0]
        chain = [region]
        while parents[chain[-1]] >= 0:
            chain.append(int(parents[chain[-1]]))
        return chain

    def _checked(self, node: int) -> int:
        if not 0 <= node < self.nodes:
            raise IndexError(f"region hierarchy: there is no node {node}, only 0 to {self.nodes - 1}")
        return node


def region_boxes(labels: Int32, count: int) -> Int32:
    """(n, 4) int32 x0, y0, x1, y1 of each region's pixels, inclusive."""
    height, width = labels.shape
    ys, xs = np.divmod(np.arange(height * width, dtype=np.int32), np.int32(width))
    boxes = np.empty((count, 4), np.int32)
    boxes[:, :2], boxes[:, 2:] = 2**30, -1
    for column, (pick, values) in enumerate(((np.minimum, xs), (np.minimum, ys), (np.maximum, xs), (np.maximum, ys))):
        pick.at(boxes[:, column], labels.ravel(), values)
    return boxes
