"""Which images a repeat of an ablation learns from, and on which it is scored."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from pydantic import Field

from freesolo.config import Config
from trainers import work_list
from trainers.errors import UsageError
from trainers.scoring.finding import present
from trainers.scoring.truth import Truth
from trainers.work_list import WorkItem, printable


class Scale(Config):
    """How large an ablation is."""

    images: int = Field(default=200, ge=1)
    """To learn from, at most."""
    held: int = Field(default=100, ge=1)
    """To be scored on, at most; half of them where all images have human masks."""
    repeats: int = Field(default=1, ge=1)
    """Each draws the images and all other chance anew."""
    seed: int = Field(default=0, ge=0)
    """Of the first repeat; each further one has the next."""
    labelled: float = Field(default=0.1, gt=0, le=1)
    """Table 7f: fine-tune on this share of the images with human masks that are not scored."""


@dataclass(frozen=True)
class Draw:
    """The images of one repeat."""

    seed: int
    train: tuple[WorkItem, ...]
    """Their human masks, if any, are not looked at."""
    scored: Truth
    """None of its images is trained on."""

    def is_scored(self, path: Path | str) -> bool:
        """Whether an image file is among those that are scored."""
        return Path(path).resolve() in self._scored_files

    @cached_property
    def _scored_files(self) -> frozenset[Path]:
        return frozenset(Path(item.path).resolve() for item in self.scored.items)


def draw_all(folder: Path, truth: Truth, scale: Scale) -> list[Draw]:
    """One draw for each repeat; the same arguments give the same draws.

    Args:
        folder: images to learn from, whether or not they are in ``truth``.
        truth: images with human masks, in the folder or elsewhere.
        scale: how many.

    Raises:
        UsageError: the folder holds no images, or none but those that are scored; or no image of the truth is there.
    """
    items = [WorkItem(item.path, item.path) for item in work_list.of_folder(folder).items]
    truth = present(truth)
    return [_draw(items, truth, scale, scale.seed + number, folder) for number in range(scale.repeats)]


def _draw(items: list[WorkItem], truth: Truth, scale: Scale, seed: int, folder: Path) -> Draw:
    rng = np.random.default_rng(seed)
    named = sorted(item.key for item in truth.items)
    files = {Path(item.path).resolve() for item in truth.items}
    is_all_human = all(Path(item.path).resolve() in files for item in items)
    held = min(scale.held, len(named) // 2) if is_all_human else scale.held
    scored = truth.only({named[place] for place in rng.permutation(len(named))[:held]})
    taken = {Path(item.path).resolve() for item in scored.items}
    left = [item for item in items if Path(item.path).resolve() not in taken]
    if not left or not scored.items:
        raise UsageError(f"{printable(folder)} leaves no image to learn from besides those to score: add images")
    return Draw(seed, tuple(left[place] for place in rng.permutation(len(left))[: scale.images]), scored)
