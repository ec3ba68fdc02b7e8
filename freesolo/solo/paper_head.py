"""The two branches of the paper's SOLO on a feature pyramid: what stands in each grid cell, and the features that masks are made of."""

import math
from itertools import pairwise

import torch
from torch import Tensor, nn

from freesolo.solo.fpn import doubled
from freesolo.solo.paper_settings import STRIDES, PaperSoloSettings

PRIOR_BIAS = -4.595
"""Category logits start at a probability of 0.01, as focal loss wants it."""
_GROUPS = 32
_FINEST = 4
"""Stride of p2, which the finest level reads at half its size."""


class InstanceHead(nn.Module):
    """Category, dynamic kernel and semantic embedding of each cell; one set of weights for all levels."""

    def __init__(self, settings: PaperSoloSettings) -> None:
        super().__init__()
        self._grids = settings.grids
        self.category_tower = _tower(settings.channels, settings)
        self.kernel_tower = _tower(settings.channels + 2, settings)
        side = settings.embedding_kernel
        self.category = nn.Conv2d(settings.tower, settings.classes, 3, padding=1)
        self.kernel = nn.Conv2d(settings.tower, settings.mask_channels, 3, padding=1)
        self.embedding = nn.Conv2d(settings.tower, settings.embedding, side, padding=side // 2)
        for convolution in self.modules():
            if isinstance(convolution, nn.Conv2d):
                nn.init.normal_(convolution.weight, std=0.01)
                if convolution.bias is not None:
                    nn.init.zeros_(convolution.bias)
        assert self.category.bias is not None
        nn.init.constant_(self.category.bias, PRIOR_BIAS)

    def forward(self, pyramid: list[Tensor], sizes: list[tuple[int, int]]) -> tuple[Tensor, Tensor, Tensor]:
        """p2 to p6 and each image's own (h, w) in pixels -> (n, S, K), (n, S, D), (n, S, E) over the cells of all levels."""
        p2, p3, p4, p5, p6 = pyramid
        levels = (p2, p3, p4, p5, doubled(p6, p5, "bilinear"))
        finest = (True, False, False, False, False)
        cells = [self._cells(*each, sizes) for each in zip(levels, STRIDES, self._grids, finest, strict=True)]
        category, kernels, embeddings = (torch.cat([level[i].flatten(2) for level in cells], 2).mT for i in range(3))
        return category, kernels, embeddings

    def _cells(
        self, level: Tensor, stride: int, grid: int, is_finest: bool, sizes: list[tuple[int, int]]
    ) -> tuple[Tensor, Tensor, Tensor]:
        fine = _FINEST if is_finest else stride
        plain = torch.stack(
            [_resampled(x, (h / fine, w / fine), grid, is_finest) for x, (h, w) in zip(level, sizes, strict=True)]
        )
        place = torch.stack([_places((h / stride, w / stride), grid) for h, w in sizes]).to(plain)
        plain, placed = (x.contiguous(memory_format=torch.channels_last) for x in (plain, torch.cat([plain, place], 1)))
        semantic = self.category_tower(plain)
        return self.category(semantic), self.kernel(self.kernel_tower(placed)), self.embedding(semantic)


class MaskBranch(nn.Module):
    """p2 to p5 summed at stride 4; the coarsest knows where it is."""

    def __init__(self, settings: PaperSoloSettings) -> None:
        super().__init__()
        inputs, width = settings.channels, settings.mask_width
        self.p2 = _layer(inputs, width)
        self.p3 = _layer(inputs, width)
        self.p4 = nn.ModuleList([_layer(inputs, width), _layer(width, width)])
        self.p5 = nn.ModuleList([_layer(inputs + 2, width), _layer(width, width), _layer(width, width)])
        self.merge = _layer(width, settings.mask_channels, 1)

    def forward(self, pyramid: list[Tensor], sizes: list[tuple[int, int]]) -> Tensor:
        """p2 to p5 and each image's own (h, w) in pixels -> (n, C, h, w) mask features at stride 4."""
        p2, p3, p4, p5 = pyramid[:4]
        x = self.p5[0](torch.cat([p5, _coordinates(p5, sizes)], 1))
        x = self.p5[1](doubled(x, p4, "bilinear"))
        x = self.p5[2](doubled(x, p3, "bilinear"))
        # Enlarging is linear, so the three coarse parts are summed before the last, costly enlargement.
        x = x + self.p4[1](doubled(self.p4[0](p4), p3, "bilinear")) + self.p3(p3)
        features: Tensor = self.merge(self.p2(p2).add(doubled(x, p2, "bilinear")))
        return features


def _layer(inputs: int, outputs: int, side: int = 3) -> nn.Sequential:
    convolution = nn.Conv2d(inputs, outputs, side, padding=side // 2, bias=False)
    nn.init.kaiming_normal_(convolution.weight)
    return nn.Sequential(convolution, nn.GroupNorm(_GROUPS, outputs), nn.ReLU(inplace=True))


def _tower(inputs: int, settings: PaperSoloSettings) -> nn.Sequential:
    widths = [inputs] + [settings.tower] * settings.tower_layers
    return nn.Sequential(*(_layer(a, b) for a, b in pairwise(widths)))


def _resampled(level: Tensor, extent: tuple[float, float], grid: int, is_halved: bool = False) -> Tensor:
    """(C, h, w) -> (C, grid, grid), bilinear at the centres of the cells of the image's own frame.

    Args:
        level: a map, of which ``extent`` rows and columns belong to the image.
        extent: may have fractions.
        grid: cells along each side.
        is_halved: as if the map had been brought to half its size first, by means of 2 x 2; but only where it is read.
    """
    (rows, down), (columns, across) = (_taps(side, grid, is_halved, level) for side in extent)
    picked = level.index_select(1, rows).reshape(len(level), *down.shape, -1)
    narrow = torch.einsum("ckgw,kg->cgw", picked, down)
    return torch.einsum(
        "cgkj,kj->cgj", narrow.index_select(2, columns).reshape(len(level), grid, *across.shape), across
    )


def _taps(extent: float, grid: int, is_halved: bool, level: Tensor) -> tuple[Tensor, Tensor]:
    """(k * grid,) rows (or columns) around the centre of each cell, and their (k, grid) weights; k is 2, or 4 where halved."""
    step = 2 if is_halved else 1
    last = math.ceil(extent / step) - 1
    at = _centres(extent / step, grid).clamp(0, last)
    first = at.floor()
    near, far = first.long(), (first + 1).clamp(max=last).long()
    weights = torch.stack([1 - (at - first), at - first])
    taps = torch.stack([near, far])
    if is_halved:
        taps = torch.stack([2 * taps, (2 * taps + 1).clamp(max=math.ceil(extent) - 1)], 1).flatten(0, 1)
        weights = weights.repeat_interleave(2, 0) / 2
    return taps.flatten().to(level.device), weights.to(level)


def _centres(extent: float, grid: int) -> Tensor:
    """Positions of the cells' centres among ``extent`` rows (or columns), that of the first one's centre being 0."""
    return (torch.arange(grid) + 0.5) * (extent / grid) - 0.5


def _places(extent: tuple[float, float], grid: int) -> Tensor:
    """(2, grid, grid) x and y of the cells: -1 at the centre of the first row or column, 1 at that of the last one."""
    y, x = (2 * _centres(side, grid) / max(1.0, side - 1) - 1 for side in extent)
    return torch.stack(torch.meshgrid(x, y, indexing="xy"))


def _coordinates(level: Tensor, sizes: list[tuple[int, int]]) -> Tensor:
    """(n, 2, h, w) x and y of the map's cells, from -1 to 1 over each image's own frame; beyond in the padding."""
    stride = STRIDES[3]
    planes = []
    for size in sizes:
        y, x = (
            torch.arange(count) * (2 / max(1.0, side / stride - 1)) - 1
            for count, side in zip(level.shape[2:], size, strict=True)
        )
        planes.append(torch.stack(torch.meshgrid(x, y, indexing="xy")))
    return torch.stack(planes).to(level)
