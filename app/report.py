"""What the command line shows: progress and trouble on stderr, results on stdout."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from app.services.catalogue import Overview

Said = Callable[[int, int, float | None, float | None], None]
"""Called with (done, total, units a second or None, seconds left or None)."""

_FAULTS_SHOWN = 20


class Screen:
    """A terminal, or files in its place."""

    def __init__(self) -> None:
        # Sentences are for people and programs alike: no wrapping, no colours of numbers, no markup in file names.
        self._out = Console(highlight=False, markup=False, soft_wrap=True)
        self._err = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)

    def say(self, sentence: str) -> None:
        """A result."""
        self._out.print(sentence)

    def plain(self, text: str) -> None:
        """Text for programs, as it is."""
        self._out.out(text, highlight=False)

    def error(self, sentence: str) -> None:
        """Why it did not work."""
        self._err.print(f"Error: {sentence}")

    def faults(self, faults: Sequence[tuple[str, str]]) -> None:
        """Files that could not be used, the first twenty of them."""
        for path, reason in faults[:_FAULTS_SHOWN]:
            self._err.print(f"{path}: {reason}")
        if len(faults) > _FAULTS_SHOWN:
            self._err.print(f"... and {len(faults) - _FAULTS_SHOWN} more")

    @contextmanager
    def progress(self, what: str, unit: str = "images") -> Iterator[Said]:
        """A bar with rate and time left while the block runs; nothing where stderr is no terminal."""
        columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rest]}"))
        with Progress(*columns, console=self._err, disable=not self._err.is_terminal, transient=True) as bar:
            task = bar.add_task(what, total=None, rest="")

            def said(done: int, total: int, rate: float | None, left: float | None) -> None:
                bar.update(task, completed=done, total=total, rest=pace(rate, left, unit))

            yield said

    def table(self, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """A table, wrapped to the terminal."""
        table = Table(*headings, box=box.SIMPLE_HEAD, pad_edge=False, show_lines=True)
        for row in rows:
            table.add_row(*row)
        self._out.print(table, soft_wrap=False)

    def overview(self, overview: Overview, path: Path) -> None:
        """The state of a workspace as a table."""
        table = Table(title=f"{overview.project} ({path})", title_justify="left", box=None, pad_edge=False)
        for heading in ("images", "", "masks", ""):
            table.add_column(heading, justify="left" if heading else "right")
        images = [*_named(overview.images, _IMAGES), ("total", str(overview.total))]
        masks = [*_named(overview.instances, {}), ("total", str(sum(overview.instances.values())))]
        masks += [("", "")] * (len(images) - len(masks))
        for left, right in zip(images, masks, strict=True):
            table.add_row(*left, *right)
        self._out.print(table)


_IMAGES = {"new": "without proposals", "todo": "to do", "doing": "begun", "done": "done", "error": "unreadable"}


def _named(counts: Mapping[Any, int], names: dict[str, str]) -> list[tuple[str, str]]:
    return [(names.get(key, key), str(number)) for key, number in counts.items()]


def pace(rate: float | None, left: float | None, unit: str = "images") -> str:
    """Speed in units a second and time left, as far as they are known."""
    parts = [f"{rate:.1f} {unit}/s"] if rate else []
    if left is not None:
        minutes, seconds = divmod(round(left), 60)
        parts.append(f"{minutes}:{seconds:02} left")
    return ", ".join(parts)
