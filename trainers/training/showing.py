"""A few fixed images predicted again and again while a network trains, so that people see what it learns."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from freesolo.errors import ImageError
from freesolo.images import read_image
from freesolo.solo.proposer import SoloProposer
from freesolo.solo.weights import Card, Model, build
from trainers import work_list
from trainers.work_list import WorkItem

TIMES = 5
"""In a run, beside its start."""
MASKS = 12
"""Of an image, at most: those with the best scores."""


class Show:
    """Predicts the images with the weights of a moment."""

    def __init__(
        self, images: Sequence[WorkItem], card: Card, steps: int, tell: Callable[[dict[str, Any]], None]
    ) -> None:
        """
        Args:
            images: the fixed ones.
            card: of the network.
            steps: of the run.
            tell: given an event with the masks (compressed COCO RLE) of each image that can be read.
        """
        self._images = images
        self._card = card
        self._steps = steps
        self._tell = tell

    def is_due(self, done: int) -> bool:
        """Whether the images are to be predicted after so many steps."""
        every = max(1, self._steps // TIMES)
        return done % every == 0 or done == self._steps

    def show(self, done: int, state: Mapping[str, Tensor]) -> None:
        """Predict and tell; the run's own random numbers stay as they were."""
        chance = torch.get_rng_state()
        network = build(self._card)
        network.load_state_dict({name: value.detach().float().cpu() for name, value in state.items()})
        torch.set_rng_state(chance)
        proposer = SoloProposer(Model(network.eval(), self._card, f"step {done}"))
        rows = [row for row in (_row(proposer, item) for item in self._images) if row is not None]
        self._tell({"event": "shown", "step": done, "steps": self._steps, "images": rows})


def read(path: Path | None) -> list[WorkItem]:
    """The images of a list as ``propose --list`` takes it; none without one.

    Raises:
        UsageError: it cannot be read.
    """
    return [] if path is None else work_list.of_list(path).items


def _row(proposer: SoloProposer, item: WorkItem) -> dict[str, Any] | None:
    try:
        pixels = read_image(Path(item.path)).pixels
    except ImageError:
        return None  # it may have been deleted under a long run
    found = proposer.propose(pixels).instances.top(MASKS)
    height, width = found.size
    return {"key": item.key, "width": width, "height": height, "masks": [code.decode("ascii") for code in found.counts]}
