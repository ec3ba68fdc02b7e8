import colorsys

import numpy as np
import pytest

from trainers.training.contrastive.views import ViewSettings, random_view

STILL = ViewSettings(size=32, area=(1, 1), aspect=1, jitter=0, grey=0, blur=0, flip=0)


def picture(height=40, width=40):
    rng = np.random.default_rng(0)
    return np.kron(rng.integers(0, 256, (4, 4, 3)), np.ones((height // 4, width // 4, 1))).astype(np.uint8)


def still(**changes):
    return STILL.model_copy(update=changes)


def view(settings, seed=0, pixels=None):
    return random_view(picture() if pixels is None else pixels, settings, np.random.default_rng(seed))


@pytest.mark.parametrize("size", [(40, 40), (400, 8), (1, 1), (3, 500)])
def test_views_of_any_image_are_squares_of_values_in_range(size):
    for seed in range(5):
        found = view(ViewSettings(size=32), seed, np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8))
        assert found.shape == (32, 32, 3)
        assert found.dtype == np.float32
        assert found.flags.c_contiguous
        assert 0 <= found.min() <= found.max() <= 1


def test_without_chance_a_view_is_the_image():
    found = view(STILL, pixels=picture(32, 32))
    assert np.allclose(found, picture(32, 32) / 255, atol=1e-6)


def test_chance_decides_everything():
    settings = ViewSettings(size=32)
    assert np.array_equal(view(settings, 3), view(settings, 3))
    assert not np.array_equal(view(settings, 3), view(settings, 4))


def test_windows_have_the_area_and_shape_that_was_asked_for():
    """The image's colour says where its pixels were: red grows to the right, green downwards."""
    line = np.linspace(0, 255, 256).astype(np.uint8)
    pixels = np.zeros((256, 256, 3), np.uint8)
    pixels[..., 0], pixels[..., 1] = line[None], line[:, None]
    areas, shapes = [], []
    for seed in range(200):
        found = view(still(area=(0.2, 0.6), aspect=1.5), seed, pixels) * 255
        width, height = (
            np.ptp(found[..., 0]) + 9,
            np.ptp(found[..., 1]) + 9,
        )  # half a resized pixel on each side is lost
        areas.append(width * height / 256**2)
        shapes.append(width / height)
    assert 0.17 < min(areas) < 0.3
    assert 0.5 < max(areas) < 0.68
    assert min(shapes) > 1 / 1.6
    assert max(shapes) < 1.6
    assert min(shapes) < 0.8 < 1.25 < max(shapes)


def test_flip_mirrors():
    assert np.array_equal(view(still(flip=1)), view(STILL)[:, ::-1])


def test_grey_has_no_colour_and_keeps_the_luminance():
    found = view(still(grey=1))
    assert np.array_equal(found[..., 0], found[..., 2])
    assert np.allclose(found[..., 0], view(STILL) @ [0.299, 0.587, 0.114], atol=1e-6)


def test_blur_smooths():
    assert (
        np.abs(np.diff(view(still(blur=1, sigma=(2, 2))), axis=1)).max()
        < 0.5 * np.abs(np.diff(view(STILL), axis=1)).max()
    )


def test_each_jitter_changes_what_it_says():
    grey = np.array([0.299, 0.587, 0.114])
    nothing = {"jitter": 1.0, "brightness": 0, "contrast": 0, "saturation": 0, "hue": 0}
    before = random_view(picture() // 3 + 80, STILL, np.random.default_rng(0))

    def after(**changes):
        return random_view(picture() // 3 + 80, still(**(nothing | changes)), np.random.default_rng(1))

    assert np.allclose(after(), before, atol=1e-6)
    ratio = after(brightness=0.4) / before
    assert np.ptp(ratio) < 1e-4
    assert abs(ratio.mean() - 1) > 0.01
    assert after(contrast=0.4).std() != pytest.approx(before.std(), rel=0.01)
    assert (after(contrast=0.4) @ grey).mean() == pytest.approx((before @ grey).mean(), abs=1e-4)
    assert np.allclose(after(saturation=0.4) @ grey, before @ grey, atol=1e-4)
    assert np.abs(after(saturation=0.4) - before).max() > 0.01
    turned = after(hue=0.5)
    old, new = (np.array(colorsys.rgb_to_hsv(*image[0, 0])) for image in (before, turned))
    assert np.allclose(old[1:], new[1:], atol=1e-4)
    assert min(abs(old[0] - new[0]), 1 - abs(old[0] - new[0])) > 0.01
