"""`python -m trainers train`: SOLO on masks that nobody drew, or that people did."""

import sys
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from freesolo.solo.embedding_space import EmbeddingSpace
from freesolo.solo.networks import Network, make, without_classifier
from freesolo.solo.weights import Card, Model, card_for, load, to_bytes
from trainers.errors import UsageError
from trainers.results import write_whole
from trainers.signals import caught_signals
from trainers.training import events, items, showing
from trainers.training.batches import Batches, Normalisation
from trainers.training.items import Items, Selection
from trainers.training.loop import Trainer
from trainers.training.ranks import ranks
from trainers.training.semantic import semantic
from trainers.training.settings import TrainSettings
from trainers.training.yaml_files import to_yaml

WEIGHTS = "solo.safetensors"


@dataclass(frozen=True)
class Run:
    """Where a run comes from and goes to."""

    out: Path
    """Folder of settings, events, curves, checkpoints and weights."""
    start: Path | None = None
    """Weights to go on from; None: the backbone's and new heads."""
    backbone: Path | None = None
    """The backbone's weights, of `python -m trainers pretrain`; None: those it was published with. ``start`` has its own."""
    resume: bool = True
    """Go on from the folder's checkpoint, or start anew."""
    as_events: bool = False
    """JSON lines on standard output instead of a bar."""
    trained_on: str = ""
    """For the card."""
    show: Path | None = None
    """A list of images that are predicted again and again meanwhile; see `trainers.training.showing`."""


def run(sources: list[Path], images: Path | None, selection: Selection, settings: TrainSettings, where: Run) -> int:
    """Read the masks and train on them.

    Args:
        sources: results files of `propose` (.jsonl) and COCO files (.json).
        images: folder of the COCO files' images.
        selection: which proposals become targets.
        settings: of the run.
        where: its folder.

    Returns:
        The exit code: 0, or 128 plus the number of the signal that stopped it.

    Raises:
        TrainersError: as `train`, or a source cannot be read.
        FreeSoloError: a mask or an image is damaged.
    """
    data = read_sources(sources, images, selection)
    for sentence in data.left_out:
        sys.stderr.write(f"warning: left out: {sentence}\n")
    counts = Counter(source.name for source in sources)
    names = ", ".join(name if count == 1 else f"{name} {count} times" for name, count in counts.items())
    sentence = f"{data.masks} masks on {len(data.items)} images ({names})"
    with caught_signals() as signals:
        path = train(data, settings, replace(where, trained_on=where.trained_on or sentence), lambda: bool(signals))
        return 0 if path is not None else 128 + signals[0]


def read_sources(sources: list[Path], images: Path | None, selection: Selection) -> Items:
    """One training set of several files.

    Raises:
        UsageError: a file is of no known kind or cannot be read.
        CodecError: a mask is damaged.
    """
    found = []
    for source in sources:
        if source.suffix == ".jsonl":
            found.append(items.of_results(source, selection))
        elif source.suffix == ".json":
            found.append(items.of_coco(source, items.images_of(source, images), class_aware=False))
        else:
            raise UsageError(f"{source}: masks come from a .jsonl file of propose or a .json file in COCO's form")
    return Items(
        tuple(i for part in found for i in part.items), left_out=tuple(t for part in found for t in part.left_out)
    )


def train(data: Items, settings: TrainSettings, where: Run, stop: Callable[[], bool]) -> Path | None:
    """One run, on all ranks that torchrun started.

    Returns:
        The weights file, or None where ``stop`` ended the run early.

    Raises:
        UsageError: nothing to train on, or the folder holds another run.
        TrainingError: the loss is no number, or memory ran out.
        ImageError, WeightsError: an image or the start weights cannot be read.
        OutputError: the folder cannot be written.
    """
    if not data.items:
        raise UsageError("there is no image to train on")
    if not data.masks:
        raise UsageError(f"none of the {len(data.items)} images has a mask to learn from")
    settings = settings if where.start is None else of_shape(settings, load(where.start))
    data, space = semantic(data, settings.network.embedding if settings.loss.embedding else 0)
    where.out.mkdir(parents=True, exist_ok=True)
    with ranks() as own, ExitStack() as stack:
        network, card, space = starting_network(settings, where, data.categories, space)
        network.to(device=own.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        batches = Batches(
            data.items,
            network,
            settings.augment,
            Normalisation(card.mean, card.std),
            settings.batch,
            settings.seed,
            own.rank,
            own.world,
        )
        reporter = stack.enter_context(events.of_run(where.out, where.as_events, own.is_first))
        shown = showing.read(where.show)
        show = showing.Show(shown, card, settings.steps, reporter.shown) if shown else None
        trainer = Trainer(network, batches, settings, where.out, reporter, own, show)
        first = trainer.resume() if where.resume else 0
        if own.is_first:
            write_whole(where.out / "settings.yaml", to_yaml(settings).encode())
        reporter.start(where.out.name, len(data.items), data.masks, first, settings.steps)
        state = trainer.run(stop)
        if state is None:
            return None
        network.load_state_dict(state)
        path = where.out / WEIGHTS
        if own.is_first:
            write_whole(path, to_bytes(network, card.model_copy(update={"trained_on": where.trained_on}), space))
            reporter.result(path, {})
        return path


def of_shape(settings: TrainSettings, model: Model) -> TrainSettings:
    """The settings with the model's network; how much of its backbone is frozen stays as it was asked for, if it was."""
    update: dict[str, int] = {"classes": 1}
    if "frozen_stride" in settings.network.model_fields_set:
        update["frozen_stride"] = settings.network.frozen_stride
    network = model.card.network.model_copy(update=update)
    augment = settings.augment.model_copy(update={"square": network.square})
    return settings.model_copy(update={"network": network, "augment": augment})


def starting_network(
    settings: TrainSettings, where: Run, categories: tuple[str, ...], space: EmbeddingSpace | None
) -> tuple[Network, Card, EmbeddingSpace | None]:
    """A network to train, its card, and the space of its embeddings.

    Args:
        settings: of the run; of the shape of its ``start``.
        where: all weights of its ``start`` are taken, but for the last classification layer where the classes differ (A.2).
        categories: class names; empty: class-agnostic.
        space: of the targets; None: that of ``start`` stays.

    Raises:
        WeightsError: ``start`` holds no SOLO, or ``backbone`` no backbone that fits.
    """
    torch.manual_seed(settings.seed)
    shape = settings.network.model_copy(update={"classes": max(1, len(categories))})
    card = card_for(shape, categories)
    if where.start is None:
        return make(shape, weights=where.backbone), card, space
    model = load(where.start)
    network = make(shape, pretrained=False)
    state = model.network.state_dict()
    if model.card.categories != categories:
        state = without_classifier(state)
    network.load_state_dict(state, strict=False)
    return network, card, space or model.space
