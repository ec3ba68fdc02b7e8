"""What the model of P(good) looks at: facts of each mask that no picture is opened for."""

import numpy as np
import numpy.typing as npt

from app.store.mask_columns import MaskTable

Float32 = npt.NDArray[np.float32]

_EPSILON = 1e-6
_SAME = 0.5
"""IoU of boxes from which masks count as overlapping."""
_INSIDE = 0.9
"""Share of a box in a larger one from which it counts as inside."""
_LARGER = 1.3
"""Times the area from which a box counts as larger."""


def facts(table: MaskTable) -> Float32:
    """(n,) masks -> (n, d) features, each roughly of unit size.

    Score as the log-odds of its rank among the masks of its source (scores of two proposers cannot be compared); rank in
    its image; log of the relative area and its square; image sides touched; box fill; elongation; overlap with better
    masks and with any; boxes around it and in it (parts and groups); one column for each source after the first.
    """
    width, height = table.sizes.T.astype(np.float64)
    _, _, w, h = table.boxes.T.astype(np.float64)
    area = np.log(np.maximum(table.areas, 1) / np.maximum(width * height, 1))
    fill = table.areas / np.maximum(w * h, 1)
    elongation = np.abs(np.log(np.maximum(w, 1) / np.maximum(h, 1)))
    own = [_rank(table), area, area**2, _sides(table), fill, elongation]
    sources = [table.sources == source for source in np.unique(table.sources)[1:]]
    return np.column_stack([*own, _among_others(table), *sources]).astype(np.float32)


def units(table: MaskTable) -> list[tuple[npt.NDArray[np.intp], Float32]]:
    """Embeddings of unit length: (places in the table, (m, d) rows) for each length d that there is."""
    lengths = np.array([0 if row is None else len(row) // 2 for row in table.embeddings])
    found = []
    for length in np.unique(lengths[lengths > 0]):
        places = np.flatnonzero(lengths == length)
        packed = b"".join(table.embeddings[place] or b"" for place in places)
        rows = np.frombuffer(packed, "<f2").reshape(len(places), length).astype(np.float32)
        found.append((places, rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), _EPSILON)))
    return found


def log_odds(p: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """ln(p / (1 - p)), of probabilities kept a little inside (0, 1)."""
    inside = np.clip(np.asarray(p, np.float64), _EPSILON, 1 - _EPSILON)
    odds: npt.NDArray[np.float64] = np.log(inside) - np.log1p(-inside)
    return odds


def _rank(table: MaskTable) -> npt.NDArray[np.float64]:
    shares = np.empty(len(table.ids))
    for source in np.unique(table.sources):
        of_source = table.sources == source
        scores = table.scores[of_source]
        ordered = np.sort(scores)
        below = np.searchsorted(ordered, scores, "left") + np.searchsorted(ordered, scores, "right")
        shares[of_source] = (below / 2 + 0.5) / (len(scores) + 1)
    return log_odds(shares)


def _sides(table: MaskTable) -> npt.NDArray[np.int64]:
    x, y, w, h = table.boxes.T
    width, height = table.sizes.T
    touched: npt.NDArray[np.int64] = np.sum([x <= 0, y <= 0, x + w >= width, y + h >= height], axis=0, dtype=np.int64)
    return touched


def _among_others(table: MaskTable) -> npt.NDArray[np.float64]:
    """(n, 6): what a mask's box has to do with the others of its image."""
    found = np.zeros((len(table.ids), 6))
    _, starts = np.unique(table.image_ids, return_index=True)
    for start, end in zip(starts, [*starts[1:], len(table.ids)], strict=True):
        here = slice(start, end)
        found[here] = _in_image(table.boxes[here].astype(np.float32), table.scores[here])
    return found


def _in_image(boxes: Float32, scores: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    left, top, w, h = boxes.T
    right, bottom, size = left + w, top + h, w * h
    across = np.minimum(right[:, None], right) - np.maximum(left[:, None], left)
    down = np.minimum(bottom[:, None], bottom) - np.maximum(top[:, None], top)
    shared = np.maximum(across, 0) * np.maximum(down, 0)  # (m, m)
    iou = shared / np.maximum(size[:, None] + size - shared, 1)
    better = scores > scores[:, None]
    around = (shared > _INSIDE * size[:, None]) & (size > _LARGER * size[:, None])
    over_better = np.where(better, iou, 0)
    counts = [
        better.sum(1),
        (over_better > _SAME).sum(1),
        (iou > _SAME).sum(1) - 1,
        around.sum(1),
        around.sum(0),
    ]
    return np.column_stack([over_better.max(1), *np.log1p(np.array(counts))])
