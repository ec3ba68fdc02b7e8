"""The network that comes with the package, trained without any label (`assets/model-card.md`): proposers `solo` and `union`; and the
union with another network in its place."""

from pathlib import Path

import numpy as np

from freesolo.assets import shipped_weights
from freesolo.errors import WeightsError
from freesolo.freemask import FreeMask
from freesolo.freemask.recognition import Recogniser
from freesolo.freemask.settings import GroupingSettings
from freesolo.proposers import Proposer
from freesolo.solo.proposer import SoloProposer
from freesolo.solo.weights import load
from freesolo.union import Ranked, Union

TEACHER = "default"
"""The preset of Free Mask that the network learned from; the union's other half."""


def solo() -> Proposer:
    """The network alone.

    Raises:
        WeightsError: the file is missing or damaged.
    """
    return SoloProposer.from_file(shipped_weights())


def union(weights: Path | None = None) -> Proposer:
    """A network and the preset ``default``, in one list.

    Args:
        weights: of the network, with what its scores are worth; None: the shipped one.

    Raises:
        WeightsError: the file is missing or damaged, or does not say what scores are worth.
    """
    model = load(weights or shipped_weights())
    if not {"solo", "teacher"} <= model.card.score_quantiles.keys():
        raise WeightsError(
            f"{weights} does not say what its scores are worth beside those of {TEACHER!r}: "
            f"train it with selftrain, or with finetune --beside {TEACHER}"
        )
    worth = {name: np.asarray(scores, np.float32) for name, scores in model.card.score_quantiles.items()}
    teacher = Ranked(FreeMask.from_preset(TEACHER), worth["teacher"], model.space)
    recogniser = Recogniser.load(GroupingSettings())
    own = Ranked(SoloProposer(model), worth["solo"], recogniser=recogniser)
    return Union("union", (teacher, own), scale=worth.get("result"))
