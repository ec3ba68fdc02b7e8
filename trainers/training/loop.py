"""The training loop: steps, checkpoints, and what goes wrong."""

import math
from collections.abc import Callable
from pathlib import Path

import cv2
import torch
from torch import Tensor, nn

from freesolo.solo.criterion import LossSums, loss_sums, total_loss
from trainers.errors import UsageError
from trainers.training import checkpoint
from trainers.training.averaging import Average
from trainers.training.batches import Batch, Batches
from trainers.training.events import StepReport, TrainingReporter
from trainers.training.means import Means
from trainers.training.mishaps import memory_is_told, require_finite
from trainers.training.ranks import Ranks
from trainers.training.settings import TrainSettings
from trainers.training.showing import Show
from trainers.training.yaml_files import to_yaml


class Trainer:
    """One run in one folder."""

    def __init__(
        self,
        network: nn.Module,
        batches: Batches,
        settings: TrainSettings,
        folder: Path,
        reporter: TrainingReporter,
        ranks: Ranks,
        show: Show | None = None,
    ) -> None:
        """
        Args:
            network: a `SoloNetwork`, on the rank's device; trained in place.
            batches: of this rank.
            settings: of the run.
            folder: for checkpoints.
            reporter: hears of every step, on the first rank.
            ranks: this process among the others.
            show: predicts fixed images now and then, on the first rank.
        """
        self._show = show if ranks.is_first else None
        self._network = network
        self._batches = batches
        self._settings = settings
        self._folder = folder
        self._reporter = reporter
        self._ranks = ranks
        self._optimizer, self._shares = _optimizer(network, settings)
        self._average = Average(network, settings.ema)
        self._first = 0
        self._history: list[float] = []

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
                f"{self._folder} holds a run with other settings (see its settings.yaml); "
                "go on with those, or name another folder with --out"
            )
        self._network.load_state_dict(state.network)
        self._optimizer.load_state_dict(state.optimizer)
        self._average.restore(state.averaged)
        self._first, self._history = state.step, state.history
        return state.step

    def run(self, stop: Callable[[], bool]) -> dict[str, Tensor] | None:
        """Train to the end; the averaged weights, or None where ``stop`` ended it early.

        Raises:
            TrainingError: the loss is no number, or memory ran out; the last checkpoint is good.
            ImageError: an image cannot be read.
            OutputError: a checkpoint cannot be written.
        """
        torch.set_num_threads(self._settings.threads or torch.get_num_threads())
        cv2.setNumThreads(1)
        network = self._ranks.wrap(self._network)
        network.train()
        window, since = Means(), Means()
        if self._show is not None and self._first == 0:
            self._show.show(0, self._state())
        for step, batch in enumerate(self._batches.steps(self._first, self._settings.steps), start=self._first):
            values = self._step(network, batch.to(self._ranks.device), step)
            window.add(values)
            since.add(values)
            done = step + 1
            if done % self._settings.log_every == 0 or done == self._settings.steps:
                self._reporter.step(
                    StepReport(done, self._settings.steps, self._rate(step), window.seconds_a_step, window.means())
                )
                window = Means()
            if self._show is not None and self._show.is_due(done):
                self._show.show(done, self._state())
            is_stopped = self._ranks.any(stop())
            if done % self._settings.checkpoint_every == 0 or done == self._settings.steps or is_stopped:
                self._history.append(since.means()["loss"])
                since = Means()
                self._save(done)
                if is_stopped:
                    return None
                if self._has_levelled_off():
                    break
        return self._state()

    def _state(self) -> dict[str, Tensor]:
        """The weights that the run would give now."""
        return self._average.over(self._network) if self._settings.ema else self._network.state_dict()

    def _step(self, network: nn.Module, batch: Batch, step: int) -> dict[str, float]:
        for group, share in zip(self._optimizer.param_groups, self._shares, strict=True):
            group["lr"] = self._rate(step) * share
        with memory_is_told(step, batch.images):
            loss, means = self._loss(network, batch, step)
            self._optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
        norm = nn.utils.clip_grad_norm_(_trained(self._network), self._settings.clip)
        require_finite(float(loss.detach()), float(norm), step, batch.paths)
        self._optimizer.step()
        self._average.update(self._network, step)
        return {**{name: float(value) for name, value in means.items()}, "gradient": float(norm)}

    def _loss(self, network: nn.Module, batch: Batch, step: int) -> tuple[Tensor, dict[str, Tensor]]:
        """What to minimise on this rank, and the means over all ranks."""
        output = network(batch.images, batch.sizes)
        local = loss_sums(self._network, output, batch.targets, self._settings.loss)  # type: ignore[arg-type]
        everywhere = LossSums(
            local.terms, *(self._ranks.total(count) for count in (local.positives, local.masks, local.embeddings))
        )
        progress = step / self._settings.steps
        loss = total_loss(everywhere.means(), self._settings.loss, progress)
        means = {name: self._ranks.total(value) for name, value in everywhere.means().items()}
        means["loss"] = total_loss(means, self._settings.loss, progress)
        return loss * self._ranks.world, means  # gradients are averaged over the ranks, but belong to a sum

    def _rate(self, step: int) -> float:
        """Learning rate: linear warm-up, then half a cosine to 0."""
        warm = min(1.0, (step + 1) / self._settings.warmup) if self._settings.warmup else 1.0
        return self._settings.lr * warm * (0.5 + 0.5 * math.cos(math.pi * step / self._settings.steps))

    def _save(self, done: int) -> None:
        if self._ranks.is_first:
            state = checkpoint.State(
                done,
                to_yaml(self._settings),
                self._network.state_dict(),
                self._average.state(),
                self._optimizer.state_dict(),
                self._history,
            )
            checkpoint.save(self._folder, state)
            self._reporter.checkpoint(done)
        self._ranks.wait()

    def _has_levelled_off(self) -> bool:
        patience = self._settings.patience
        return (
            bool(patience)
            and len(self._history) > patience
            and min(self._history[-patience:]) >= min(self._history[:-patience])
        )


def _trained(network: nn.Module) -> list[nn.Parameter]:
    return [parameter for parameter in network.parameters() if parameter.requires_grad]


def _optimizer(network: nn.Module, settings: TrainSettings) -> tuple[torch.optim.Optimizer, list[float]]:
    """The optimizer over two groups, backbone and heads, and the share of the rate that each learns at."""
    named = [(name, value) for name, value in network.named_parameters() if value.requires_grad]
    backbone = [value for name, value in named if name.startswith("backbone.")]
    heads = [value for name, value in named if not name.startswith("backbone.")]
    groups = [(backbone, settings.backbone_lr), (heads, 1.0)]
    kept = [(parameters, share) for parameters, share in groups if parameters]
    parameters = [{"params": values} for values, _ in kept]
    optimizer: torch.optim.Optimizer
    if settings.optimizer == "adamw":
        optimizer = torch.optim.AdamW(parameters, lr=settings.lr, weight_decay=settings.weight_decay)
    else:
        optimizer = torch.optim.SGD(parameters, lr=settings.lr, momentum=0.9, weight_decay=settings.weight_decay)
    return optimizer, [share for _, share in kept]
