"""Pretrained backbones by name: a passport for each set of weights, loaders for their formats, feature maps by stride.

``load(name)`` gives a `Backbone`; the registry of names is `freesolo.backbones.passports.PASSPORTS`, and any model of timm is
``timm:NAME``.
"""

from freesolo.backbones.protocol import Backbone
from freesolo.backbones.registry import load

__all__ = ["Backbone", "load"]
