"""Pretrained backbones by name: a passport for each set of weights, loaders for their formats, feature maps by stride.

``load(name)`` gives a `Backbone`; the registry of names is `freesolo.backbones.passports.PASSPORTS`, and any model of timm is
``timm:NAME``; a path ending in ``.safetensors`` is a backbone of `python -m trainers pretrain`.
"""

from freesolo.backbones.protocol import Backbone
from freesolo.backbones.registry import load

__all__ = ["Backbone", "load"]
