"""torchvision's ResNet-50 and -101 as a source of feature maps: res2 to res5, each after its last ReLU."""

from collections.abc import Callable
from functools import cached_property

import torch
import torchvision
from torch import Tensor, nn

from freesolo.backbones.precision import native_bfloat16
from freesolo.backbones.protocol import IMAGENET_MEAN, IMAGENET_STD
from freesolo.backbones.resnet_trunk import ResNetTrunk

_MAKERS: dict[str, Callable[..., nn.Module]] = {
    "resnet50": torchvision.models.resnet50,
    "resnet101": torchvision.models.resnet101,
}


def make_resnet(architecture: str) -> nn.Module:
    """An untrained network without its classifier; its state has torchvision's own keys."""
    network = _MAKERS[architecture]()
    network.fc = nn.Identity()
    return network.eval()


class ResNetBackbone:
    """Feature maps of a ResNet at strides 4, 8, 16, 32 (256 to 2048 channels)."""

    mean = IMAGENET_MEAN
    std = IMAGENET_STD

    def __init__(self, network: nn.Module, identity: str) -> None:
        self.identity = identity
        self.network = network

    @cached_property
    def _trunk(self) -> ResNetTrunk:
        """The same network made for speed: BatchNorm folded, bfloat16 where the machine has it."""
        state = self.network.state_dict()
        blocks = [
            len({key.split(".")[1] for key in state if key.startswith(f"layer{number}.")}) for number in range(1, 5)
        ]
        trunk = ResNetTrunk((blocks[0], blocks[1], blocks[2], blocks[3]), len(state["conv1.weight"]), 0, False)
        trunk.load_state_dict(state)
        trunk.fold()
        dtype = torch.bfloat16 if native_bfloat16() else torch.float32
        return trunk.requires_grad_(False).to(dtype=dtype, memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]

    @torch.inference_mode()
    def features(self, images: Tensor) -> dict[int, Tensor]:
        """(n, 3, h, w) float32 normalised -> {4: res2, 8: res3, 16: res4, 32: res5}, float32 with the precision of bfloat16 where
        the machine multiplies that natively.
        """
        trunk = self._trunk
        maps = trunk(images.to(dtype=trunk.conv1.weight.dtype, memory_format=torch.channels_last))
        return {stride: each.float() for stride, each in zip((4, 8, 16, 32), maps, strict=True)}
