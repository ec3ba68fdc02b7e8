"""The two encoders and the two queues of a run, as one module whose state is the run's."""

import copy
from dataclasses import dataclass
from pathlib import Path

import timm
import torch
from torch import Tensor, nn

from freesolo.backbones.efficientnet_lite import load_efficientnet_lite0
from freesolo.backbones.pretrained_file import load_backbone_weights
from freesolo.backbones.timm_models import make_timm
from freesolo.densecl import Encoder, Queue
from freesolo.errors import ConfigError, WeightsError
from trainers.training.contrastive.settings import PretrainSettings


@dataclass(frozen=True)
class Normalisation:
    """What a backbone expects of RGB values in [0, 1]."""

    mean: tuple[float, float, float]
    std: tuple[float, float, float]


class LastMap(nn.Module):
    """A timm model as (n, 3, h, w) -> the map of its last stage (of a transformer: of its last layer)."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        maps: list[Tensor] = self.network.forward_intermediates(images, indices=1, norm=True, intermediates_only=True)  # type: ignore[operator]
        return maps[-1]


class DenseCL(nn.Module):
    """Query encoder, momentum encoder, and a queue of keys for each of the two losses."""

    def __init__(self, backbone: nn.Module, settings: PretrainSettings) -> None:
        """
        Args:
            backbone: timm's model without classifier; becomes the query encoder's.
            settings: of the run, with the size of the queue decided.
        """
        super().__init__()
        assert settings.queue is not None
        last = LastMap(backbone)
        channels = _prepare(last, settings.views.size)
        self.query = Encoder(last, channels, settings.hidden, settings.dimensions, settings.grid)
        self.key = copy.deepcopy(self.query).requires_grad_(False)
        self.whole = Queue(settings.queue, settings.dimensions)
        self.dense = Queue(settings.queue, settings.dimensions)
        self._is_frozen = settings.norm == "frozen"
        self.train()

    @property
    def backbone(self) -> nn.Module:
        """What the run is for: the query encoder's timm model."""
        last: LastMap = self.query.backbone  # type: ignore[assignment]
        return last.network

    def train(self, mode: bool = True) -> "DenseCL":
        """The query encoder trains; keys, and frozen normalisation, use running statistics always."""
        super().train(mode)
        self.key.eval()
        if self._is_frozen:
            for module in self.query.modules():
                if isinstance(module, nn.modules.batchnorm._BatchNorm):
                    module.eval()
        return self


def starting_backbone(settings: PretrainSettings, start: Path | None) -> tuple[nn.Module, Normalisation]:
    """timm's model without classifier, with the weights that the run starts from.

    Args:
        settings: of the run.
        start: a backbone's file that goes before ``settings.pretrained``.

    Raises:
        ConfigError: timm has no such model, or it gives no feature map.
        WeightsError: the weights cannot be had.
    """
    network = make_timm(settings.backbone)
    if not hasattr(network, "forward_intermediates"):
        raise ConfigError(f"timm gives no feature maps of {settings.backbone}; name another --backbone")
    if start is not None:
        load_backbone_weights(network, start)
    elif settings.pretrained:
        network.load_state_dict(_imagenet(settings.backbone), strict=False)
    config: dict[str, tuple[float, float, float]] = network.pretrained_cfg  # type: ignore[assignment]
    return network, Normalisation(config["mean"], config["std"])


def _imagenet(name: str) -> dict[str, Tensor]:
    if name == "tf_efficientnet_lite0":
        return load_efficientnet_lite0()[0].state_dict()
    try:
        model: nn.Module = timm.create_model(name, pretrained=True, num_classes=0)
    except (OSError, RuntimeError, ValueError) as error:
        raise WeightsError(
            f"the ImageNet weights of {name} cannot be had ({type(error).__name__}); go online once, name a backbone's file "
            "with --start, or start --from-scratch"
        ) from error
    return model.state_dict()


def _prepare(last: LastMap, size: int) -> int:
    """Channels of the map; parameters that it does not depend on (of the layers behind it) are frozen."""
    last.eval()
    maps = last(torch.zeros(1, 3, size, size))
    maps.sum().backward()
    for parameter in last.parameters():
        parameter.requires_grad_(parameter.grad is not None)
        parameter.grad = None
    return int(maps.shape[1])
