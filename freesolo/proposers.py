"""The `Proposer` protocol and the registry by name.

Third parties register under the entry point group ``freesolo.proposers``, or are named in full:
``package.module:factory``.
"""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from freesolo.errors import ConfigError
from freesolo.instances import Instances

if TYPE_CHECKING:
    from freesolo.freemask.hierarchy import RegionHierarchy


@dataclass(frozen=True)
class Proposal:
    """What a proposer says of one image."""

    instances: Instances
    """The masks, best first."""

    hierarchy: "RegionHierarchy | None" = None
    """The merge trees behind the masks (part, object, group; clicks select their nodes), where the proposer has any."""


class Proposer(Protocol):
    """Anything that finds masks in an image without being told what to look for."""

    @property
    def identity(self) -> str:
        """Name, settings and weights hash in one short string; written into every output."""

    def propose(self, image: npt.NDArray[np.uint8]) -> Proposal:
        """Masks of one upright RGB image, (height, width, 3) uint8."""


def _freemask(preset: str) -> Proposer:
    from freesolo.freemask import FreeMask  # torch is loaded only when a proposer is made

    return FreeMask.from_preset(preset)


def _shipped(name: str) -> Proposer:
    from freesolo import shipped

    made: Proposer = getattr(shipped, name)()
    return made


_BUILT_IN: dict[str, tuple[str, Callable[[], Proposer]]] = {
    "union": ("default and solo in one list: best quality", lambda: _shipped("union")),
    "default": (
        "superpixel merge trees and Free Mask queries, label-free ranking; clicks and the part tree come from it",
        lambda: _freemask("default"),
    ),
    "solo": (
        "a network that learned from default without labels: a fifth of a second an image",
        lambda: _shipped("solo"),
    ),
    "fast": ("the same with fewer trees on a smaller image", lambda: _freemask("fast")),
    "paper": (
        "Free Mask exactly as in the FreeSOLO paper (needs a ResNet; weights by the settings)",
        lambda: _freemask("paper"),
    ),
}
RECOMMENDED = "union"
"""What a person gets who asks for nothing in particular."""
UNION = "union:"
"""Before the path of a network's weights: its union with `default`."""
_GROUP = "freesolo.proposers"


def available() -> dict[str, str]:
    """Names of all proposers with one line on each."""
    found = {name: text for name, (text, _) in _BUILT_IN.items()}
    found.update({entry.name: f"from {entry.value}" for entry in entry_points(group=_GROUP)})
    return found


def make(name: str) -> Proposer:
    """A proposer by name, by the path of its weights or settings, or by ``package.module:factory`` where the factory takes no argument.

    ``union:path/to/solo.safetensors`` is that network and `default` in one list.

    Args:
        name: one of `available`; ``path/to/solo.safetensors``, or the authors' ``.pth``; ``path/to/settings.json`` of Free Mask
            (`freesolo.freemask.settings_file`); or a factory.

    Raises:
        ConfigError: there is no such proposer; the message lists those there are.
        WeightsError: the weights cannot be loaded.
    """
    if name.startswith(UNION) and name.endswith(".safetensors"):
        from freesolo import shipped

        return shipped.union(Path(name.removeprefix(UNION)))
    if name.endswith((".safetensors", ".pth")):
        from freesolo.solo.proposer import SoloProposer

        return SoloProposer.from_file(Path(name))
    if name.endswith(".json"):
        from freesolo.freemask.settings_file import from_file

        return from_file(Path(name))
    if ":" in name:
        return _made_by(name)
    if name in _BUILT_IN:
        return _BUILT_IN[name][1]()
    for entry in entry_points(group=_GROUP, name=name):
        proposer: Proposer = entry.load()()
        return proposer
    raise ConfigError(f"no proposer called {name!r}; there are: {', '.join(available())}")


def _made_by(name: str) -> Proposer:
    """What the factory ``package.module:factory`` makes."""
    module, _, factory = name.partition(":")
    try:
        make_it: Callable[[], Proposer] = getattr(importlib.import_module(module), factory)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigError(f"no proposer {name!r}: {error}; expected package.module:factory") from error
    return make_it()
