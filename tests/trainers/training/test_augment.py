"""Views: image and masks are cut alike, pasted objects cut what they cover."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from freesolo.instances import Instances
from tests.trainers.training.conftest import draw
from trainers.training.augment import AugmentSettings, _random_view, plain_view, training_view
from trainers.training.items import Item

STILL = AugmentSettings(square=64, jitter=0, paste=0, flip=0, min_cells=1)


@pytest.fixture
def item(tmp_path):
    return item_of(tmp_path / "a.png", draw(tmp_path / "a.png", 1))


def item_of(path, masks, **more):
    found = Instances.from_masks(masks, np.ones(len(masks), np.float32))
    return Item(path, found, np.ones(len(masks), np.float32), np.ones(len(masks), bool), **more)


def coloured(sample):
    """Cells of the mask grid that show a square: its saturation stands out from the grey."""
    grid = sample.masks.shape[1:]
    small = cv2.resize(np.ascontiguousarray(sample.image), grid[::-1], interpolation=cv2.INTER_AREA).astype(int)
    return small.max(2) - small.min(2) > 60


@pytest.mark.parametrize("seed", range(12))
def test_masks_lie_where_the_image_shows_their_objects(item, seed):
    settings = STILL.model_copy(update={"flip": 0.5, "min_visible": 0.0})
    sample = training_view(item, None, settings, np.random.default_rng(seed))
    shown, masked = coloured(sample), sample.masks.any(0)
    edge = cv2.dilate(masked.astype(np.uint8), np.ones((3, 3))) != cv2.erode(masked.astype(np.uint8), np.ones((3, 3)))
    assert masked.any()
    assert (shown == masked)[~edge].all()


@pytest.mark.parametrize("seed", range(8))
def test_a_cell_is_an_object_s_where_at_least_half_of_it_is(tmp_path, seed):
    rng = np.random.default_rng(seed)
    masks = (
        cv2.resize(rng.integers(0, 2, (9, 7, 3), np.uint8), (70, 45), interpolation=cv2.INTER_NEAREST).transpose(
            2, 0, 1
        )
        > 0
    )
    cv2.imwrite(str(tmp_path / "c.png"), np.zeros((45, 70, 3), np.uint8))
    settings = STILL.model_copy(update={"flip": 0.5, "min_visible": 0.0, "square": 64})
    sample = training_view(item_of(tmp_path / "c.png", masks), None, settings, np.random.default_rng(seed))
    view = _random_view((45, 70), settings, np.random.default_rng(seed))
    # The same by brute force: every pixel in 16 x 16 parts, each of which lies in one cell.
    fine = np.pad(masks, ((0, 0), (45, 45), (70, 70))).repeat(16, 1).repeat(16, 2)
    top, left = 16 * (45 + view.top), 16 * (70 + view.left)
    window = fine[:, top : top + 16 * view.height, left : left + 16 * view.width]
    rows, columns = (np.floor(np.arange(16 * n) / n).astype(int) for n in (view.height, view.width))
    share = np.zeros((len(masks), 16, 16))
    np.add.at(share, (slice(None), rows[:, None], columns), window / (view.height * view.width))
    expected = (share >= 0.5 - 1e-9)[:, :, :: -1 if view.is_flipped else 1]
    kept = [each for each in expected if each.any()]
    assert len(kept) == len(sample.masks)
    assert (sample.masks == np.array(kept)).all()


def test_a_plain_view_is_the_whole_image(item):
    sample = plain_view(item, AugmentSettings(square=64, min_cells=1))
    whole = cv2.resize(item.instances.decode()[0].astype(np.uint8) * 255, (16, 16), interpolation=cv2.INTER_AREA) >= 128
    assert (sample.masks[0] == whole).all()


def test_views_in_the_image_s_own_shape_have_one_of_the_sides(item):
    settings = AugmentSettings(square=None, short_sides=(48, 72), long_side=90, paste=0, min_cells=1)
    shapes = {training_view(item, None, settings, np.random.default_rng(k)).image.shape for k in range(20)}
    assert shapes == {(48, 64, 3), (68, 90, 3)}, "the long side limits the larger one"


def test_objects_cut_by_the_view_are_no_targets(tmp_path):
    masks = np.zeros((1, 90, 90), bool)
    masks[0, 5:30, 5:30] = True
    cv2.imwrite(str(tmp_path / "b.png"), np.full((90, 90, 3), 90, np.uint8))
    settings = STILL.model_copy(update={"crop": (0.3, 0.3), "aspect": 1.0, "min_visible": 0.5})
    kept = dropped = 0
    for seed in range(40):
        sample = training_view(item_of(tmp_path / "b.png", masks), None, settings, np.random.default_rng(seed))
        assert len(sample.masks) == len(sample.weights) == len(sample.has_mask)
        if len(sample.masks):
            kept += 1
            visible = sample.masks.sum() / (25 * 25 * (16 / 27) ** 2)
            assert visible > 0.5
        else:
            dropped += 1
    assert kept
    assert dropped


class TestPasting:
    @pytest.fixture
    def scene(self, tmp_path):
        """A grey image with one large square object, and a donor with one bright object."""
        masks = np.zeros((1, 96, 96), bool)
        masks[0, 20:76, 20:76] = True
        cv2.imwrite(str(tmp_path / "scene.png"), np.full((96, 96, 3), 60, np.uint8))
        bright = np.full((96, 96, 3), 10, np.uint8)
        donor = np.zeros((1, 96, 96), bool)
        donor[0, 30:54, 30:54] = True
        bright[donor[0]] = 250
        cv2.imwrite(str(tmp_path / "donor.png"), bright)
        return item_of(tmp_path / "scene.png", masks), item_of(tmp_path / "donor.png", donor)

    SURE = AugmentSettings(
        square=96, crop=(1, 1), aspect=1, flip=0, jitter=0, paste=1, paste_objects=1, min_visible=0.1, min_cells=1
    )

    def test_the_new_mask_is_exactly_what_was_pasted_and_cuts_the_others(self, scene):
        covered = 0
        for seed in range(10):
            sample = training_view(*scene, self.SURE, np.random.default_rng(seed))
            assert len(sample.masks) == 2
            old, new = sample.masks
            bright = cv2.resize(sample.image[..., 0], (24, 24), interpolation=cv2.INTER_AREA) >= 155
            assert (new == bright).all()
            assert not (old & new).any()
            covered += 14 * 14 - old.sum() > 0
        assert covered, "some land on the object"

    def test_nothing_is_pasted_over_an_object_of_its_size(self, scene):
        settings = self.SURE.model_copy(update={"paste_iou": 0.01})
        pasted = [len(training_view(*scene, settings, np.random.default_rng(seed)).masks) == 2 for seed in range(20)]
        assert any(pasted)
        assert not all(pasted)

    def test_objects_cut_by_the_border_are_not_pasted(self, scene, tmp_path):
        masks = np.zeros((1, 96, 96), bool)
        masks[0, :30, 30:60] = True
        donor = item_of(tmp_path / "donor.png", masks)
        sample = training_view(scene[0], donor, self.SURE, np.random.default_rng(0))
        assert len(sample.masks) == 1

    def test_categories_and_embeddings_come_along(self, scene):
        first, donor = (
            replace(
                item,
                categories=np.array([number]),
                instances=replace(item.instances, embeddings=np.full((1, 3), number, np.float32)),
            )
            for number, item in enumerate(scene)
        )
        sample = training_view(first, donor, self.SURE, np.random.default_rng(0))
        assert sample.categories.tolist() == [0, 1]
        assert sample.embeddings[:, 0].tolist() == [0, 1]


def test_ignored_regions_move_with_the_image(item):
    ignored = Instances.from_masks(item.instances.decode(), np.ones(2, np.float32))
    sample = training_view(replace(item, ignored=ignored), None, STILL, np.random.default_rng(3))
    assert (sample.ignored == sample.masks.any(0)).all()


def test_colour_jitter_changes_colours_only(item):
    jittered = STILL.model_copy(update={"jitter": 0.25})
    plain = training_view(item, None, STILL, np.random.default_rng(5))
    sample = training_view(item, None, jittered, np.random.default_rng(5))
    assert (sample.masks == plain.masks).all()
    assert not (sample.image == plain.image).all()
