import numpy as np
import pytest

from freesolo.instances import Instances
from freesolo.proposers import Proposal
from tests.trainers.training.conftest import draw
from trainers.training.agreement import flip_agreement


class Colours:
    """Finds what is coloured; or, asked to, the left half of whatever it is shown."""

    identity = "colours"

    def __init__(self, is_blind=False, finds=True):
        self.is_blind = is_blind
        self.finds = finds

    def propose(self, image):
        mask = (image.max(2).astype(int) - image.min(2)) > 60
        if self.is_blind:
            mask[:] = False
            mask[:, : mask.shape[1] // 2] = True
        found = Instances.from_masks(mask[None], np.ones(1, np.float32))
        return Proposal(found if self.finds else Instances.empty(mask.shape))


@pytest.mark.parametrize(
    ("proposer", "figure"), [(Colours(), 1.0), (Colours(is_blind=True), 0.0), (Colours(finds=False), 0.0)]
)
def test_what_depends_on_the_picture_alone_agrees_with_its_mirror_image(proposer, figure, tmp_path):
    paths = [tmp_path / f"{k}.png" for k in range(2)]
    for number, path in enumerate(paths):
        draw(path, number)
    assert flip_agreement(proposer, paths) == figure
