"""A teacher for the pictures of `tests.trainers.training.conftest`: what is coloured, left and right; it imports no torch."""

import numpy as np

from freesolo.instances import Instances
from freesolo.proposers import Proposal

NAME = "tests.trainers.ablation.teacher:Teacher"
BLIND = "tests.trainers.ablation.teacher:Blind"


class Teacher:
    identity = "squares@1"

    def propose(self, image):
        coloured = np.ptp(image.astype(int), 2) > 60
        masks = np.stack([coloured, coloured])
        half = image.shape[1] // 2
        masks[0, :, half:] = masks[1, :, :half] = False
        vectors = np.array([[1, 0, 0, 2, 0, 1], [0, 1, 3, 0, 0, 0]], np.float32)
        return Proposal(Instances.from_masks(masks, [0.9, 0.8], vectors))


class Blind:
    identity = "blind@1"

    def propose(self, image):
        return Proposal(Instances.empty(image.shape[:2]))
