"""The SOLO of the paper (section 3.3): ResNet, feature pyramid, dynamic head of SOLOv2, semantic branch beside the category layer."""

import copy
from pathlib import Path

import torch
from torch import Tensor, nn
from typing_extensions import Self

from freesolo import backbones
from freesolo.backbones.precision import native_bfloat16
from freesolo.backbones.pretrained_file import load_backbone_weights
from freesolo.backbones.resnet_trunk import ResNetTrunk
from freesolo.errors import ConfigError
from freesolo.solo.fpn import FeaturePyramid
from freesolo.solo.output import SoloOutput
from freesolo.solo.paper_head import InstanceHead, MaskBranch
from freesolo.solo.paper_settings import PaperSoloSettings


class PaperNetwork(nn.Module):
    """`SoloNetwork` for images of any shape, padded right and below where a batch holds several."""

    def __init__(self, settings: PaperSoloSettings, pretrained: bool = True, weights: Path | None = None) -> None:
        """
        Args:
            settings: depth, widths and grids.
            pretrained: start from the backbone weights that the settings name; they are fetched where they are not at hand.
            weights: start from this file of `python -m trainers pretrain` instead.

        Raises:
            ConfigError: the settings name an unknown backbone, or one of another architecture.
            WeightsError: the backbone's weights cannot be had, or do not fit.
        """
        super().__init__()
        self.settings = settings
        self.backbone = ResNetTrunk(
            settings.blocks, settings.width, settings.frozen_stride, settings.normalisation == "trained"
        )
        if weights is not None:
            load_backbone_weights(self.backbone, weights)
        elif pretrained:
            _load(self.backbone, settings)
        self.pyramid = FeaturePyramid(self.backbone.widths, settings.channels)
        self.head = InstanceHead(settings)
        self.masks = MaskBranch(settings)

    @property
    def grids(self) -> tuple[int, ...]:
        """Cells along each side, level by level."""
        return self.settings.grids

    @property
    def ranges(self) -> tuple[tuple[float, float], ...]:
        """(low, high) of sqrt(box area) that trains each level, as a share of sqrt(image area)."""
        return self.settings.ranges

    def forward(self, images: Tensor, sizes: list[tuple[int, int]] | None = None) -> SoloOutput:
        """(n, 3, H, W) normalised images, padded right and below; ``sizes``: each one's own (h, w) inside, None: all of it.

        In bfloat16 where the machine multiplies it natively, in float32 elsewhere; weights stay as they are.
        """
        sizes = sizes or [(images.shape[2], images.shape[3])] * len(images)
        dtype = self.backbone.conv1.weight.dtype
        with torch.autocast(
            images.device.type, torch.bfloat16, enabled=dtype == torch.float32 and _has_bfloat16(images.device)
        ):
            pyramid = self.pyramid(self.backbone(images.to(dtype=dtype, memory_format=torch.channels_last)))
            category, kernels, embeddings = self.head(pyramid, sizes)
            features = self.masks(pyramid, sizes)
        return SoloOutput(category.float(), kernels.float(), embeddings.float(), features)

    def mask_logits(self, kernels: Tensor, cells: Tensor, features: Tensor) -> Tensor:
        """(k, D) kernels on one image's (D, h, w) features -> (k, h, w) float32 logits; where the cell lies does not matter here."""
        pixels = features.permute(1, 2, 0).flatten(0, 1)  # channels last, as the network lays them out
        logits = kernels.to(features.dtype) @ pixels.mT
        return logits.view(-1, *features.shape[1:]).float()

    def for_inference(self) -> Self:
        """A copy that gives the same in less time: BatchNorm folded, weights in bfloat16 where that is native."""
        fast = copy.deepcopy(self).eval()
        fast.backbone.fold()
        dtype = torch.bfloat16 if _has_bfloat16(self.backbone.conv1.weight.device) else torch.float32
        return fast.requires_grad_(False).to(dtype=dtype, memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def _has_bfloat16(device: torch.device) -> bool:
    return torch.cuda.is_bf16_supported() if device.type == "cuda" else native_bfloat16()


def _load(trunk: ResNetTrunk, settings: PaperSoloSettings) -> None:
    """Fill the trunk from the registry of backbones."""
    source = backbones.load(settings.backbone_weights)
    state = getattr(source, "network", nn.Module()).state_dict()
    expected = trunk.state_dict()
    fitting = {name: value for name, value in state.items() if name in expected and value.shape == expected[name].shape}
    if len(fitting) < len(expected):
        raise ConfigError(
            f"{settings.backbone_weights} fits {len(fitting)} of the {len(expected)} weights of {settings.kind}'s ResNet; "
            "name weights of the same depth as network.backbone"
        )
    trunk.load_state_dict(fitting)
