"""The feature pyramid of the paper's SOLO: p2 to p6 with one number of channels (Lin et al. 2017)."""

import torch.nn.functional as F
from torch import Tensor, nn


class FeaturePyramid(nn.Module):
    """From maps of strides 4 to 32 to maps of strides 4 to 64."""

    def __init__(self, widths: tuple[int, ...], channels: int) -> None:
        """
        Args:
            widths: channels of the maps that come in, finest first.
            channels: of every map that goes out.
        """
        super().__init__()
        self.laterals = nn.ModuleList(nn.Conv2d(width, channels, 1) for width in widths)
        self.outputs = nn.ModuleList(nn.Conv2d(channels, channels, 3, padding=1) for _ in widths)
        for convolution in (*self.laterals, *self.outputs):
            assert isinstance(convolution, nn.Conv2d)
            nn.init.kaiming_uniform_(convolution.weight, a=1)
            assert convolution.bias is not None
            nn.init.zeros_(convolution.bias)

    def forward(self, maps: list[Tensor]) -> list[Tensor]:
        """Maps finest first -> p2, p3, p4, p5 and p6, which is every other cell of p5."""
        merged = [self.laterals[-1](maps[-1])]
        for lateral, feature in zip(list(self.laterals)[-2::-1], maps[-2::-1], strict=True):
            merged.insert(0, lateral(feature).add_(doubled(merged[0], feature, "nearest")))
        pyramid = [output(each) for output, each in zip(self.outputs, merged, strict=True)]
        return [*pyramid, F.max_pool2d(pyramid[-1], 1, 2)]


def doubled(coarse: Tensor, fine: Tensor, mode: str) -> Tensor:
    """(n, C, h, w) at twice the size, cut to the sides of ``fine``: exact also where these are odd."""
    return F.interpolate(coarse, scale_factor=2.0, mode=mode)[..., : fine.shape[2], : fine.shape[3]]
