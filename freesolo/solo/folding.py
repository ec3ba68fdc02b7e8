"""Frozen BatchNorm folded into the convolutions before it: the same values with half the passes over memory."""

import copy

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_weights

_TOLERANCE = 1e-3
"""Largest difference of the folded network's maps, as a share of their largest value."""


def folded(network: nn.Module, probe: Tensor) -> nn.Module:
    """A copy with every BatchNorm that directly follows a convolution folded into it; the activation stays.

    Modules are taken in the order in which they are registered, which need not be the order in which they run: the copy's feature
    maps on ``probe`` decide.

    Args:
        network: in eval mode; gives a list of maps.
        probe: (n, 3, h, w) images that both are tried on.

    Returns:
        The folded copy, or ``network`` itself where folding changes what it computes.
    """
    copied = copy.deepcopy(network)
    for parent in list(copied.modules()):
        previous: tuple[str, nn.Module] | None = None
        for name, child in list(parent.named_children()):
            if previous is not None and isinstance(previous[1], nn.Conv2d) and isinstance(child, nn.BatchNorm2d):
                _fold(previous[1], child)
                setattr(parent, name, getattr(child, "act", nn.Identity()))
            previous = (name, child)
    with torch.no_grad():
        pairs = zip(network(probe), copied(probe), strict=True)
        same = all(bool((a - b).abs().max() <= _TOLERANCE * a.abs().max()) for a, b in pairs)
    return copied if same else network


def _fold(conv: nn.Conv2d, norm: nn.BatchNorm2d) -> None:
    assert norm.running_mean is not None
    assert norm.running_var is not None
    conv.weight, bias = fuse_conv_bn_weights(
        conv.weight, conv.bias, norm.running_mean, norm.running_var, norm.eps, norm.weight, norm.bias
    )
    conv.bias = bias.requires_grad_(conv.weight.requires_grad)  # a bias that the convolution lacked comes frozen
