"""`python -m trainers evaluate`."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from rich.console import Console

from freesolo.errors import FreeSoloError
from freesolo.evaluation import Kind, Protocol, Scores, evaluate
from trainers.errors import UsageError
from trainers.extract import Executor
from trainers.scored import read_results
from trainers.scoring import beside, shown
from trainers.scoring.finding import Finder
from trainers.scoring.published import PUBLISHED, Published
from trainers.scoring.truth import Truth, read_truth
from trainers.signals import caught_signals
from trainers.work_list import printable


@dataclass(frozen=True)
class Subject:
    """What is scored against what."""

    truth: Path
    """COCO file or Pascal VOC folder."""
    results: Path | None = None
    """As `trainers.scored.read_results` reads them; or"""
    finder: Finder | None = None
    """what finds them now."""
    images: Path | None = None
    """Folder of the ground truth's images, for ``finder``."""
    split: str | None = None
    """Which list of a VOC folder."""

    @property
    def name(self) -> str:
        """Of the results."""
        return printable(self.results.name) if self.results is not None else self.finder.proposer if self.finder else ""


@dataclass(frozen=True)
class Manner:
    """How it is scored."""

    kind: Kind = "masks"
    protocol: Protocol = "coco"
    classes: bool = False
    """As `freesolo.evaluation.evaluate`."""
    bootstrap: int = 0
    """Resamplings for 95 % intervals; 0: none."""
    executor: Executor = "local"
    """Where images are matched: in this process, or on a Ray cluster."""
    address: str | None = None
    """Of the Ray cluster, as `trainers.ray_pool.cluster`."""


_TABLE_KINDS: dict[str, Kind] = {"3": "boxes", "4": "boxes"}
_TABLES_OF_CLASSES = ("5", "6")


def run(subject: Subject, manner: Manner, table: str | None, as_json: bool) -> int:
    """Score, and print the figures on standard output.

    Args:
        subject: exactly one of its results and finder is there.
        manner: how to score; the kind, protocol and classes of ``table`` take the place of its own.
        table: number of a table of the paper, whose rows are printed, too.
        as_json: one line of JSON instead of tables.

    Returns:
        The exit code: 0, or 128 plus the number of the signal that stopped the search for masks.

    Raises:
        UsageError: a file cannot be read or scored, or there is no such cluster.
        WorkersError: workers or the cluster cannot do their work.
    """
    if (subject.results is None) == (subject.finder is None):
        raise UsageError("name either a file of results or --proposer")
    if table is not None:
        manner = replace(
            manner, kind=_TABLE_KINDS.get(table, "masks"), protocol="coco", classes=table in _TABLES_OF_CLASSES
        )
    truth = read_truth(subject.truth, manner.kind, subject.split, subject.images)
    with caught_signals() as signals:
        taken = _results(subject, truth, lambda: bool(signals))
    if taken is None:
        return 128 + signals[0]
    truth, results = taken
    try:
        scores = score(truth, results, manner)
        if table == "s1":
            easier = score(truth, results, replace(manner, protocol="s1"))
            scores = replace(
                scores, figures=scores.figures | easier.figures, intervals=scores.intervals | easier.intervals
            )
    except FreeSoloError as error:
        raise UsageError(f"{subject.name} cannot be scored against {printable(subject.truth)}: {error}") from error
    _warn_of_images_left_out(truth, results)
    if table is None:
        show(scores, manner.kind, as_json)
    else:
        note = beside.data_note(PUBLISHED[table], truth, printable(subject.truth.name))
        show_beside(PUBLISHED[table], scores, subject.name, note, as_json)
    return 0


def score(truth: Truth, results: dict[str, Any] | list[dict[str, Any]], manner: Manner) -> Scores:
    """The figures, matched where ``manner`` wants it.

    Raises:
        EvaluationError, CodecError: they cannot be scored.
        UsageError: there is no such cluster.
        WorkersError: the cluster cannot do its work.
    """
    how = (manner.kind, manner.protocol, manner.bootstrap)
    if manner.executor == "local":
        return evaluate(truth.data, results, *how, classes=manner.classes)
    from trainers.ray_pool import spread  # only here: it is needed seldom

    return evaluate(truth.data, results, *how, partial(spread, manner.address), manner.classes)


def show(scores: Scores, kind: Kind, as_json: bool) -> None:
    """Print the figures, as tables or one line of JSON."""
    if as_json:
        sys.stdout.write(json.dumps(shown.as_row(scores)) + "\n")
        return
    Console().print(shown.as_table(scores, kind))
    if scores.by_class:
        Console().print(shown.as_class_table(scores))


def show_beside(table: Published, scores: Scores, name: str, note: str, as_json: bool) -> None:
    """Print the figures of a table beside the paper's."""
    if as_json:
        sys.stdout.write(json.dumps(beside.as_json(table, scores, name, note)) + "\n")
    else:
        Console().print(beside.as_table(table, scores, name, note))


def _results(
    subject: Subject, truth: Truth, stop: Callable[[], bool]
) -> tuple[Truth, dict[str, Any] | list[dict[str, Any]]] | None:
    if subject.finder is not None:
        return subject.finder.find(truth, stop)
    assert subject.results is not None
    try:
        return truth, read_results(subject.results, truth.data)
    except FreeSoloError as error:
        raise UsageError(f"{printable(subject.results)} cannot be read: {error}") from error


def _warn_of_images_left_out(truth: Truth, results: dict[str, Any] | list[dict[str, Any]]) -> None:
    """Say how many images the results do not speak of; a bare list names only those in which something was found."""
    if not isinstance(results, dict):
        return
    seen = {PurePosixPath(row["file_name"]).name for row in results["images"]}
    total = len(truth.data["images"])
    left_out = sum(PurePosixPath(row["file_name"]).name not in seen for row in truth.data["images"])
    if left_out:
        sys.stderr.write(
            f"warning: the results leave out {left_out} of the {total} images; their objects count as missed\n"
        )
