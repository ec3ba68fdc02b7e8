"""Rendering on a crop is rendering on the whole image."""

import cv2
import numpy as np
import pytest
from pycocotools import mask as coco_mask

from freesolo.freemask.hierarchy import region_boxes
from freesolo.freemask.render import RegionRenderer
from tests.freesolo.freemask.photographs import blobs

SIZES = [(40, 56), (17, 23), (97, 131), (480, 672), (40, 57), (1, 1)]


def whole_image(labels: np.ndarray, regions: np.ndarray, size: tuple[int, int], smoothing: float) -> np.ndarray:
    hard = np.isin(labels, regions).astype(np.float32)
    soft = cv2.GaussianBlur(hard, (0, 0), smoothing) if smoothing else hard
    if not (soft >= 0.5).any():
        soft = hard
    return cv2.resize(soft, size[::-1], interpolation=cv2.INTER_LINEAR).reshape(size) - 0.5


def decode(counts: bytes, size: tuple[int, int]) -> np.ndarray:
    return coco_mask.decode({"size": list(size), "counts": counts}).astype(bool)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("smoothing", [0, 0.8, 1.5])
def test_equal_to_the_whole_image(size: tuple[int, int], smoothing: float) -> None:
    labels = blobs(5)
    renderer = RegionRenderer(labels, region_boxes(labels, labels.max() + 1), size, smoothing)
    rng = np.random.default_rng(5)
    for count in (1, 2, 5, 15, labels.max() + 1):
        regions = rng.permutation(labels.max() + 1)[:count].astype(np.int32)
        margin = whole_image(labels, regions, size, smoothing)
        mask = decode(renderer.encode(regions), size)
        if not (margin >= 0).any():
            continue  # what is drawn then is tested below
        clear = np.abs(margin) > 1e-4  # float32 rounding may tip what lies on the threshold itself
        assert (mask == (margin >= 0))[clear].all()
        assert clear.mean() > 0.9 or smoothing == 0


def test_a_line_too_thin_for_the_blur_stays() -> None:
    labels = np.zeros((30, 40), np.int32)
    labels[12] = 1
    renderer = RegionRenderer(labels, region_boxes(labels, 2), (30, 40), 1.5)
    mask = decode(renderer.encode(np.array([1], np.int32)), (30, 40))
    assert (mask == (labels == 1)).all()


@pytest.mark.parametrize("smoothing", [0, 1.5])
def test_a_mask_is_not_lost_between_the_pixels_of_a_larger_image(smoothing: float) -> None:
    """As a ring of single pixels around a nucleus was, on a label map of 640 pixels under an image of 696."""
    for place in range(5, 25):
        labels = np.zeros((30, 40), np.int32)
        labels[place, place] = 1
        renderer = RegionRenderer(labels, region_boxes(labels, 2), (33, 44), smoothing)
        ys, xs = np.nonzero(decode(renderer.encode(np.array([1], np.int32)), (33, 44)))
        assert 1 <= len(ys) <= 4
        assert abs(xs.mean() / 1.1 - place) < 1


def test_all_regions_are_the_whole_image() -> None:
    labels = blobs(6)
    everything = np.arange(labels.max() + 1, dtype=np.int32)
    size = (100, 70)
    renderer = RegionRenderer(labels, region_boxes(labels, labels.max() + 1), size, 1.5)
    assert decode(renderer.encode(everything), size).all()


def test_boxes_by_pixel() -> None:
    labels = blobs(7)
    boxes = region_boxes(labels, labels.max() + 1)
    for region, box in enumerate(boxes):
        ys, xs = np.nonzero(labels == region)
        assert box.tolist() == [xs.min(), ys.min(), xs.max(), ys.max()]
