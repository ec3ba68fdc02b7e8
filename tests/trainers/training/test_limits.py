import numpy as np
import pytest

from trainers.errors import UsageError
from trainers.training.items import of_coco
from trainers.training.limits import limited


@pytest.fixture
def data(drawn, tmp_path):
    return of_coco(drawn(8), tmp_path / "images", class_aware=True)


def names(items):
    return {item.path.name for item in items.items}


@pytest.mark.parametrize(("wanted", "count"), [(3, 3), (0.25, 2), (0.01, 1), (8, 8)])
def test_some_of_the_images(data, wanted, count):
    assert len(names(limited(data, wanted, None, seed=0))) == count


def test_a_larger_part_holds_every_smaller_one(data):
    parts = [names(limited(data, count, None, seed=1)) for count in (2, 4, 6)]
    assert parts[0] < parts[1] < parts[2]
    assert names(limited(data, 2, None, seed=2)) != parts[0]


def test_masks_on_a_part_and_classes_everywhere(data):
    part = limited(data, None, 0.25, seed=0)
    assert names(part) == names(data)
    assert sum(item.has_mask.all() for item in part.items) == 2
    assert sum((~item.has_mask).all() for item in part.items) == 6
    assert all(item.categories.tolist() == [0, 1] for item in part.items)
    assert np.array_equal([item.has_mask.all() for item in data.items], [True] * 8), "the whole set stays as it was"


@pytest.mark.parametrize(("images", "masks"), [(0, None), (9, None), (None, -1.0), (2, 3)])
def test_more_than_there_is_is_told(data, images, masks):
    with pytest.raises(UsageError, match="give a share below 1, or a number up to"):
        limited(data, images, masks, seed=0)
