"""The compiled superpixels are scikit-image's, only sooner."""

import numpy as np
import pytest
from skimage.segmentation import felzenszwalb as reference

from freesolo.freemask.superpixels import felzenszwalb
from tests.freesolo.freemask.photographs import lab_of, photograph


def same_partition(a: np.ndarray, b: np.ndarray) -> bool:
    pairs = len(np.unique(np.stack([a.ravel(), b.ravel()]), axis=1).T)
    return len(np.unique(a)) == len(np.unique(b)) == pairs


@pytest.mark.parametrize("name", ["astronaut", "coffee", "chelsea", "rocket"])
@pytest.mark.parametrize(("scale", "min_size"), [(40, 30), (30, 20), (20, 5)])
def test_equal_to_scikit_image_on_photographs(name: str, scale: float, min_size: int) -> None:
    image = lab_of(photograph(name)) / 100
    ours = felzenszwalb(image, scale, 0.8, min_size)
    assert same_partition(ours, reference(image, scale=scale, sigma=0.8, min_size=min_size))
    assert ours.max() > 20


@pytest.mark.parametrize("seed", range(5))
def test_equal_to_scikit_image_on_noise_without_smoothing(seed: int) -> None:
    image = np.random.default_rng(seed).random((23, 31, 3)).astype(np.float32)
    assert same_partition(felzenszwalb(image, 60, 0, 4), reference(image, scale=60, sigma=0, min_size=4))


def test_labels_count_up_from_the_first_pixel() -> None:
    labels = felzenszwalb(lab_of(photograph("coffee")) / 100, 40, 0.8, 30)
    values, first = np.unique(labels, return_index=True)
    assert values.tolist() == list(range(len(values)))
    assert (np.diff(first) > 0).all()
    assert np.bincount(labels.ravel()).min() >= 30


def test_two_halves_are_two_superpixels() -> None:
    image = np.zeros((20, 30, 3), np.float32)
    image[:, 15:] = 1
    labels = felzenszwalb(image, 40, 0, 10)
    assert (labels == (np.arange(30) >= 15)).all()


@pytest.mark.parametrize("shape", [(1, 1), (1, 640), (640, 1), (2, 300)])
def test_thin_and_constant_images_are_one_superpixel(shape: tuple[int, int]) -> None:
    labels = felzenszwalb(np.full((*shape, 3), 0.5, np.float32), 40, 0.8, 30)
    assert labels.shape == shape
    assert not labels.any()
