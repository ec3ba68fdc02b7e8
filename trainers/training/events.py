"""Telling of a training run: a bar for people, JSON lines for programs, curves for TensorBoard."""

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from typing_extensions import Self


@dataclass(frozen=True)
class StepReport:
    """Means over the steps since the last report."""

    step: int
    steps: int
    lr: float
    seconds_a_step: float
    losses: dict[str, float]

    @property
    def seconds_left(self) -> float:
        """At the present rate."""
        return (self.steps - self.step) * self.seconds_a_step


class TrainingReporter(Protocol):
    """Hears of a run."""

    def start(self, name: str, images: int, masks: int, first: int, steps: int) -> None:
        """A run, or a round of it, begins at step ``first``; 0 masks: it learns from images alone."""

    def step(self, report: StepReport) -> None:
        """Some more steps are done."""

    def checkpoint(self, step: int) -> None:
        """All that was done so far is safe."""

    def shown(self, event: dict[str, object]) -> None:
        """Some fixed images were predicted; see `trainers.training.showing`."""

    def result(self, path: Path, figures: dict[str, float]) -> None:
        """Weights were written, and what they reach where that was measured."""


class JsonLines:
    """One JSON object a line: ``start``, ``step`` with its losses, ``checkpoint``, ``shown``, ``result``, of self-training ``round``."""

    def __init__(self, stream: IO[str]) -> None:
        """Lines go to ``stream``, each at once."""
        self._stream = stream

    def start(self, name: str, images: int, masks: int, first: int, steps: int) -> None:
        self._print({"event": "start", "name": name, "images": images, "masks": masks, "step": first, "steps": steps})

    def step(self, report: StepReport) -> None:
        self._print({"event": "step", **asdict(report), "seconds_left": report.seconds_left})

    def checkpoint(self, step: int) -> None:
        self._print({"event": "checkpoint", "step": step})

    def shown(self, event: dict[str, object]) -> None:
        self._print(event)

    def result(self, path: Path, figures: dict[str, float]) -> None:
        self._print({"event": "result", "path": str(path), "figures": figures})

    def round(self, number: int, by: str, before: float, now: float) -> None:
        """A round of self-training was compared with the one before, which is kept if its figure is no lower."""
        self._print({"event": "round", "number": number, "by": by, "before": before, "now": now})

    def _print(self, event: dict[str, object]) -> None:
        self._stream.write(json.dumps(event) + "\n")
        self._stream.flush()


class Bar:
    """A bar with losses, rate and time left on standard error."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[text]}"),
            console=self._console,
        )

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def start(self, name: str, images: int, masks: int, first: int, steps: int) -> None:
        what = f"{masks} masks on {images} images" if masks else f"{images} images"
        self._console.print(f"{name}: {what}, steps {first} to {steps}")
        self._task = self._progress.add_task(name, total=steps, completed=first, text="")

    def step(self, report: StepReport) -> None:
        terms = "  ".join(f"{name} {value:.3f}" for name, value in report.losses.items())
        self._progress.update(self._task, completed=report.step, text=f"{report.seconds_a_step:.2f} s/step  {terms}")

    def checkpoint(self, step: int) -> None:
        """The bar says enough."""

    def shown(self, event: dict[str, object]) -> None:
        """A terminal shows no pictures."""

    def result(self, path: Path, figures: dict[str, float]) -> None:
        text = ", ".join(f"{name} {value:.2f}" for name, value in figures.items())
        self._console.print(f"{path}" + (f": {text}" if text else ""))


class Curves:
    """TensorBoard's event files in a folder; they continue over resumed runs."""

    def __init__(self, folder: Path) -> None:
        """
        Args:
            folder: created; ``tensorboard --logdir`` reads it.
        """
        from torch.utils.tensorboard import SummaryWriter  # half a second, and only where a run is made

        self._writer = SummaryWriter(str(folder))

    def start(self, name: str, images: int, masks: int, first: int, steps: int) -> None:
        """Nothing to draw."""

    def step(self, report: StepReport) -> None:
        for name, value in {**report.losses, "lr": report.lr, "seconds a step": report.seconds_a_step}.items():
            self._writer.add_scalar(name, value, report.step)

    def checkpoint(self, step: int) -> None:
        self._writer.flush()

    def shown(self, event: dict[str, object]) -> None:
        """They are for the app."""

    def result(self, path: Path, figures: dict[str, float]) -> None:
        for name, value in figures.items():
            self._writer.add_scalar(f"figures/{name}", value)
        self._writer.flush()


class All:
    """Several reporters as one."""

    def __init__(self, *reporters: TrainingReporter) -> None:
        self._reporters = reporters

    def start(self, name: str, images: int, masks: int, first: int, steps: int) -> None:
        for reporter in self._reporters:
            reporter.start(name, images, masks, first, steps)

    def step(self, report: StepReport) -> None:
        for reporter in self._reporters:
            reporter.step(report)

    def checkpoint(self, step: int) -> None:
        for reporter in self._reporters:
            reporter.checkpoint(step)

    def shown(self, event: dict[str, object]) -> None:
        for reporter in self._reporters:
            reporter.shown(event)

    def result(self, path: Path, figures: dict[str, float]) -> None:
        for reporter in self._reporters:
            reporter.result(path, figures)


class Silent:
    """For ranks after the first."""

    def start(self, name: str, images: int, masks: int, first: int, steps: int) -> None:
        """Nothing."""

    def step(self, report: StepReport) -> None:
        """Nothing."""

    def checkpoint(self, step: int) -> None:
        """Nothing."""

    def shown(self, event: dict[str, object]) -> None:
        """Nothing."""

    def result(self, path: Path, figures: dict[str, float]) -> None:
        """Nothing."""


def to_standard_output() -> JsonLines:
    """For a program that started this one."""
    return JsonLines(sys.stdout)


@contextmanager
def of_run(folder: Path, as_events: bool, is_first: bool) -> Iterator[TrainingReporter]:
    """A bar or JSON lines, the same lines in the run's folder, and TensorBoard's curves; silent on ranks after the first."""
    if not is_first:
        yield Silent()
        return
    with ExitStack() as stack:
        log = stack.enter_context((folder / "events.jsonl").open("a", encoding="utf-8"))
        told = to_standard_output() if as_events else stack.enter_context(Bar())
        yield All(told, JsonLines(log), Curves(folder / "tensorboard"))
