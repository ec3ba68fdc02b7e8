"""`python -m trainers finetune`: go on from label-free weights with masks that people drew (paper 4.3)."""

import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from freesolo.assets import shipped_weights
from freesolo.instances import Instances
from freesolo.solo.weights import load, to_bytes
from trainers.commands.train import Run, train
from trainers.events import JsonLines, ProgressBar
from trainers.extract import ExtractSettings, extract
from trainers.results import write_whole
from trainers.signals import caught_signals
from trainers.training import items
from trainers.training.items import Item, Items
from trainers.training.limits import limited
from trainers.training.settings import TrainSettings
from trainers.training.worth import card_with_worth
from trainers.work_list import WorkItem

JUDGED = 100
"""Images on which scores are judged, at most."""


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
    beside: str | None = None
    """A proposer whose masks the network's are to stand beside in one list (`freesolo.union`): both are judged by the drawn masks."""


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
        FreeSoloError: a mask, an image or the weights are damaged, or there is no proposer to stand beside.
    """
    folder = items.images_of(labels.annotations, labels.images)
    everything = items.of_coco(labels.annotations, folder, labels.class_aware)
    for sentence in everything.left_out:
        sys.stderr.write(f"warning: left out: {sentence}\n")
    data = limited(everything, labels.limit_images, labels.limit_masks, settings.seed)
    sentence = f"fine-tuned on {data.masks} masks that people drew on {len(data.items)} images"
    where = replace(where, start=where.start or shipped_weights(), trained_on=sentence)
    with caught_signals() as signals:
        path = train(data, settings, where, lambda: bool(signals))
        if path is not None and labels.beside is not None:
            path = _judged(path, data, labels.beside, where, lambda: bool(signals))
        return 0 if path is not None else 128 + signals[0]


def _judged(weights: Path, data: Items, beside: str, where: Run, stop: Callable[[], bool]) -> Path | None:
    """Write into the weights what their scores and those of ``beside`` are worth; None when stopped."""
    drawn = [item for item in data.items if not item.has_mask.size or item.has_mask.all()]
    step = -(-len(drawn) // JUDGED)
    items_judged = drawn[::step]
    work = [WorkItem(str(item.path), str(item.path)) for item in items_judged]
    found = []
    for name, proposer in (("own", str(weights)), ("beside", beside)):
        found.append(where.out / f"{name}.jsonl")
        with ExitStack() as stack:
            reporter = JsonLines() if where.as_events else stack.enter_context(ProgressBar())
            settings = ExtractSettings(out=found[-1], proposer=proposer, resume=where.resume)
            if not extract(work, settings, reporter, stop):
                return None
    model = load(weights)
    truth = {str(item.path): _judged_masks(item) for item in items_judged}
    card = card_with_worth(model.card, found[0], found[1], truth)
    write_whole(weights, to_bytes(model.network, card, model.space))
    return weights


def _judged_masks(item: Item) -> Instances:
    return item.instances if item.pseudo is None else item.instances[~item.pseudo]
