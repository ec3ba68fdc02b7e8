"""Bulk extraction: masks for many images into one results file, on all cores of a machine or a cluster, resumable at any moment."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from freesolo.config import Config
from trainers.errors import OutputError
from trainers.events import Reporter
from trainers.pool import Pool, ProcessPool, usable_cores
from trainers.results import ResultsFile, unwritable, write_whole
from trainers.work_list import WorkItem

Executor = Literal["local", "ray"]


class ExtractSettings(Config):
    """What to run, and where results go."""

    out: Path
    """The results file, JSON lines."""
    proposer: str = "default"
    """Name for `freesolo.proposers.make`."""
    workers: int | None = Field(default=None, ge=1)
    """Processes, one thread each; None: one a core."""
    executor: Executor = "local"
    """Processes of this machine, or of a Ray cluster, whose machines see the images under the same paths."""
    ray_address: str | None = None
    """Of the Ray cluster, ``host:port``; None: one is started on this machine for this work alone."""
    resume: bool = True
    """Keep what the file has and skip images that it holds masks of by the same proposer; else start it anew."""
    hierarchies: Path | None = None
    """Folder for the region hierarchies behind the masks; None: they are not kept."""


def extract(items: Sequence[WorkItem], settings: ExtractSettings, reporter: Reporter, stop: Callable[[], bool]) -> bool:
    """Find masks in all images; each finished one is a line of the results file at once.

    An image that fails (unreadable, or the proposer fails on it, or its process dies twice) gets a line with the
    reason; a later run tries it again. Memory does not grow with the number of images.

    Args:
        items: the images.
        settings: what to run.
        reporter: told of the progress.
        stop: asked a few times a second; once true the work ends, finished lines stay.

    Returns:
        Whether all images are finished.

    Raises:
        UsageError: there is no such proposer, or the results file is something else, or Ray is not installed or does
            not answer.
        OutputError: a result cannot be written; all lines before it stay.
        WorkersError: the proposer cannot be made, or its processes die while they load it.
    """
    if settings.hierarchies is not None:
        _make_folder(settings.hierarchies)
    with ResultsFile(settings.out, settings.resume) as results, _pool(settings, len(items), stop) as pool:
        identity = pool.identity()
        if identity is None:
            return False
        left = [item for item in items if not results.has(item.key, identity)]
        reporter.start(len(items), len(items) - len(left), pool.workers)
        finished = 0
        for answer in pool.run(left):
            if answer.hierarchy is not None and settings.hierarchies is not None:
                name, content = answer.hierarchy
                write_whole(settings.hierarchies / name, content)
            results.append(answer.line)
            reporter.image(answer.key, answer.masks, answer.error)
            finished += 1
        reporter.end(finished == len(left))
        return finished == len(left)


def _pool(settings: ExtractSettings, most: int, stop: Callable[[], bool]) -> Pool[Any]:
    """The workers asked for, ``most`` at most."""
    keep_hierarchies = settings.hierarchies is not None
    if settings.executor == "ray":
        from trainers.ray_pool import RayPool  # only here: it is needed seldom

        return RayPool(settings.proposer, settings.workers, most, keep_hierarchies, stop, settings.ray_address)
    return ProcessPool(settings.proposer, min(settings.workers or usable_cores(), most), keep_hierarchies, stop)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(unwritable(folder, error)) from error
