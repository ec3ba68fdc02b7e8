"""The sets of regions that clicks can mean: tree nodes, Free Mask queries, and the mask so far with a part more or less."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from freesolo.freemask.click_map import ClickMap
from freesolo.instances import Bool, Float32, Int64

THRESHOLDS = (0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2)
"""Free Mask: a region belongs to a query's mask where its cosine reaches this share of the clicked region's."""

LARGEST = 0.95
"""Share of the image from which on a node is the background, not an object."""


@dataclass(frozen=True)
class Click:
    """A point that a person wants inside (or outside) the mask."""

    x: float
    """Pixels of the image from its left side."""
    y: float
    adds: bool
    """Inside; False: outside."""


@dataclass(frozen=True, eq=False)
class Pool:
    """k different sets that hold the region of every positive click and of no negative one."""

    sets: Bool
    """(k, n)."""
    scores: Float32
    """(k,) ranking score of the tree node; 0 where the set is none."""
    is_node: Bool
    """(k,) whether it is a node of a tree as it is."""
    edits: Bool
    """(k,) whether it is the base with a part more or less; then what the base has of pixels elsewhere stays."""
    other: Int64
    """(k,) place in the sets from elsewhere, which have pixels of their own; -1 for all else."""

    def __getitem__(self, chosen: Int64) -> "Pool":
        """Those at some places."""
        return Pool(*(getattr(self, field.name)[chosen] for field in fields(self)))


@dataclass
class _Found:
    regions: Bool
    score: float | None
    is_edit: bool
    other: int

    @property
    def is_node(self) -> bool:
        return self.score is not None


class Collector:
    """Gathers sets, each once."""

    def __init__(self, inside: list[int], outside: list[int]) -> None:
        self._inside = inside
        self._outside = outside
        self.found: dict[tuple[bytes, int], _Found] = {}

    def add(self, regions: Bool, score: float | None = None, *, edit: bool = False, other: int = -1) -> None:
        """Take a set with what the clicks ask for; of equal ones the best node counts, and a node more than an edit."""
        regions = regions.copy()
        regions[self._inside] = True
        regions[self._outside] = False
        if not edit and not regions.any():
            return
        key = np.packbits(regions).tobytes(), other
        known = self.found.get(key)
        if known is None or (score is not None and (known.score is None or known.score < score)):
            self.found[key] = _Found(regions, score, edit, other)

    def pool(self) -> Pool:
        """All that was taken, in order."""
        found = self.found.values()
        return Pool(
            sets=np.array([each.regions for each in found]),
            scores=np.array([each.score or 0.0 for each in found], np.float32),
            is_node=np.array([each.is_node for each in found]),
            edits=np.array([each.is_edit for each in found]),
            other=np.array([each.other for each in found], np.int64),
        )


def collect(where: ClickMap, clicks: Sequence[Click], base: Bool | None, others: Sequence[Bool] = ()) -> Pool:
    """All sets worth ranking after the last click.

    Args:
        where: the image's regions.
        clicks: in their order; at least one, and one that adds where there is no base.
        base: (n,) regions of the mask that the last click corrects, or None.
        others: (n,) sets from elsewhere that the clicks allow, such as proposals.
    """
    last = clicks[-1]
    inside, outside = clicked_regions(where, clicks)
    collector = Collector(inside, outside)
    if inside:
        _add_whole(where, collector, inside, outside)
    for number, regions in enumerate(others):
        collector.add(regions, other=number)
    if base is not None:
        region = where.hierarchy.region_at(last.x, last.y)
        collector.add(base, edit=True)
        if last.adds:
            _add_parts(where, collector, base, region, outside)
        else:
            _take_parts(where, collector, base, region, [each for each in inside if each != region])
    return collector.pool()


def clicked_regions(where: ClickMap, clicks: Sequence[Click]) -> tuple[list[int], list[int]]:
    """Regions that clicks add, and those that they only remove; the latest first."""
    inside = _regions(where, [click for click in clicks if click.adds])
    outside = _regions(where, [click for click in clicks if not click.adds])
    return inside, [region for region in outside if region not in inside]


def _regions(where: ClickMap, clicks: Sequence[Click]) -> list[int]:
    """Regions under clicks, the latest first, each once."""
    return list(dict.fromkeys(where.hierarchy.region_at(click.x, click.y) for click in reversed(clicks)))


def _add_whole(where: ClickMap, collector: Collector, inside: list[int], outside: list[int]) -> None:
    """Nodes over all positive clicks, and what looks like them."""
    for regions, score in _nodes(where, inside[0], outside):
        if regions[inside].all():
            collector.add(regions, score)
    for regions in _alike(where, inside, outside):
        collector.add(regions)


def _add_parts(where: ClickMap, collector: Collector, base: Bool, region: int, outside: list[int]) -> None:
    for part, _ in _nodes(where, region, outside):
        collector.add(base | part, edit=True)
    for part in _alike(where, [region], outside):
        collector.add(base | part, edit=True)
    for part in _alike(where, [region], [*outside, *np.flatnonzero(base)]):
        collector.add(base | part, edit=True)


def _take_parts(where: ClickMap, collector: Collector, base: Bool, region: int, inside: list[int]) -> None:
    for part, _ in _nodes(where, region, inside):
        collector.add(base & ~part, edit=True)
    for part in _alike(where, [region], inside):
        collector.add(base & ~part, edit=True)
    for part in _alike(where, [region], [*inside, *np.flatnonzero(~base)]):
        collector.add(base & ~part, edit=True)


def _nodes(where: ClickMap, region: int, without: Sequence[int]) -> list[tuple[Bool, float]]:
    """Nodes of all trees over a region that hold none of some others, and their scores."""
    hierarchy = where.hierarchy
    found: list[tuple[Bool, float]] = []
    for tree in range(hierarchy.trees):
        for node in hierarchy.chain(tree, region, without):
            members = hierarchy.members(node)
            regions = np.zeros(hierarchy.regions, bool)
            regions[members] = True
            if where.sizes[members].sum() > LARGEST * where.rows * where.columns:
                break
            found.append((regions, float(hierarchy.scores[node])))
    return found


def _alike(where: ClickMap, regions: list[int], without: Sequence[int]) -> list[Bool]:
    """Free Mask with the clicked regions as the query: what is alike and connected to the first, at several thresholds."""
    query = where.unit[regions].mean(axis=0)
    similarity = where.unit @ query
    forbidden = [region for region in without if region != regions[0]]
    found: list[Bool] = []
    for threshold in THRESHOLDS:
        allowed = similarity >= threshold * similarity[regions[0]]
        allowed[forbidden] = False
        found.append(where.component(allowed, regions[0]))
    return found
