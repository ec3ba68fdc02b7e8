"""`python -m trainers finetune`: go on from label-free weights with masks that people drew (paper 4.3)."""

import sys
from dataclasses import dataclass, replace
from pathlib import Path

from freesolo.shipped import shipped_weights
from trainers.commands.train import Run, train
from trainers.signals import caught_signals
from trainers.training import items
from trainers.training.limits import limited
from trainers.training.settings import TrainSettings


@dataclass(frozen=True)
class Labels:
    """What people drew, and how much of it is used."""

    annotations: Path
    """COCO file."""
    images: Path | None = None
    """Folder of its images; None: the file's own, or the folder ``images`` beside it."""
    class_aware: bool = False
    """Learn the categories, too; else all objects are one."""
    limit_images: float | None = None
    limit_masks: float | None = None
    """As `trainers.training.limits.limited`."""


def run(labels: Labels, settings: TrainSettings, where: Run) -> int:
    """Train on human masks.

    Args:
        labels: the masks.
        settings: of the run.
        where: its folder; `Run.start` None stands for the weights that come with the package.

    Returns:
        The exit code: 0, or 128 plus the number of the signal that stopped it.

    Raises:
        TrainersError: as `trainers.commands.train.train`, or the labels cannot be read.
        FreeSoloError: a mask, an image or the weights are damaged.
    """
    folder = items.images_of(labels.annotations, labels.images)
    everything = items.of_coco(labels.annotations, folder, labels.class_aware)
    for sentence in everything.left_out:
        sys.stderr.write(f"warning: left out: {sentence}\n")
    data = limited(everything, labels.limit_images, labels.limit_masks, settings.seed)
    sentence = f"fine-tuned on {data.masks} masks that people drew on {len(data.items)} images"
    with caught_signals() as signals:
        path = train(
            data,
            settings,
            replace(where, start=where.start or shipped_weights(), trained_on=sentence),
            lambda: bool(signals),
        )
        return 0 if path is not None else 128 + signals[0]
