"""Any model of timm as a source of feature maps: convolutional ones by stage, vision transformers as one map at their patch size."""

from typing import Any

import timm
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from freesolo.errors import ConfigError


def make_timm(name: str) -> nn.Module:
    """An untrained timm model without its classifier.

    Raises:
        ConfigError: timm has no such model.
    """
    if not timm.is_model(name):
        raise ConfigError(f"timm has no model called {name!r}; timm.list_models() names them")
    options: dict[str, Any] = {"dynamic_img_size": True} if name.startswith(("vit_", "deit")) else {}
    model: nn.Module = timm.create_model(name, pretrained=False, num_classes=0, **options)
    return model.eval()


class TimmBackbone:
    """Feature maps of a timm model by stride."""

    def __init__(self, network: nn.Module, identity: str) -> None:
        self.identity = identity
        self.network = network
        config: dict[str, tuple[float, float, float]] = network.pretrained_cfg  # type: ignore[assignment]
        self.mean, self.std = config["mean"], config["std"]

    @torch.inference_mode()
    def features(self, images: Tensor) -> dict[int, Tensor]:
        """(n, 3, h, w) float32 normalised -> {stride: map}, float32; a transformer pads to whole patches and gives its last layer."""
        patch = getattr(self.network, "patch_embed", None)
        if patch is not None and hasattr(patch, "patch_size"):
            size = patch.patch_size[0]
            height, width = images.shape[2:]
            images = F.pad(images, [0, -width % size, 0, -height % size])
            maps = self.network.forward_intermediates(images, indices=1, norm=True, intermediates_only=True)  # type: ignore[operator]
            return {size: maps[-1].float()}
        maps = self.network.forward_intermediates(images, intermediates_only=True)  # type: ignore[operator]
        return {round(images.shape[-1] / each.shape[-1]): each.float() for each in maps}
