"""The SOLO networks by their settings: `light` for CPUs, `paper-r50` and `paper-r101` as published."""

from pathlib import Path
from typing import Annotated, Any

from pydantic import Discriminator, Tag
from torch import Tensor

from freesolo.backbones.efficientnet_lite import MEAN, STD
from freesolo.backbones.protocol import IMAGENET_MEAN, IMAGENET_STD
from freesolo.solo.light_network import LightNetwork
from freesolo.solo.light_settings import LightSettings
from freesolo.solo.paper_network import PaperNetwork
from freesolo.solo.paper_settings import PaperSoloSettings

_CLASSIFIERS = ("category.", "head.category.")
Triple = tuple[float, float, float]


def _family(values: object) -> str:
    """Which settings these are: by their ``kind``; files from before there was one are light."""
    kind: Any = values.get("kind", "light") if isinstance(values, dict) else getattr(values, "kind", "light")
    return "paper" if str(kind).startswith("paper") else "light"


NetworkSettings = Annotated[
    Annotated[LightSettings, Tag("light")] | Annotated[PaperSoloSettings, Tag("paper")], Discriminator(_family)
]
"""Settings of any of the networks; ``kind`` says of which."""
Network = LightNetwork | PaperNetwork


def make(settings: LightSettings | PaperSoloSettings, pretrained: bool = True, weights: Path | None = None) -> Network:
    """A network with random heads.

    Args:
        settings: which, and how large.
        pretrained: start from the backbone's published weights.
        weights: start from this file of `python -m trainers pretrain` instead.

    Raises:
        ConfigError: there is no such backbone.
        WeightsError: its weights cannot be had, or do not fit.
    """
    if isinstance(settings, PaperSoloSettings):
        return PaperNetwork(settings, pretrained, weights)
    return LightNetwork(settings, pretrained, weights)


def normalisation(settings: LightSettings | PaperSoloSettings) -> tuple[Triple, Triple]:
    """RGB mean and standard deviation that the backbone's weights want."""
    if isinstance(settings, LightSettings) and settings.backbone == "tf_efficientnet_lite0":
        return MEAN, STD
    return IMAGENET_MEAN, IMAGENET_STD


def without_classifier(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """All weights but the last classification layer's, which other classes cannot use (paper A.2)."""
    return {name: value for name, value in state.items() if not name.startswith(_CLASSIFIERS)}
