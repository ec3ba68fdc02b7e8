"""Cut-outs, their energy, and the ranking anew."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from skimage import data

from freesolo.backbones.efficientnet_lite import load_efficientnet_lite0
from freesolo.freemask import GroupingSettings, pipeline
from freesolo.freemask.recognition import Recogniser, _cut_out
from freesolo.instances import Instances


@pytest.fixture(scope="module")
def recogniser() -> Recogniser:
    return Recogniser.load(GroupingSettings())


def instances(*masks: np.ndarray) -> Instances:
    return Instances.from_masks(np.array(masks), np.linspace(-1, -2, len(masks)).astype(np.float32))


def box(size: tuple[int, int], top: int, left: int, bottom: int, right: int) -> np.ndarray:
    mask = np.zeros(size, bool)
    mask[top:bottom, left:right] = True
    return mask


@pytest.mark.parametrize("corners", [(40, 60, 240, 200), (0, 0, 30, 299), (150, 290, 200, 300), (7, 7, 8, 8)])
def test_a_cut_out_is_the_mask_s_pixels_in_the_middle_of_grey(corners: tuple[int, int, int, int]) -> None:
    image = np.full((250, 300, 3), 10, np.uint8)
    mask = box((250, 300), *corners)
    image[mask] = 250
    cut = _cut_out(image, mask, instances(mask).boxes[0]).astype(int)
    assert cut.min() >= 127, "nothing of the surroundings"
    top, left, bottom, right = corners
    side = max(1, int(max(bottom - top, right - left) * 1.15))
    share = (cut[..., 0] - 127).sum() / (250 - 127) / 128**2
    assert share == pytest.approx((bottom - top) * (right - left) / side**2, abs=0.02)
    rows, columns = np.nonzero(cut[..., 0] > 188)
    assert rows.mean() == pytest.approx(63.5, abs=3)
    assert columns.mean() == pytest.approx(63.5, abs=3)


def test_the_energy_is_that_of_the_original_classifier(recogniser: Recogniser) -> None:
    image = data.chelsea()
    found = instances(box(image.shape[:2], 20, 100, 280, 400), box(image.shape[:2], 200, 10, 290, 90))
    cut = np.stack([_cut_out(image, mask, row) for mask, row in zip(found.decode(), found.boxes, strict=True)])
    network, _ = load_efficientnet_lite0()
    with torch.inference_mode():
        expected = network(torch.from_numpy(cut).permute(0, 3, 1, 2) / 127.5 - 1).logsumexp(1)
    assert recogniser.energies(image, found) == pytest.approx(expected.numpy(), abs=1e-3)


def test_a_cat_is_more_recognisable_than_what_is_behind_it(recogniser: Recogniser) -> None:
    image = data.chelsea()
    size = image.shape[:2]
    cat, wall = box(size, 20, 100, 280, 400), box(size, 0, 0, 90, 90)
    energies = recogniser.energies(image, instances(cat, wall))
    assert energies[0] > energies[1] + 1


class Fixed(Recogniser):
    """Gives energies without looking."""

    def __init__(self, *energies: float) -> None:
        self.given = np.array(energies, np.float32)

    def energies(self, image: np.ndarray, instances: Instances) -> np.ndarray:
        return self.given[: len(instances)]


def apart(count: int) -> Instances:
    """Masks that do not overlap, each a little worse than the one before."""
    return instances(*(box((50, 50), 5 * k, 0, 5 * k + 4, 20) for k in range(count)))


IMAGE = np.zeros((50, 50, 3), np.uint8)


def test_the_ranking_follows_score_and_energy() -> None:
    ranked = pipeline._recognised(IMAGE, apart(3), Fixed(10, 13, 40), GroupingSettings())
    assert ranked.boxes[:, 1].tolist() == [10, 0, 5]
    assert (np.diff(ranked.scores) <= 0).all()
    assert ranked.scores[0] == pytest.approx(-2 + 0.12 * 27)


def test_masks_that_were_not_shown_never_overtake_one_that_was() -> None:
    settings = GroupingSettings().model_copy(update={"recognised": 4})
    ranked = pipeline._recognised(IMAGE, apart(9), Fixed(9, 1, 20, 15), settings)
    assert set(ranked.boxes[:4, 1].tolist()) == {0, 5, 10, 15}
    assert ranked.boxes[4:, 1].tolist() == [20, 25, 30, 35, 40]


def test_no_mask_and_equal_energies_change_nothing() -> None:
    nothing = Instances.empty((50, 50))
    assert len(pipeline._recognised(IMAGE, nothing, Fixed(), GroupingSettings())) == 0
    same = pipeline._recognised(IMAGE, apart(5), Fixed(*[13] * 5), GroupingSettings())
    assert same.counts == apart(5).counts
    assert same.scores == pytest.approx(apart(5).scores)


def test_embeddings_stay_with_their_masks() -> None:
    found = replace(apart(3), embeddings=np.eye(3, dtype=np.float32))
    ranked = pipeline._recognised(IMAGE, found, Fixed(0, 0, 90), GroupingSettings())
    assert ranked.embeddings is not None
    assert ranked.embeddings[0].tolist() == [0, 0, 1]
