"""Click to mask without labels: what a person means who points at an image, or draws a box around an object, best guess first.

Laws, whatever the image: the pixel under every click that adds is in every answer, the pixel under every click that removes is in none
(of two clicks on one pixel the later counts), and the same question has the same answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from pycocotools import mask as coco_mask

from freesolo.codecs import coco_rle
from freesolo.freemask import box_guesses
from freesolo.freemask.box_likeness import Box, boxed
from freesolo.freemask.click_map import ClickMap
from freesolo.freemask.click_pool import Click, Pool, collect
from freesolo.freemask.click_ranking import rank
from freesolo.freemask.render import RegionRenderer
from freesolo.instances import Bool, Float32, Instances, Int32, Int64

__all__ = ["Answer", "Box", "Click", "ClickMap", "answer"]

GUESSES = 4
"""Different answers to step through."""
STEPS = 3
"""Parts, and wholes, around the best of them."""
_ALIKE = 0.85
"""IoU from which two answers are the same to a person."""
_NESTED = 0.95
"""Share of a mask that another one holds which is a whole around it."""
_OTHERS = 8
"""Proposals at most that compete."""
_FITS = 0.5
"""IoU of a proposal's box with the person's from which on it competes."""


@dataclass(frozen=True, eq=False)
class Answer:
    """Masks that clicks can mean."""

    masks: Instances
    """Best guess first, then other guesses and parts and wholes, by rank; none where nothing would be left of a base. Scores are
    logarithmic and compare within one answer."""
    wholes: tuple[int | None, ...]
    """For each mask the smallest other one around it."""
    parts: tuple[int | None, ...]
    """For each mask the largest other one inside it."""


def answer(
    where: ClickMap,
    clicks: Sequence[Click],
    base: bytes | None = None,
    proposals: Instances | None = None,
    box: Box | None = None,
) -> Answer:
    """What the clicks mean, or a box around the object, or both.

    Args:
        where: the image's regions.
        clicks: in their order.
        base: compressed RLE counts of the mask that the last click corrects, at the image's size; None for the first click of a new mask.
        proposals: masks from elsewhere that compete where they hold all clicks that add and none that removes.
        box: around the object, as exact as a hand draws it; further clicks correct what it gave.

    Raises:
        ValueError: no click, where there is no box or the base is to be corrected; or none that adds, and neither base nor box: there is
            nothing to take away from. Or the box is empty.
        CodecError: ``base`` is no mask of this image.
    """
    if base is None and box is None and not any(click.adds for click in clicks):
        raise ValueError("clicks: at least one that adds is needed")
    if not clicks and base is not None:
        raise ValueError("clicks: at least one is needed")
    size = where.hierarchy.size
    around = None if box is None else boxed(where, box)
    inside = None if base is None else where.share(sampled(base, size, (where.rows, where.columns))) > 0.5
    allowed = _allowed(where, clicks, proposals, box)
    others = [where.share(sampled(code, size, (where.rows, where.columns))) > 0.5 for code in allowed]
    if around is not None and inside is None:
        pool = box_guesses.collect(around, clicks, others)
        scores = box_guesses.rank(around, pool)
    else:
        pool = collect(where, clicks, inside, others)
        scores = rank(where, clicks, inside, pool)
        if around is not None:
            scores = scores + box_guesses.fit(around, pool)
    chosen = _choose(where, pool, scores)
    drawn = _Drawer(where, clicks, base, inside, allowed).draw(pool, chosen)
    masks = Instances.from_counts(size, drawn, scores[chosen])
    masks = masks[masks.areas > 0]
    return Answer(masks, *_nesting(masks))


def sampled(counts: bytes, size: tuple[int, int], shape: tuple[int, int]) -> Bool:
    """Compressed counts of (height, width) -> (rows, columns) bool: the mask at the middle of each cell, without drawing it in full.

    Raises:
        CodecError: the counts do not describe a mask of this size.
    """
    runs = coco_rle.to_counts_list(counts)
    coco_rle.check_runs(runs, size)
    ys = ((np.arange(shape[0]) + 0.5) * size[0] / shape[0]).astype(np.int64)
    xs = ((np.arange(shape[1]) + 0.5) * size[1] / shape[1]).astype(np.int64)
    places = (xs[:, None] * size[0] + ys).ravel()  # ascending, as the runs are
    turns = np.zeros(len(places) + 1, np.int32)
    np.add.at(turns, np.searchsorted(places, np.cumsum(np.asarray(runs[:-1], np.int64))), 1)
    inside = np.cumsum(turns[:-1]) % 2 == 1
    return np.ascontiguousarray(inside.reshape(shape[1], shape[0]).T)


def _allowed(where: ClickMap, clicks: Sequence[Click], proposals: Instances | None, box: Box | None) -> list[bytes]:
    """The best proposals that hold what they should and no more, and fit the box."""
    if proposals is None or not len(proposals):
        return []
    fits = np.ones(len(proposals), bool)
    if clicks:
        held = _holds(list(proposals.counts), clicks, where.hierarchy.size)
        fits = (held == np.array([click.adds for click in clicks])).all(axis=1)
    if box is not None:
        fits &= box.iou(proposals.boxes) >= _FITS
    return list(proposals[np.flatnonzero(fits)].top(_OTHERS).counts)


def _holds(codes: list[bytes], clicks: Sequence[Click], size: tuple[int, int]) -> Bool:
    """(masks, clicks) bool: whether the pixel under a click is in a mask."""
    points = [{"size": list(size), "counts": _dot(click, size)} for click in clicks]
    masks = [{"size": list(size), "counts": code} for code in codes]
    shares = np.asarray(
        coco_mask.iou(points, masks, [1] * len(masks))
    )  # "crowd": share of the point that the mask covers
    return shares.reshape(len(points), len(masks)).T > 0.5


def _dot(click: Click, size: tuple[int, int]) -> bytes:
    height, width = size
    at = min(max(int(click.x), 0), width - 1) * height + min(max(int(click.y), 0), height - 1)
    return coco_rle.from_counts_list([at, 1, height * width - at - 1], size)


def _choose(where: ClickMap, pool: Pool, scores: Float32) -> Int64:
    """The best sets that differ, and the best chain of parts and wholes through the first; by score."""
    order = np.argsort(-scores, kind="stable")
    sets = pool.sets[order]
    weights = sets * where.sizes
    common = weights @ sets.T.astype(np.float32)
    area = np.diag(common)
    iou = common / np.maximum(area[:, None] + area - common, 1)
    picks = [0]
    for k in range(1, len(order)):
        if len(picks) < GUESSES and iou[k, picks].max() < _ALIKE:
            picks.append(k)
    chain, steps = [0], {True: 0, False: 0}
    for k in range(1, len(order)):
        larger = bool(area[k] > area[0])
        smallest = np.minimum(area[k], area[chain])
        if steps[larger] < STEPS and iou[k, chain].max() < _ALIKE and (common[k, chain] >= _NESTED * smallest).all():
            chain.append(k)
            steps[larger] += 1
    kept = [k for k in chain if iou[k, picks].max() < _ALIKE]
    return order[sorted({*picks, *kept})]


def _nesting(masks: Instances) -> tuple[tuple[int | None, ...], tuple[int | None, ...]]:
    """The nearest whole around each mask, and the nearest part inside it."""
    n = len(masks)
    shares = np.asarray(coco_mask.iou(masks.rles(), masks.rles(), [1] * n)).reshape(
        n, n
    )  # [i, j]: share of i that j holds
    wholes: list[int | None] = [None] * n
    parts: list[int | None] = [None] * n
    for k in range(n):
        around = [j for j in range(n) if masks.areas[j] > masks.areas[k] and shares[k, j] >= _NESTED]
        within = [j for j in range(n) if masks.areas[j] < masks.areas[k] and shares[j, k] >= _NESTED]
        wholes[k] = min(around, key=lambda j: (masks.areas[j], j), default=None)
        parts[k] = max(within, key=lambda j: (masks.areas[j], -j), default=None)
    return tuple(wholes), tuple(parts)


class _Drawer:
    """Sets of regions as masks of the image that keep the laws."""

    def __init__(
        self, where: ClickMap, clicks: Sequence[Click], base: bytes | None, inside: Bool | None, others: list[bytes]
    ) -> None:
        self._others = others
        self._where = where
        self._clicks = clicks
        self._base = base
        self._inside = inside
        hierarchy = where.hierarchy
        self._size = hierarchy.size
        self._renderer = RegionRenderer(hierarchy.labels, where.boxes, hierarchy.size, hierarchy.smoothing)

    def draw(self, pool: Pool, chosen: Int64) -> list[bytes]:
        """Compressed counts of the chosen sets."""
        drawn = [
            self._others[pool.other[k]] if pool.other[k] >= 0 else self._mask(pool.sets[k], edit=bool(pool.edits[k]))
            for k in chosen
        ]
        if not self._clicks:
            return drawn
        asked = np.array([click.adds for click in self._clicks])
        held = _holds(drawn, self._clicks, self._size)
        return [code if (row == asked).all() else self._obey(code) for code, row in zip(drawn, held, strict=True)]

    def _mask(self, regions: Bool, *, edit: bool) -> bytes:
        """The set, smooth; an edit keeps the base's own pixels where it changes nothing."""
        if not edit or self._base is None or self._inside is None:
            return self._encode(regions)
        more, less = regions & ~self._inside, self._inside & ~regions
        code = self._base
        if more.any():
            code = _union(code, self._encode(more), self._size)
        if less.any():
            code = _minus(code, self._encode(less), self._size)
        return code

    def _encode(self, regions: Bool) -> bytes:
        return self._renderer.encode(np.flatnonzero(regions).astype(np.int32))

    def _obey(self, code: bytes) -> bytes:
        """Give every click the part of its region that is nearest to it, and at least its own pixel."""
        for part, adds in self._parts():
            code = _union(code, part, self._size) if adds else _minus(code, part, self._size)
        for click in self._clicks:
            dot = _dot(click, self._size)
            code = _union(code, dot, self._size) if click.adds else _minus(code, dot, self._size)
        return code

    def _parts(self) -> list[tuple[bytes, bool]]:
        """For each click the pixels of its region that no other click of that region is nearer to."""
        where = self._where
        regions = np.array([where.hierarchy.region_at(click.x, click.y) for click in self._clicks])
        places = np.array([where.place(click.x, click.y) for click in self._clicks], np.float32)
        found: list[tuple[bytes, bool]] = []
        for region in dict.fromkeys(regions.tolist()):
            mine = np.flatnonzero(regions == region)
            x0, y0, x1, y1 = where.boxes[region]
            ys, xs = np.mgrid[y0 : y1 + 1, x0 : x1 + 1].astype(np.float32) + np.float32(0.5)
            squares = (xs[..., None] - places[mine, 0]) ** 2 + (ys[..., None] - places[mine, 1]) ** 2
            owner = np.where(where.hierarchy.labels[y0 : y1 + 1, x0 : x1 + 1] == region, squares.argmin(-1), -1)
            for k, click in enumerate(mine):
                found.append((self._cells(owner == k, int(x0), int(y0)), self._clicks[click].adds))
        return found

    def _cells(self, cells: Bool, left: int, top: int) -> bytes:
        """Cells of the label map, without smoothing, at the image's size."""
        labels = np.zeros((self._where.rows, self._where.columns), np.int32)
        labels[top : top + cells.shape[0], left : left + cells.shape[1]] = cells
        box = np.array([[0, 0, 0, 0], [left, top, left + cells.shape[1] - 1, top + cells.shape[0] - 1]], np.int32)
        chosen: Int32 = np.ones(1, np.int32)
        return RegionRenderer(labels, box, self._size, 0).encode(chosen)


def _union(first: bytes, second: bytes, size: tuple[int, int]) -> bytes:
    return _merged([first, second], size, intersect=False)


def _minus(first: bytes, second: bytes, size: tuple[int, int]) -> bytes:
    runs = coco_rle.to_counts_list(second)
    rest = runs[1:] if runs[0] == 0 else [0, *runs]
    return _merged([first, coco_rle.from_counts_list(rest, size)], size, intersect=True)


def _merged(codes: list[bytes], size: tuple[int, int], *, intersect: bool) -> bytes:
    merged: bytes = coco_mask.merge([{"size": list(size), "counts": code} for code in codes], intersect)["counts"]
    return merged
