"""`python -m trainers pretrain`: a backbone from photographs that nobody labelled (DenseCL)."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from freesolo import images
from freesolo.backbones.pretrained_file import to_bytes
from freesolo.errors import ImageError
from trainers.errors import OutputError, UsageError
from trainers.results import unwritable, write_whole
from trainers.signals import caught_signals
from trainers.training import events
from trainers.training.contrastive.batches import ViewBatches
from trainers.training.contrastive.loop import Pretrainer
from trainers.training.contrastive.network import DenseCL, starting_backbone
from trainers.training.contrastive.settings import PretrainSettings
from trainers.training.ranks import ranks
from trainers.training.yaml_files import to_yaml
from trainers.work_list import of_folder, of_list, printable

WEIGHTS = "backbone.safetensors"


@dataclass(frozen=True)
class Run:
    """Where a run comes from and goes to."""

    out: Path
    """Folder of settings, events, curves, checkpoints and weights."""
    start: Path | None = None
    """A backbone's file to go on from; None: as the settings say."""
    resume: bool = True
    """Go on from the folder's checkpoint, or start anew."""
    as_events: bool = False
    """JSON lines on standard output instead of a bar."""


def run(folder: Path, settings: PretrainSettings, where: Run) -> int:
    """Pre-train on a folder of images, or on those of a list.

    Args:
        folder: searched as `propose` does; or a list (.jsonl) as its ``--list`` takes it.
        settings: of the run.
        where: its folder.

    Returns:
        The exit code: 0, or 128 plus the number of the signal that stopped it.

    Raises:
        TrainersError: as `pretrain`, or the folder holds too few images.
        FreeSoloError: the backbone or its weights cannot be had.
    """
    paths = readable(folder)
    with caught_signals() as signals:
        path = pretrain(paths, settings, where, lambda: bool(signals))
        return 0 if path is not None else 128 + signals[0]


def readable(folder: Path) -> list[Path]:
    """The image files below a folder, or of a list, whose headers can be read; a warning for each other one.

    Raises:
        UsageError: there are fewer than two, or the list cannot be read.
    """
    found = of_list(folder) if folder.suffix == ".jsonl" else of_folder(folder)
    paths, faults = [], list(found.faults)
    for item in found.items:
        try:
            images.probe(item.path)
        except ImageError as error:
            faults.append(str(error))
        else:
            paths.append(Path(item.path))
    for fault in faults:
        sys.stderr.write(f"warning: left out: {printable(fault)}\n")
    if len(paths) < 2:
        count = "only one image" if paths else "no image"
        raise UsageError(
            f"{printable(folder)} holds {count} that can be read; a backbone learns by telling images apart: add more"
        )
    return paths


def pretrain(paths: list[Path], settings: PretrainSettings, where: Run, stop: Callable[[], bool]) -> Path | None:
    """One run, on all ranks that torchrun started.

    Returns:
        The backbone's file, or None where ``stop`` ended the run early.

    Raises:
        UsageError: the folder holds another run, or hardly an image can be read.
        TrainingError: the loss is no number, or memory ran out.
        ConfigError, WeightsError: the backbone or its weights cannot be had.
        OutputError: the folder cannot be written.
    """
    try:
        where.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(unwritable(where.out, error)) from error
    with ranks() as own:
        resolved = settings.for_images(len(paths), own.world)
        torch.manual_seed(resolved.seed)
        backbone, normalisation = starting_backbone(resolved, where.start)
        model = DenseCL(backbone, resolved)
        model.to(device=own.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        batches = ViewBatches(paths, resolved, normalisation.mean, normalisation.std, own.rank, own.world)
        with events.of_run(where.out, where.as_events, own.is_first) as reporter:
            trainer = Pretrainer(model, batches, resolved, where.out, reporter, own)
            first = trainer.resume() if where.resume else 0
            if own.is_first:
                text = to_yaml(resolved)
                sys.stderr.write(text)
                write_whole(where.out / "settings.yaml", text.encode())
            reporter.start(where.out.name, len(paths), 0, first, resolved.steps)
            if not trainer.run(stop):
                return None
            path = where.out / WEIGHTS
            if own.is_first:
                sentence = f"{len(paths)} images without labels, DenseCL, {resolved.steps} steps"
                write_whole(path, to_bytes(model.backbone, resolved.backbone, sentence))
                reporter.result(path, {})
            return path
