"""The masks of two proposers in one list, ranked without labels.

Scores of different proposers cannot be compared, but ranks can: each score becomes the share of a proposer's masks, over a large set of
images, that score lower. Soft NMS on the log-odds of these ranks then lowers what overlaps something better, and what is left is put back
on the scale of the first one's scores, or on one that is given. (Lifting masks that both proposers find was tried: no gain beyond the
noise.)

A proposer that has not looked at its masks once more, each cut out of the image, can have that done here (`freesolo.freemask.recognition`).
"""

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from pydantic import Field

from freesolo.config import Config
from freesolo.freemask.ranking import soft_nms
from freesolo.instances import Float32, Instances
from freesolo.proposers import Proposal, Proposer
from freesolo.solo.embedding_space import EmbeddingSpace

if TYPE_CHECKING:
    from freesolo.freemask.recognition import Recogniser


class UnionSettings(Config):
    """Constants chosen on COCO train photographs."""

    nms_weight: float = Field(default=4.0, ge=0)
    """A mask loses this times IoU^2 for each better one, of the log-odds of its rank."""
    keep: int = Field(default=100, ge=1)
    """Masks of one image at most."""
    recognition: float = Field(default=0.12, ge=0)
    """Weight of the energy of a cut-out in the log-odds of a rank; as in `CueWeights`, where it counts in the log score."""
    recognised: int = Field(default=40, ge=1)
    """So many of a proposer's masks are cut out, the best ones."""


@dataclass(frozen=True)
class Ranked:
    """A proposer with what its scores are worth."""

    proposer: Proposer
    quantiles: Float32
    """(q,) ascending scores at equally spaced ranks from 0 to 1, measured over many images; some hundreds, since the top counts."""

    space: EmbeddingSpace | None = None
    """Takes its embeddings to where the other one's are; None: they are there."""

    recogniser: "Recogniser | None" = None
    """Looks at its best masks once more; None: the proposer has done so itself."""

    def propose(self, image: npt.NDArray[np.uint8], settings: UnionSettings) -> tuple[Instances, Float32, Proposal]:
        """Its masks, their ranks, and all it said."""
        proposal = self.proposer.propose(image)
        instances = proposal.instances
        if self.space is not None and instances.embeddings is not None:
            instances = replace(instances, embeddings=self.space.project(instances.embeddings))
        ranked = ranks(instances.scores, self.quantiles)
        if self.recogniser is not None:
            evidence = self.recogniser.evidence(image, instances, settings.recognised)
            ranked = _probability(_log_odds(ranked) + np.float32(settings.recognition) * evidence)
        return instances, ranked, proposal


def ranks(scores: Float32, quantiles: Float32) -> Float32:
    """(n,) scores -> (n,) float32 share of a proposer's masks that score lower, in (0, 1), from its (q,) ascending quantiles.

    Neither end is reached: above the best of q scores stands half a step.
    """
    half = 0.5 / len(quantiles)
    return np.asarray(np.interp(scores, quantiles, np.linspace(half, 1 - half, len(quantiles))), np.float32)


def scores_at(ranks: Float32, quantiles: Float32) -> Float32:
    """The inverse of `ranks`: (n,) in (0, 1) -> (n,) float32 scores.

    Beyond both ends it goes on as steeply as between the last quantiles, so that the best masks of all keep their order.
    """
    half = 0.5 / len(quantiles)
    places = np.linspace(half, 1 - half, len(quantiles))
    first, last = (quantiles[1] - quantiles[0]) / 2, (quantiles[-1] - quantiles[-2]) / 2
    ends = [quantiles[0] - first], [quantiles[-1] + last]
    return np.asarray(np.interp(ranks, [0, *places, 1], np.concatenate([ends[0], quantiles, ends[1]])), np.float32)


class Union:
    """A proposer made of two. The region hierarchy is the first one's that has any."""

    def __init__(
        self,
        name: str,
        parts: tuple[Ranked, Ranked],
        settings: UnionSettings | None = None,
        scale: Float32 | None = None,
    ) -> None:
        """
        Args:
            name: for the identity.
            parts: the proposers; embeddings are kept where both have them in one length.
            settings: None takes the defaults.
            scale: (q,) ascending probabilities at equally spaced ranks, which become the scores; None: the first one's quantiles do.
        """
        self._name = name
        self._scale = scale
        self._parts = parts
        self._settings = settings or UnionSettings()

    @property
    def identity(self) -> str:
        """``union-settings(identity+identity)``: equal identities give equal masks."""
        settings = hashlib.sha256(self._settings.model_dump_json().encode()).hexdigest()[:8]
        return f"{self._name}-{settings}({'+'.join(part.proposer.identity for part in self._parts)})"

    def propose(self, image: npt.NDArray[np.uint8]) -> Proposal:
        """Masks of one upright RGB image, (height, width, 3) uint8, with scores as the first proposer gives them, or of the scale."""
        (first, first_ranks, one), (second, second_ranks, other) = (
            part.propose(image, self._settings) for part in self._parts
        )
        fused = fuse(first, second, first_ranks, second_ranks, self._settings)
        if self._scale is None:
            scores = scores_at(fused.scores, self._parts[0].quantiles)
        else:
            scores = np.clip(scores_at(fused.scores, self._scale), 0, 1)
        fused = replace(fused, scores=scores)
        return Proposal(fused, one.hierarchy if one.hierarchy is not None else other.hierarchy)


def fuse(
    first: Instances, second: Instances, first_ranks: Float32, second_ranks: Float32, settings: UnionSettings
) -> Instances:
    """One list of two, best first; its scores are ranks in (0, 1), lowered by what is better and alike.

    Args:
        first: masks of one proposer.
        second: masks of the other, of the same image.
        first_ranks: (n,) in (0, 1).
        second_ranks: (m,) in (0, 1).
        settings: of the fusion.
    """
    scores = _log_odds(np.concatenate([first_ranks, second_ranks]))
    both = joined(first, second)
    picks, values = soft_nms(scores, both.iou(both).astype(np.float32), settings.nms_weight, settings.keep)
    chosen = both[picks]
    return Instances.from_counts(chosen.size, chosen.counts, _probability(values), chosen.embeddings)


def joined(first: Instances, second: Instances) -> Instances:
    """Both in one, in this order; embeddings only where both have them in one length."""
    embeddings = None
    one, other = first.embeddings, second.embeddings
    if one is not None and other is not None and one.shape[1] == other.shape[1]:
        embeddings = np.concatenate([one, other])
    scores = np.concatenate([first.scores, second.scores])
    return Instances.from_counts(first.size, first.counts + second.counts, scores, embeddings)


def _log_odds(probability: Float32) -> Float32:
    return np.asarray(np.log(probability / (1 - probability)), np.float32)


def _probability(log_odds: Float32) -> Float32:
    return np.asarray(1 / (1 + np.exp(-log_odds)), np.float32)
