"""Telling of the progress of long work: JSON lines for programs, a progress bar for people."""

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any, Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from typing_extensions import Self

from trainers.errors import OutputError
from trainers.work_list import printable


class Reporter(Protocol):
    """What bulk extraction tells of."""

    def start(self, total: int, done: int, workers: int) -> None:
        """Work begins: ``done`` of ``total`` images were finished by an earlier run."""

    def image(self, key: str, masks: int, error: str | None) -> None:
        """One more image is finished."""

    def end(self, is_complete: bool) -> None:
        """Work ends: all images are finished, or it was stopped."""


class Pace:
    """How fast the work goes and how long it will take."""

    def __init__(self, total: int, done: int, clock: Callable[[], float] = time.monotonic) -> None:
        """Start the clock; ``done`` of ``total`` were finished before."""
        self.total = total
        self.done = done
        self._before = done
        self._clock = clock
        self._started = clock()

    def step(self) -> None:
        """One more is finished."""
        self.done += 1

    @property
    def rate(self) -> float | None:
        """Finished a second since the start; None before the first."""
        seconds = self._clock() - self._started
        return (self.done - self._before) / seconds if self.done > self._before and seconds > 0 else None

    @property
    def seconds_left(self) -> float | None:
        """At the present rate; None while there is none."""
        return (self.total - self.done) / self.rate if self.rate is not None else None


class JsonLines:
    """One JSON object a line on standard output, each at once.

    First ``{"event": "start", "total", "done", "workers"}``, then for each image ``{"event": "image", "done", "total",
    "key", "error": null or sentence, "masks", "rate": images a second, "seconds_left"}``, at last
    ``{"event": "done" or "stopped", "done", "total"}``.
    """

    def __init__(self) -> None:
        self._stream = sys.stdout  # as it is now: it stays ours where others' output is led elsewhere

    def start(self, total: int, done: int, workers: int) -> None:
        self._pace = Pace(total, done)
        self._print({"event": "start", "total": total, "done": done, "workers": workers})

    def image(self, key: str, masks: int, error: str | None) -> None:
        pace = self._pace
        pace.step()
        numbers = {"done": pace.done, "total": pace.total, "rate": pace.rate, "seconds_left": pace.seconds_left}
        self._print({"event": "image", "key": key, "error": error, "masks": masks, **numbers})

    def end(self, is_complete: bool) -> None:
        name = "done" if is_complete else "stopped"
        self._print({"event": name, "done": self._pace.done, "total": self._pace.total})

    def _print(self, event: dict[str, Any]) -> None:
        try:
            self._stream.write(json.dumps(event) + "\n")
            self._stream.flush()
        except BrokenPipeError:
            # what is buffered goes nowhere, lest the interpreter fails once more at its end
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())
            raise OutputError("nobody reads the events any more: stopped") from None


class ProgressBar:
    """A bar with rate and time left on standard error, a line for each image that failed, and a summary."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True)
        columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[pace]}"))
        self._progress = Progress(*columns, console=self._console)
        self._masks = 0
        self._failed = 0

    def __enter__(self) -> Self:
        self._progress.start()
        self._task = self._progress.add_task("", total=None, pace="loading the proposer")
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def start(self, total: int, done: int, workers: int) -> None:
        self._pace = Pace(total, done)
        if done:
            self._say(f"{done} of {total} images were finished before")
        self._progress.update(self._task, total=total, completed=done, pace=f"{workers} workers")

    def image(self, key: str, masks: int, error: str | None) -> None:
        self._pace.step()
        self._masks += masks
        if error is not None:
            self._failed += 1
            self._say(f"no masks: {error}")
        self._progress.update(self._task, completed=self._pace.done, pace=self._words())

    def end(self, is_complete: bool) -> None:
        new = f"{self._masks} new masks, {self._failed} failed"
        self._say(f"{'done' if is_complete else 'stopped'}: {self._pace.done} of {self._pace.total} images, {new}")

    def _words(self) -> str:
        rate, left = self._pace.rate, self._pace.seconds_left
        if rate is None or left is None:
            return ""
        return f"{rate:.2f} images/s, {clock_time(left)} left"

    def _say(self, text: str) -> None:
        self._console.print(printable(text), markup=False, highlight=False, soft_wrap=True)


def clock_time(seconds: float) -> str:
    """Hours, minutes and seconds as ``h:mm:ss`` or ``m:ss``."""
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"
