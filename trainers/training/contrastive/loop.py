"""The loop of pre-training: steps, the momentum encoder, the queues, checkpoints."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import torch
import torch.distributed as dist
from torch import Tensor, nn

from freesolo.backbones.precision import native_bfloat16
from freesolo.densecl import correspondence, dense_info_nce, follow, info_nce, total
from trainers.errors import UsageError
from trainers.training import checkpoint
from trainers.training.contrastive.batches import ViewBatches, Views
from trainers.training.contrastive.network import DenseCL
from trainers.training.contrastive.settings import PretrainSettings
from trainers.training.events import StepReport, TrainingReporter
from trainers.training.means import Means
from trainers.training.mishaps import memory_is_told, require_finite
from trainers.training.ranks import Ranks
from trainers.training.yaml_files import to_yaml

_LR_IMAGES = 256
"""Images a step that `PretrainSettings.lr` is for."""


@dataclass(frozen=True)
class _Keys:
    """What a step adds to the queues."""

    whole: Tensor
    dense: Tensor
    images: Tensor


class Pretrainer:
    """One run in one folder."""

    def __init__(
        self,
        model: DenseCL,
        batches: ViewBatches,
        settings: PretrainSettings,
        folder: Path,
        reporter: TrainingReporter,
        ranks: Ranks,
    ) -> None:
        """
        Args:
            model: on the rank's device; trained in place.
            batches: of this rank.
            settings: of the run, with the size of the queue decided.
            folder: for checkpoints.
            reporter: hears of every step, on the first rank.
            ranks: this process among the others.

        Raises:
            UsageError: bfloat16 is asked for where it is not native.
        """
        self._model = model
        self._batches = batches
        self._settings = settings
        self._folder = folder
        self._reporter = reporter
        self._ranks = ranks
        self._autocast = _autocast(settings, ranks.device)
        self._optimizer = torch.optim.SGD(
            [parameter for parameter in model.query.parameters() if parameter.requires_grad],
            lr=settings.lr,
            momentum=0.9,
            weight_decay=settings.weight_decay,
        )
        self._first = 0

    def resume(self) -> int:
        """Go on from the folder's checkpoint, if there is one; the step to go on from.

        Raises:
            UsageError: the checkpoint is damaged, or belongs to other settings.
        """
        state = checkpoint.load(self._folder)
        if state is None:
            return 0
        if state.settings != to_yaml(self._settings):
            raise UsageError(
                f"{self._folder} holds a run with other settings, or of a folder with another number of images (see its "
                "settings.yaml); go on with those, or name another folder with --out"
            )
        self._model.load_state_dict(state.network)
        self._optimizer.load_state_dict(state.optimizer)
        self._first = state.step
        return state.step

    def run(self, stop: Callable[[], bool]) -> bool:
        """Train to the end; false where ``stop`` ended it early.

        Raises:
            TrainingError: the loss is no number, or memory ran out; the last checkpoint is good.
            UsageError: fewer than two images can be read.
            OutputError: a checkpoint cannot be written.
        """
        settings = self._settings
        torch.set_num_threads(settings.threads or torch.get_num_threads())
        cv2.setNumThreads(1)
        query = self._ranks.wrap(self._model.query)
        self._model.train()
        window = Means()
        for step, views in enumerate(self._batches.steps(self._first, settings.steps), start=self._first):
            window.add(self._step(query, views.to(self._ranks.device), step))
            done = step + 1
            if done % settings.log_every == 0 or done == settings.steps:
                self._reporter.step(
                    StepReport(done, settings.steps, self._rate(step), window.seconds_a_step, window.means())
                )
                window = Means()
            is_stopped = self._ranks.any(stop())
            if done % settings.checkpoint_every == 0 or done == settings.steps or is_stopped:
                self._save(done)
                if is_stopped:
                    return done == settings.steps
        return True

    def _step(self, query: nn.Module, views: Views, step: int) -> dict[str, float]:
        for group in self._optimizer.param_groups:
            group["lr"] = self._rate(step)
        with memory_is_told(step, views.query):
            loss, means, keys = self._loss(query, views)
            self._optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
        norm = nn.utils.get_total_norm([p.grad for p in self._model.query.parameters() if p.grad is not None])
        require_finite(float(loss.detach()), float(norm), step, views.paths)
        self._optimizer.step()
        self._average_statistics()
        momentum = self._settings.momentum
        follow(self._model.key, self._model.query, momentum, min(momentum, (1 + step) / (10 + step)))
        images = self._gathered(keys.images)
        self._model.whole.push(self._gathered(keys.whole), images)
        self._model.dense.push(self._gathered(keys.dense), images)
        means["loss"] = loss.detach()
        everywhere = {name: float(self._ranks.total(value)) / self._ranks.world for name, value in means.items()}
        return {**everywhere, "gradient": float(norm)}

    def _loss(self, query: nn.Module, views: Views) -> tuple[Tensor, dict[str, Tensor], _Keys]:
        """What to minimise on this rank, its parts, and the new keys."""
        model, settings = self._model, self._settings
        with self._autocast:
            one = query(views.query.contiguous(memory_format=torch.channels_last))
            with torch.no_grad():
                other = model.key(views.key.contiguous(memory_format=torch.channels_last))
        matches = correspondence(one.features, other.features)
        allowed = model.whole.allowed(views.images)
        whole = info_nce(one.whole, other.whole, model.whole.keys, allowed, settings.temperature)
        dense = dense_info_nce(one.dense, other.dense, matches, model.dense.keys, allowed, settings.temperature)
        means = {
            "whole": whole.loss.detach(),
            "dense": dense.loss.detach(),
            "accuracy": whole.accuracy,
            "dense_accuracy": dense.accuracy,
        }
        loss = total(whole.loss, dense.loss, settings.dense_weight)
        return loss, means, _Keys(other.whole, other.pooled, views.images)

    def _rate(self, step: int) -> float:
        """Learning rate: in proportion to the images of a step, linear warm-up, then half a cosine to 0."""
        settings = self._settings
        images = settings.batch * self._ranks.world
        warm = min(1.0, (step + 1) / settings.warmup) if settings.warmup else 1.0
        return settings.lr * images / _LR_IMAGES * warm * (0.5 + 0.5 * math.cos(math.pi * step / settings.steps))

    def _average_statistics(self) -> None:
        """The running statistics of BatchNorm, which each rank gathers on its own images, are made the same on all."""
        if self._ranks.world > 1:
            for value in self._model.query.buffers():
                if value.is_floating_point():
                    value.copy_(self._ranks.total(value) / self._ranks.world)

    def _gathered(self, value: Tensor) -> Tensor:
        """Of all ranks, in their order, which is that of a single rank with all the images."""
        if self._ranks.world == 1:
            return value
        parts = [torch.empty_like(value) for _ in range(self._ranks.world)]
        dist.all_gather(parts, value.contiguous())
        return torch.cat(parts)

    def _save(self, done: int) -> None:
        if self._ranks.is_first:
            state = checkpoint.State(
                step=done,
                settings=to_yaml(self._settings),
                network=self._model.state_dict(),
                averaged={},
                optimizer=self._optimizer.state_dict(),
                history=[],
            )
            checkpoint.save(self._folder, state)
            self._reporter.checkpoint(done)
        self._ranks.wait()


def _autocast(settings: PretrainSettings, device: torch.device) -> torch.autocast:
    is_wanted = settings.precision == "bfloat16"
    is_native = torch.cuda.is_bf16_supported(including_emulation=False) if device.type == "cuda" else native_bfloat16()
    if is_wanted and not is_native:
        raise UsageError(f"this {device.type} does not multiply bfloat16 in hardware; set precision to float32")
    return torch.autocast(device.type, torch.bfloat16, enabled=is_wanted)
