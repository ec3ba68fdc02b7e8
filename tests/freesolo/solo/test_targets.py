import numpy as np

from freesolo.solo.targets import assign

GRIDS = (10, 5)
RANGES = ((0.0, 0.4), (0.3, 9.0))


def disc(centre, radius, side=100):
    rows, columns = np.mgrid[:side, :side]
    return (rows - centre[0]) ** 2 + (columns - centre[1]) ** 2 <= radius**2


def assigned(*masks, scores=None):
    scores = np.ones(len(masks), np.float32) if scores is None else np.asarray(scores, np.float32)
    return assign(np.array(masks).reshape(-1, 100, 100), scores, GRIDS, RANGES)


def test_a_small_object_trains_the_cell_of_its_centre():
    found = assigned(disc((35, 72), 4))
    assert found.cells.tolist() == [3 * 10 + 7]
    assert found.objects.tolist() == [0]


def test_ranges_overlap_so_one_object_can_train_two_levels():
    found = assigned(disc((50, 50), 17))  # 35 % of the side
    assert (found.cells < 100).any()
    assert (found.cells >= 100).any()


def test_at_most_three_by_three_cells_a_level():
    assert len(assigned(np.ones((100, 100), bool)).cells) <= 9


def test_size_is_a_share_of_the_image_whatever_its_shape():
    """Traps 2 and 6: the level follows the tight box in the image's own frame."""
    tall = np.zeros((1, 200, 50), bool)
    tall[0, 80:120, 20:30] = True  # 20 % x 20 %
    found = assign(tall, np.ones(1, np.float32), GRIDS, RANGES)
    assert set(found.cells.tolist()) == {4 * 10 + 4, 4 * 10 + 5, 5 * 10 + 4, 5 * 10 + 5}


def test_of_two_objects_in_a_cell_the_better_one_wins_then_the_smaller():
    large, small = disc((35, 75), 14), disc((35, 75), 3)
    assert 1 in assigned(large, small, scores=[0.5, 0.9]).objects
    better = assigned(large, small, scores=[0.9, 0.5])
    assert set(better.objects.tolist()) == {0}
    centre = assigned(large, small)
    assert centre.objects[centre.cells.tolist().index(3 * 10 + 7)] == 1


def test_no_masks_and_empty_masks_train_nothing():
    """Trap 4."""
    assert len(assigned().cells) == 0
    assert len(assigned(np.zeros((100, 100), bool)).cells) == 0


def test_the_centre_is_that_of_mass_not_of_the_box():
    mask = np.zeros((100, 100), bool)
    mask[10:12, 10:40] = True
    mask[10:40, 10:18] = True  # an L: its mass is at the upper left
    found = assigned(mask)
    assert (found.cells[found.cells < 100] % 10).max() <= 2


def test_every_cell_belongs_to_one_object():
    rng = np.random.default_rng(0)
    masks = [disc(rng.integers(0, 100, 2), rng.integers(3, 40)) for _ in range(30)]
    found = assigned(*masks, scores=rng.random(30))
    assert len(set(found.cells.tolist())) == len(found.cells)
    assert (np.diff(found.cells) > 0).all()
