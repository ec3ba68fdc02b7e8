import numpy as np
import torch

from tests.freesolo.solo.helpers import tiny_network
from trainers.training.augment import AugmentSettings
from trainers.training.batches import Batches, Normalisation
from trainers.training.items import Selection, of_results

AUGMENT = AugmentSettings(square=64, min_cells=4)
PLAIN = Normalisation((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


def batches(items, batch=2, rank=0, world=1, augment=AUGMENT, seed=3):
    return Batches(items, tiny_network(embedding=12), augment, PLAIN, batch, seed, rank, world)


def same(one, other):
    assert torch.equal(one.images, other.images)
    assert one.paths == other.paths
    for left, right in zip(one.targets, other.targets, strict=True):
        for name, value in vars(left).items():
            assert torch.equal(value, getattr(right, name)) if isinstance(value, torch.Tensor) else True


def test_a_step_is_decided_by_the_seed_and_its_number(shapes):
    items = of_results(shapes(), Selection()).items
    third = list(batches(items).steps(0, 4))[3]
    same(third, next(batches(items).steps(3, 9)))
    assert not torch.equal(third.images, batches(items, seed=4).step(3).images)


def test_ranks_share_what_one_rank_would_have(shapes):
    items = of_results(shapes(), Selection()).items
    whole = batches(items, batch=2).step(5)
    parts = [batches(items, batch=1, rank=rank, world=2).step(5) for rank in range(2)]
    assert torch.equal(whole.images, torch.cat([part.images for part in parts]))
    assert whole.paths == [path for part in parts for path in part.paths]


def test_every_pass_shows_each_image_once(shapes):
    items = of_results(shapes(5), Selection()).items
    shown = [path for batch in batches(items, batch=1).steps(0, 10) for path in batch.paths]
    assert len(set(shown[:5])) == len(set(shown[5:])) == 5
    assert shown[:5] != shown[5:]


def test_images_of_different_shapes_are_padded_on_the_right_and_below(shapes, tmp_path):
    wide = of_results(shapes(2, size=(96, 128)), Selection()).items[:1]
    wide = (wide[0], of_results(shapes(3, size=(96, 200)), Selection()).items[2])
    augment = AUGMENT.model_copy(update={"square": None, "short_sides": (48,), "paste": 0.0, "jitter": 0.0})
    batch = batches(wide, augment=augment).step(0)
    assert sorted(batch.sizes) == [(48, 64), (48, 100)]
    assert batch.images.shape == (2, 3, 48, 100)
    for image, (height, width), target in zip(batch.images, batch.sizes, batch.targets, strict=True):
        assert (image[:, height:] == 0).all()
        assert (image[:, :, width:] == 0).all()
        assert target.masks.shape[1:] == (12, width // 4)
        assert image[:, :height, :width].abs().mean() > 0


def test_ignored_cells_are_those_whose_centre_is_ignored_but_never_positives(shapes):
    from dataclasses import replace

    item = of_results(shapes(1), Selection()).items[0]
    batch = batches((replace(item, ignored=item.instances),), batch=1).step(0)
    target = batch.targets[0]
    assert target.ignored.any()
    assert not target.ignored[target.cells].any()


def test_normalised_images_are_what_the_backbone_expects(shapes):
    item = of_results(shapes(1), Selection()).items[0]
    still = AUGMENT.model_copy(update={"crop": (1.0, 1.0), "aspect": 1.0, "flip": 0.0, "jitter": 0.0, "paste": 0.0})
    image = batches((item,), batch=1, augment=still).step(0).images[0]
    corner = np.round((image[:, 0, 0].numpy() * 0.5 + 0.5) * 255)
    assert ((corner >= 118) & (corner <= 130)).all(), "the grey of the background"
