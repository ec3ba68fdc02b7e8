"""Real photographs that scikit-image carries, and random region graphs: what the tests of Free Mask look at."""

from functools import cache

import cv2
import numpy as np
import numpy.typing as npt
from skimage import data

from freesolo.freemask import region_graph
from freesolo.freemask.feature_maps import ImageFeatures
from freesolo.freemask.region_graph import RegionGraph


@cache
def photograph(name: str, long_side: int = 256) -> npt.NDArray[np.uint8]:
    """(h, w, 3) uint8 RGB."""
    image = getattr(data, name)()
    scale = long_side / max(image.shape[:2])
    size = (round(image.shape[1] * scale), round(image.shape[0] * scale))
    small: npt.NDArray[np.uint8] = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return small


def lab_of(image: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    return cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)


def blobs(seed: int, height: int = 40, width: int = 56, regions: int = 30) -> npt.NDArray[np.int32]:
    """(h, w) int32 Voronoi cells of random points, every number used."""
    rng = np.random.default_rng(seed)
    points = rng.random((regions, 2)) * [height, width]
    ys, xs = np.mgrid[:height, :width]
    nearest = ((ys[..., None] - points[:, 0]) ** 2 + (xs[..., None] - points[:, 1]) ** 2).argmin(-1)
    return np.unique(nearest, return_inverse=True)[1].reshape(height, width).astype(np.int32)


def random_features(seed: int, grid: tuple[int, int] = (6, 8), dimensions: int = 5) -> ImageFeatures:
    rng = np.random.default_rng(seed)
    return ImageFeatures(
        affinity=rng.standard_normal((dimensions, *grid), np.float32) / 4,
        saliency=rng.random((2, *grid), np.float32) + 0.5,
        descriptors=rng.standard_normal((7, *grid), np.float32),
    )


def random_graph(seed: int, **shape: int) -> RegionGraph:
    labels = blobs(seed, **shape)
    lab = np.random.default_rng(seed).random((*labels.shape, 3), np.float32) * 50
    return region_graph.build(labels, cv2.GaussianBlur(lab, (0, 0), 2), random_features(seed))
