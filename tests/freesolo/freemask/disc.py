"""A red disc on green with merge trees of its own: what clicks on it must find is known to the pixel."""

import numpy as np
import numpy.typing as npt

from freesolo.freemask.hierarchy import RegionHierarchy

HEIGHT, WIDTH = 36, 48
MIDDLE = (24.5, 18.5)
"""x, y."""
RADIUS = 11


def disc() -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_], RegionHierarchy]:
    """(picture, mask of the disc, its regions: squares of 8 pixels cut by the disc, joined first inside, then outside, then all)."""
    ys, xs = np.mgrid[:HEIGHT, :WIDTH]
    mask = np.hypot(ys + 0.5 - MIDDLE[1], xs + 0.5 - MIDDLE[0]) < RADIUS
    picture = np.where(mask[..., None], [200, 40, 40], [40, 90, 60]).astype(np.uint8)
    cells = np.unique((ys // 8) * 100 + xs // 8 + mask * 10_000, return_inverse=True)[1].reshape(HEIGHT, WIDTH)
    labels = cells.astype(np.int32)
    inside = np.array([mask[labels == region].any() for region in range(labels.max() + 1)])
    features = np.where(inside[:, None], [1.0, 0.0], [0.0, 1.0]).astype(np.float16)
    n = len(inside)
    scores = np.zeros(2 * n - 1, np.float32)
    return picture, mask, RegionHierarchy((HEIGHT, WIDTH), labels, _joined(inside), scores, features, 0.0)


def _joined(inside: npt.NDArray[np.bool_]) -> npt.NDArray[np.int32]:
    """(1, n - 1, 2) children: all of the inside one after the other, all of the outside, then both."""
    n = len(inside)
    children: list[tuple[int, int]] = []
    tops: list[int] = []
    for group in (np.flatnonzero(inside), np.flatnonzero(~inside)):
        top = int(group[0])
        for leaf in group[1:]:
            children.append((top, int(leaf)))
            top = n + len(children) - 1
        tops.append(top)
    children.append((tops[0], tops[1]))
    return np.array([children], np.int32)
