"""Widths and grids of the paper's SOLO (paper section 3.3 and appendix A.3; SOLOv2 for the head)."""

from typing import Literal

from pydantic import Field, model_validator
from typing_extensions import Self

from freesolo.config import Config

STRIDES = (8, 8, 16, 32, 32)
"""Of the maps that the five levels read: p2 and p6 of the pyramid are first brought to their neighbours' size."""
_REFERENCE = (800 * 1067) ** 0.5
"""sqrt(area) of the usual photograph at the paper's size: turns its ranges in pixels into shares of the image."""


class PaperSoloSettings(Config):
    """ResNet, feature pyramid, and the dynamic head of SOLOv2 with the semantic branch; every default is the paper's."""

    kind: Literal["paper-r50", "paper-r101"] = "paper-r50"
    """With ResNet-50 or -101."""
    backbone: str | None = None
    """Weights that training starts from: a name of `freesolo.backbones`; None: DenseCL's of this depth."""
    short_side: int = Field(default=800, ge=64)
    """Images are scaled to this shorter side, pixels."""
    long_side: int = Field(default=1333, ge=64)
    """But to no longer side than this, pixels."""
    frozen_stride: Literal[0, 2, 4, 8, 16, 32] = 4
    """The backbone keeps its weights up to its map of this stride; 0 trains all of it."""
    normalisation: Literal["frozen", "trained"] = "frozen"
    """Of the backbone. Frozen: BatchNorm keeps the statistics and factors of pre-training, as batches of few images need it."""
    grids: tuple[int, int, int, int, int] = (40, 36, 24, 16, 12)
    """Cells along each side, level by level."""
    pixel_ranges: tuple[tuple[float, float], ...] = ((1, 96), (48, 192), (96, 384), (192, 768), (384, 2048))
    """(low, high) of sqrt(box area) that trains each level, in pixels of an image of 800 x 1067."""
    width: int = Field(default=64, ge=1)
    """Channels of the ResNet's stem; its maps have 4, 8, 16 and 32 times as many."""
    channels: int = Field(default=256, ge=1)
    """Of the feature pyramid."""
    tower: int = Field(default=512, multiple_of=32)
    """Channels of the category and of the kernel tower."""
    tower_layers: int = Field(default=4, ge=1)
    mask_width: int = Field(default=128, multiple_of=32)
    """Channels inside the mask branch."""
    mask_channels: int = Field(default=256, multiple_of=32)
    """Of the mask features; a dynamic kernel is one 1 x 1 convolution over them."""
    embedding: int = Field(default=128, ge=1)
    """Length of the semantic embeddings."""
    embedding_kernel: Literal[1, 3] = 3
    """Side of the semantic branch's convolution."""
    classes: int = Field(default=1, ge=1)
    """1: foreground or background (paper 3.3); more: fine-tuned with categories."""

    @model_validator(mode="after")
    def _one_range_a_level(self) -> Self:
        if len(self.pixel_ranges) != len(self.grids):
            raise ValueError("grids and pixel_ranges need one entry a level each")
        return self

    @property
    def blocks(self) -> tuple[int, int, int, int]:
        """Residual blocks of each stage."""
        return (3, 4, 6, 3) if self.kind == "paper-r50" else (3, 4, 23, 3)

    @property
    def backbone_weights(self) -> str:
        """Name of the weights that training starts from."""
        return self.backbone or ("densecl_resnet50" if self.kind == "paper-r50" else "densecl_resnet101")

    @property
    def ranges(self) -> tuple[tuple[float, float], ...]:
        """(low, high) of each level as a share of sqrt(image area)."""
        return tuple((low / _REFERENCE, high / _REFERENCE) for low, high in self.pixel_ranges)

    @property
    def square(self) -> int | None:
        """Side of the square that training views are stretched to: none, images keep their shape."""
        return None
