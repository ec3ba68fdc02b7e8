import pytest
import torch

from tests.trainers.training.contrastive.helpers import TINY, paint
from trainers.errors import UsageError
from trainers.training.contrastive.batches import ViewBatches

MEAN, STD = (0.5, 0.4, 0.3), (0.2, 0.25, 0.5)


def batches(paths, rank=0, world=1, **changes):
    return ViewBatches(paths, TINY.model_copy(update=changes), MEAN, STD, rank, world)


def test_two_views_of_each_image(tmp_path):
    paths = paint(tmp_path, 5)
    views = batches(paths, batch=3).step(0)
    assert views.query.shape == views.key.shape == (3, 3, 48, 48)
    assert views.query.dtype == torch.float32
    assert not torch.equal(views.query, views.key)
    assert views.paths == [str(paths[number]) for number in views.images]


def test_views_are_normalised(tmp_path):
    still = TINY.views.model_copy(update={"jitter": 0, "grey": 0, "blur": 0})
    views = batches(paint(tmp_path, 5), views=still).step(0)
    colours = views.query * torch.tensor(STD)[:, None, None] + torch.tensor(MEAN)[:, None, None]
    assert colours.min() > -1e-6
    assert colours.max() < 1 + 1e-6
    assert colours.std() > 0.05


def test_each_pass_shows_every_image_once_in_an_order_of_its_own(tmp_path):
    own = batches(paint(tmp_path, 6))
    passes = [[int(n) for step in range(3 * k, 3 * k + 3) for n in own.step(step).images] for k in range(4)]
    assert all(sorted(one) == list(range(6)) for one in passes)
    assert len({tuple(one) for one in passes}) > 1


def test_threads_change_nothing_and_a_later_start_sees_the_same(tmp_path):
    paths = paint(tmp_path, 5)
    straight = list(batches(paths, readers=3).steps(0, 5))
    later = list(batches(paths, readers=1).steps(3, 5))
    assert len(straight) == 5
    for one, other in zip(straight[3:], later, strict=True):
        assert torch.equal(one.query, other.query)
        assert torch.equal(one.key, other.key)


def test_two_ranks_see_together_what_one_sees(tmp_path):
    paths = paint(tmp_path, 5)
    whole = batches(paths, batch=4).step(2)
    parts = [batches(paths, rank, 2, batch=2).step(2) for rank in range(2)]
    assert torch.equal(whole.query, torch.cat([part.query for part in parts]))
    assert whole.images.tolist() == [int(n) for part in parts for n in part.images]


def test_a_damaged_image_is_told_once_and_the_next_takes_its_place(tmp_path, capsys):
    paths = paint(tmp_path, 4)
    paths[2].write_bytes(paths[2].read_bytes()[:60])
    own = batches(paths)
    numbers = [int(n) for views in own.steps(0, 6) for n in views.images]
    assert set(numbers) == {0, 1, 3}
    assert numbers.count(3) == 6  # its own three times, and the damaged one's
    assert capsys.readouterr().err.count(str(paths[2])) == 1


def test_one_readable_image_is_too_few(tmp_path):
    paths = paint(tmp_path, 2)
    paths[0].write_bytes(b"no image")
    with pytest.raises(UsageError, match="only one of the images can be read"):
        list(batches(paths).steps(0, 3))
