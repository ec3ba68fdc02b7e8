"""What happens between two rounds of self-training: new targets, which round is better, what scores are worth."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from pydantic import Field

from freesolo.config import Config
from freesolo.evaluation import evaluate
from freesolo.images import read_image
from freesolo.solo.embedding_space import EmbeddingSpace
from freesolo.solo.proposer import SoloProposer
from freesolo.solo.weights import Card
from freesolo.union import UnionSettings
from trainers.errors import UsageError
from trainers.fusing import fuse_results, score_quantiles
from trainers.records import Record, latest
from trainers.scored import read_ground_truth
from trainers.training.agreement import flip_agreement
from trainers.training.items import Selection


class Plan(Config):
    """Rounds of self-training."""

    rounds: int = Field(default=1, ge=0)
    """After the first training, which is round 0. The paper: one; a second did not help (table 7c)."""
    targets: Literal["union", "predictions"] = "union"
    """Learn from the predictions and the coarse masks as one list, or from the predictions alone, as the paper does."""
    top: int = Field(default=20, ge=1)
    """Masks of an image at most."""
    min_score: float | None = None
    """Least score of a target (the paper: 0.3); None: as many masks in all as the round before learned from, since scores after weak
    training are low."""
    weighted: bool = False
    """Trust each target as much as its score says."""
    fresh: bool = False
    """Start each round from the backbone, as the paper does, not from the round before."""
    held: int = Field(default=100, ge=0)
    """So many images, at most one in twenty, are not trained on and compare the rounds."""

    def selection(self, results: Path, before: int) -> Selection:
        """Which masks of a results file the next round learns from; ``before``: how many the last one learned from."""
        if self.min_score is not None:
            return Selection(top=self.top, min_score=self.min_score, weighted=self.weighted)
        scores = [record.instances.top(self.top).scores for record in latest(results) if isinstance(record, Record)]
        ordered = np.sort(np.concatenate(scores))[::-1] if scores else np.zeros(0, np.float32)
        least = float(ordered[min(before, len(ordered)) - 1]) if len(ordered) else 0.0
        return Selection(top=self.top, min_score=least, weighted=self.weighted)


class Judge(Protocol):
    """Says how good a round's weights are."""

    @property
    def name(self) -> str:
        """Of the figure, for messages."""

    def figure(self, weights: Path, held: Sequence[Path]) -> float:
        """Higher is better.

        Args:
            weights: SOLO weights.
            held: images that were not trained on.

        Raises:
            WeightsError, ImageError: a file cannot be read.
        """


class Steadiness:
    """Without labels: `trainers.training.agreement.flip_agreement`."""

    name = "agreement with the mirrored image"

    def figure(self, weights: Path, held: Sequence[Path]) -> float:
        """In [0, 1]."""
        return flip_agreement(SoloProposer.from_file(weights), held)


@dataclass(frozen=True)
class HumanLabels:
    """Class-agnostic AP on images with human masks."""

    truth: Path
    """COCO file."""
    images: Path
    """Folder of its images."""
    name = "AP"

    def figure(self, weights: Path, held: Sequence[Path]) -> float:
        """In percent; ``held`` is not looked at.

        Raises:
            UsageError: none of the images is in the folder.
        """
        truth = read_ground_truth(self.truth)
        proposer = SoloProposer.from_file(weights)
        present = [row for row in truth["images"] if (self.images / row["file_name"]).is_file()]
        if not present:
            raise UsageError(f"none of the {len(truth['images'])} images of {self.truth} is in {self.images}")
        found = [
            {"image_id": row["id"], "segmentation": code, "score": float(score)}
            for row in present
            for code, score in _masks(proposer, self.images / row["file_name"])
        ]
        return evaluate(truth, found).figures["AP"] if found else 0.0


def targets(coarse: Path, predictions: Path, out: Path, plan: Plan, space: EmbeddingSpace | None) -> None:
    """Write what the next round learns from.

    Args:
        coarse: results of the teacher.
        predictions: results of the round before, on the images to train on.
        out: a results file.
        plan: says of which of them.
        space: takes the teacher's embeddings to those of the network.

    Raises:
        UsageError: a file holds no mask.
        OutputError: the file cannot be written.
    """
    if plan.targets == "union":
        fuse_results(coarse, predictions, out, UnionSettings(), space)
    else:
        out.write_bytes(predictions.read_bytes())


def calibrated(card: Card, predictions: Path, coarse: Path) -> Card:
    """The card with what scores are worth, measured on the images that both files have.

    Raises:
        UsageError: a file holds no mask.
    """
    paths = {record.path for record in latest(predictions)}
    own, teacher = score_quantiles(predictions), score_quantiles(coarse, paths)
    return card.model_copy(
        update={"score_quantiles": {"solo": tuple(own.tolist()), "teacher": tuple(teacher.tolist())}}
    )


def _masks(proposer: SoloProposer, path: Path) -> list[tuple[dict[str, object], float]]:
    found = proposer.propose(read_image(path).pixels).instances
    return list(zip(found.rles(), found.scores.tolist(), strict=True))
