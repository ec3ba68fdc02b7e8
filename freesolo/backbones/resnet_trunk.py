"""A ResNet as the trunk of a detector: torchvision's names and values, frozen BatchNorm at no cost, early stages without gradient.

Frozen BatchNorm is a factor and a shift a channel. Here they go into the convolution's weights at each step: the same values and the
same gradients as a layer of its own would give, without a pass over the activations.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_weights

WIDENING = 4
"""A residual block's output has so many times the channels of its middle."""


class _NormedConv(nn.Module):
    """Pairs of a convolution and its BatchNorm, by the names torchvision gives them."""

    def __init__(self, trains_norm: bool) -> None:
        super().__init__()
        self._trains_norm = trains_norm

    def _normed(self, x: Tensor, conv: nn.Module, norm: nn.Module) -> Tensor:
        assert isinstance(conv, nn.Conv2d)
        if not isinstance(norm, nn.BatchNorm2d):  # folded for inference
            return F.conv2d(x, conv.weight, conv.bias, conv.stride, conv.padding)
        if self._trains_norm:
            normed: Tensor = norm(conv(x))
            return normed
        assert norm.running_mean is not None
        assert norm.running_var is not None
        factor = norm.weight * torch.rsqrt(norm.running_var + norm.eps)
        shift = norm.bias - norm.running_mean * factor
        return F.conv2d(x, conv.weight * factor[:, None, None, None], shift, conv.stride, conv.padding)


class _Bottleneck(_NormedConv):
    """1x1, 3x3 (with the stride), 1x1, and the shortcut."""

    def __init__(self, inputs: int, middle: int, stride: int, trains_norm: bool) -> None:
        super().__init__(trains_norm)
        outputs = WIDENING * middle
        self.conv1, self.bn1 = nn.Conv2d(inputs, middle, 1, bias=False), nn.BatchNorm2d(middle)
        self.conv2, self.bn2 = nn.Conv2d(middle, middle, 3, stride, 1, bias=False), nn.BatchNorm2d(middle)
        self.conv3, self.bn3 = nn.Conv2d(middle, outputs, 1, bias=False), nn.BatchNorm2d(outputs)
        self.downsample = (
            nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))
            if stride > 1 or inputs != outputs
            else None
        )

    def forward(self, x: Tensor) -> Tensor:
        out = self._normed(x, self.conv1, self.bn1).relu_()
        out = self._normed(out, self.conv2, self.bn2).relu_()
        out = self._normed(out, self.conv3, self.bn3)
        shortcut = x if self.downsample is None else self._normed(x, self.downsample[0], self.downsample[1])
        return out.add_(shortcut).relu_()


class ResNetTrunk(_NormedConv):
    """Maps of strides 4, 8, 16 and 32, each after its last ReLU; the state has torchvision's keys."""

    def __init__(self, blocks: tuple[int, int, int, int], width: int, frozen_stride: int, trains_norm: bool) -> None:
        """
        Args:
            blocks: residual blocks of each stage.
            width: channels of the stem; 64 is torchvision's.
            frozen_stride: stages up to the map of this stride keep their weights; 0: none does.
            trains_norm: BatchNorm learns and takes its batch's statistics, but for frozen stages.
        """
        super().__init__(trains_norm and frozen_stride < 2)
        self.conv1, self.bn1 = nn.Conv2d(3, width, 7, 2, 3, bias=False), nn.BatchNorm2d(width)
        inputs = width
        self._frozen: list[bool] = []
        for number, count in enumerate(blocks):
            middle, stride = width * 2**number, 1 if number == 0 else 2
            is_frozen = frozen_stride >= 4 * 2**number
            stage = []
            for index in range(count):
                stage.append(_Bottleneck(inputs, middle, stride if index == 0 else 1, trains_norm and not is_frozen))
                inputs = WIDENING * middle
            self.add_module(f"layer{number + 1}", nn.Sequential(*stage))
            self._frozen.append(is_frozen)
        self._stem_frozen = frozen_stride >= 2
        self._freeze(trains_norm)

    @property
    def widths(self) -> tuple[int, ...]:
        """Channels of the four maps."""
        return tuple(WIDENING * self.conv1.out_channels * 2**number for number in range(4))

    def forward(self, images: Tensor) -> list[Tensor]:
        """(n, 3, h, w) -> [(n, 4 width, h / 4, w / 4), ..., (n, 32 width, h / 32, w / 32)], sides rounded up."""
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self._stem_frozen):
            x = F.max_pool2d(self._normed(images, self.conv1, self.bn1).relu_(), 3, 2, 1)
        maps = []
        for stage, is_frozen in zip(self._stages(), self._frozen, strict=True):
            with torch.set_grad_enabled(torch.is_grad_enabled() and not is_frozen):
                x = stage(x)
            maps.append(x)
        return maps

    @torch.no_grad()
    def fold(self) -> None:
        """Put BatchNorm into the convolutions for good: for inference only."""
        for parent in list(self.modules()):
            previous: nn.Module | None = None
            for name, child in list(parent.named_children()):
                if isinstance(child, nn.BatchNorm2d):
                    assert isinstance(previous, nn.Conv2d)
                    assert child.running_mean is not None
                    assert child.running_var is not None
                    previous.weight, previous.bias = fuse_conv_bn_weights(
                        previous.weight,
                        None,
                        child.running_mean,
                        child.running_var,
                        child.eps,
                        child.weight,
                        child.bias,
                    )
                    setattr(parent, name, nn.Identity())
                previous = child

    def _stages(self) -> list[nn.Sequential]:
        return [stage for name, stage in self.named_children() if name.startswith("layer")]  # type: ignore[misc]

    def _freeze(self, trains_norm: bool) -> None:
        frozen: list[nn.Module] = [self.conv1, self.bn1] if self._stem_frozen else []
        frozen += [stage for stage, is_frozen in zip(self._stages(), self._frozen, strict=True) if is_frozen]
        if not trains_norm:
            frozen += [module for module in self.modules() if isinstance(module, nn.BatchNorm2d)]
        for module in frozen:
            module.requires_grad_(False)
