"""Widths and grids of the light SOLO."""

from typing import Literal

from pydantic import Field, model_validator
from typing_extensions import Self

from freesolo.config import Config

_TEST_SCALE = 1.27


class LightSettings(Config):
    """A SOLO for CPUs: a small backbone, one pair of two-layer towers, one-layer dynamic kernels."""

    kind: Literal["light"] = "light"
    backbone: str = "tf_efficientnet_lite0"
    """A timm model that gives feature maps of strides 4, 8, 16 and 32."""
    size: int = Field(default=352, ge=64, multiple_of=32)
    """Images are stretched to a square of this side, pixels."""
    frozen_stride: int = Field(default=8, ge=0)
    """The backbone keeps its weights up to its map of this stride; 0 trains all of it."""
    grids: tuple[int, ...] = (28, 18, 12, 8)
    """Cells along each side, level by level."""
    strides: tuple[int, ...] = (8, 16, 32, 32)
    """Stride of the feature map that each level reads."""
    ranges: tuple[tuple[float, float], ...] = ((0.0, 0.14), (0.09, 0.28), (0.19, 0.56), (0.4, 9.0))
    """(low, high) of sqrt(box area) that trains each level, as a share of sqrt(image area); they overlap, as the paper's."""
    discs: tuple[float, ...] = (0.05, 0.1, 0.2, 0.35)
    """Radius of the disc that each level's masks start from, as a share of the side."""
    channels: int = Field(default=64, multiple_of=16)
    """Of the feature pyramid."""
    tower: int = Field(default=128, multiple_of=16)
    """Channels of the category and of the kernel tower."""
    mask_channels: int = Field(default=64, ge=1)
    """Of the mask features."""
    embedding: int = Field(default=64, ge=1)
    """Length of the semantic embeddings."""
    classes: int = Field(default=1, ge=1)
    """1: foreground or background (paper 3.3); more: fine-tuned with categories."""

    @model_validator(mode="after")
    def _one_entry_a_level(self) -> Self:
        lengths = {len(self.grids), len(self.strides), len(self.ranges), len(self.discs)}
        if len(lengths) != 1:
            raise ValueError("grids, strides, ranges and discs need one entry a level each")
        if not set(self.strides) <= {8, 16, 32}:
            raise ValueError("strides are 8, 16 or 32")
        return self

    @property
    def square(self) -> int | None:
        """Side of the square that training views are stretched to."""
        return self.size

    @property
    def test_size(self) -> int:
        """Side of the square that images are stretched to for inference, pixels.

        Random windows make objects larger in training than in whole images; a larger image makes up for it (Touvron et al., Fixing the
        train-test resolution discrepancy, 2019). Measured on 100 COCO photographs at 352, 416, 448, 480: AP 3.1, 3.2, 3.2, 3.2,
        AR100 14.2, 14.7, 14.7, 14.5.
        """
        return round(self.size * _TEST_SCALE / 32) * 32
