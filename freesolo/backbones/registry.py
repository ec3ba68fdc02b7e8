"""Backbones by name: the passport is looked up, the weights are found or fetched, checked and loaded."""

import logging
from pathlib import Path

from torch import nn

from freesolo.backbones.checkpoint import fill, read_state, sha256_of
from freesolo.backbones.download import Progress, fetch
from freesolo.backbones.efficientnet_lite import load_efficientnet_lite0
from freesolo.backbones.passports import PASSPORTS, Passport
from freesolo.backbones.pretrained_file import SUFFIX, load_backbone
from freesolo.backbones.protocol import Backbone
from freesolo.backbones.resnet import ResNetBackbone, make_resnet
from freesolo.backbones.timm_models import TimmBackbone, make_timm
from freesolo.errors import ConfigError, WeightsError

_log = logging.getLogger(__name__)
_TIMM = "timm:"


def passport_of(name: str) -> Passport:
    """The passport of a name; ``timm:MODEL`` needs a local weights file and has a passport of its own making.

    Raises:
        ConfigError: the name is unknown.
    """
    if name in PASSPORTS:
        return PASSPORTS[name]
    if name.startswith(_TIMM):
        return Passport(name=name, architecture=name, licence="of the file", commercial=False, trained_on="unknown")
    raise ConfigError(
        f"no backbone called {name!r}; there are: {', '.join(PASSPORTS)}, and timm:MODEL with a local file"
    )


def load(name: str, weights: Path | None = None, progress: Progress | None = None) -> Backbone:
    """A backbone with its weights.

    Args:
        name: of the registry, ``timm:MODEL``, or the path of a file of `python -m trainers pretrain`, which says itself what it is.
        weights: a local checkpoint in the format of the passport; None takes the installed, cached or downloaded one.
        progress: called while downloading.

    Raises:
        ConfigError: the name is unknown.
        WeightsError: the weights cannot be had, or belong to another network.
    """
    if name.endswith(SUFFIX) and weights is None:
        return load_backbone(Path(name))
    passport = passport_of(name)
    if passport.architecture == "efficientnet_lite0":
        lite, digest = load_efficientnet_lite0(weights)
        return TimmBackbone(lite, f"{name}@{digest[:12]}")
    if weights is None and not passport.mirrors:
        raise WeightsError(f"{name} has no weights of its own: name a local file")
    path = weights or fetch(passport, progress)
    network = _network(passport)
    match = fill(network, read_state(path, passport), path)
    _log.info(
        "%s: %d keys matched, %d missing, %d unexpected",
        path,
        len(match.matched),
        len(match.missing),
        len(match.unexpected),
    )
    identity = f"{name}@{sha256_of(path)[:12]}"
    return (
        TimmBackbone(network, identity)
        if passport.architecture.startswith(_TIMM)
        else ResNetBackbone(network, identity)
    )


def _network(passport: Passport) -> nn.Module:
    if passport.architecture.startswith(_TIMM):
        return make_timm(passport.architecture.removeprefix(_TIMM))
    return make_resnet(passport.architecture)
