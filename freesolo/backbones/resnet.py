"""torchvision's ResNet-50 and -101 as a source of feature maps: res2 to res5, each after its last ReLU."""

from collections.abc import Callable

import torch
import torchvision
from torch import Tensor, nn

from freesolo.backbones.protocol import IMAGENET_MEAN, IMAGENET_STD

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
        self.network = network.to(memory_format=torch.channels_last)

    @torch.inference_mode()
    def features(self, images: Tensor) -> dict[int, Tensor]:
        """(n, 3, h, w) float32 normalised -> {4: res2, 8: res3, 16: res4, 32: res5}, float32."""
        layers = dict(self.network.named_children())
        x = images.contiguous(memory_format=torch.channels_last)
        for name in ("conv1", "bn1", "relu", "maxpool"):
            x = layers[name](x)
        out = {}
        for stride, name in zip((4, 8, 16, 32), ("layer1", "layer2", "layer3", "layer4"), strict=True):
            x = layers[name](x)
            out[stride] = x
        return out
