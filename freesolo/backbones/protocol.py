"""What every backbone offers to Free Mask and SOLO."""

from typing import Protocol

from torch import Tensor

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


class Backbone(Protocol):
    """A pretrained network as a source of feature maps."""

    @property
    def identity(self) -> str:
        """Name and the first 12 digits of the sha256 of the weights, ``name@hash``; written into every output."""

    @property
    def mean(self) -> tuple[float, float, float]:
        """RGB mean that the images are normalised with, of values in [0, 1]."""

    @property
    def std(self) -> tuple[float, float, float]:
        """RGB standard deviation that the images are normalised with."""

    def features(self, images: Tensor) -> dict[int, Tensor]:
        """(n, 3, h, w) float32 normalised -> {stride: (n, channels, h / stride, w / stride) float32}."""
