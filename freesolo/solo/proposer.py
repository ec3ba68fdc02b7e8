"""The proposer `solo`: a trained SOLO, light or the paper's."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch
from pycocotools import mask as coco_mask
from torch import Tensor

from freesolo.images import resize_shorter
from freesolo.instances import Instances
from freesolo.proposers import Proposal
from freesolo.solo.inference import InferenceSettings, detect
from freesolo.solo.paper_settings import PaperSoloSettings
from freesolo.solo.weights import Model, load


class SoloProposer:
    """Masks by one pass of the network; a light one takes 0.1 to 0.2 s an image on one core."""

    def __init__(self, model: Model, settings: InferenceSettings | None = None) -> None:
        """
        Args:
            model: network and card.
            settings: None: the paper's, with the card's cut and every mask that survives it, however low its score.
        """
        self._model = model
        self._network = model.network.for_inference()
        self._settings = settings or InferenceSettings(cut=model.card.cut, candidates=200, keep=0.0)
        self._mean, self._std = torch.tensor(model.card.mean), torch.tensor(model.card.std)

    @classmethod
    def from_file(cls, path: Path) -> "SoloProposer":
        """A proposer from a weights file.

        Raises:
            WeightsError: the file holds no model.
        """
        return cls(load(path))

    @property
    def identity(self) -> str:
        """``solo:name@hash``."""
        return f"solo:{self._model.identity}"

    def propose(self, image: npt.NDArray[np.uint8]) -> Proposal:
        """Masks of one upright RGB image, (height, width, 3) uint8, with unit semantic embeddings, and classes where it knows any."""
        small = self._resized(image)
        values = ((torch.from_numpy(small) / 255 - self._mean) / self._std).permute(2, 0, 1)[None]
        with torch.inference_mode():
            output = self._network(values)
            found = detect(
                self._network, output, 0, (output.features.shape[2], output.features.shape[3]), self._settings
            )
            names = self._model.card.categories
            categories = [names[number] for number in found.categories.tolist()] if names else None
            size = (image.shape[0], image.shape[1])
            instances = to_instances(found.logits, found.scores, size, found.embeddings, categories)
        return Proposal(instances)

    def _resized(self, image: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """At the network's size for inference: a square, or in its own shape."""
        shape = self._model.card.network
        if isinstance(shape, PaperSoloSettings):
            return resize_shorter(image, shape.short_side, shape.long_side)
        side = shape.test_size
        shrinks = side < min(image.shape[:2])
        method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        return np.asarray(cv2.resize(image, (side, side), interpolation=method), np.uint8)


def to_instances(
    logits: Tensor,
    scores: Tensor,
    size: tuple[int, int],
    embeddings: Tensor,
    categories: Sequence[str] | None = None,
) -> Instances:
    """(n, h, w) logits scaled to the image, foreground above 0; masks that vanish are dropped."""
    if not len(logits):
        return Instances.empty(size)
    height, width = size
    counts = []
    for plane in logits.float().mT.contiguous().numpy():  # RLE runs down the columns: transposed they are rows
        columns = cv2.resize(plane, (height, width), interpolation=cv2.INTER_LINEAR) > 0
        counts.append(coco_mask.encode(columns.view(np.uint8).T[:, :, None])[0]["counts"])
    found = Instances.from_counts(size, counts, scores.numpy(), embeddings.numpy(), categories)
    return found[found.areas > 0]
