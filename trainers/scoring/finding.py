"""Finding masks in the images of a ground truth, to score them."""

import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from trainers.errors import UsageError
from trainers.events import ProgressBar
from trainers.extract import Executor, ExtractSettings, extract
from trainers.scored import read_results
from trainers.scoring.truth import Truth
from trainers.work_list import printable


@dataclass(frozen=True)
class Finder:
    """What finds the masks, and where it works."""

    proposer: str
    """Name for `freesolo.proposers.make`."""
    out: Path | None = None
    """Results file to keep, which a later run goes on from; None: they are deleted once they are read."""
    workers: int | None = None
    executor: Executor = "local"
    ray_address: str | None = None
    """As `trainers.extract.ExtractSettings`."""

    def find(
        self, truth: Truth, stop: Callable[[], bool]
    ) -> tuple[Truth, dict[str, Any] | list[dict[str, Any]]] | None:
        """Run the proposer on the images of a ground truth; a progress bar tells of it.

        Args:
            truth: what is scored; images that are not there are left out, with a warning.
            stop: asked a few times a second; once true the work ends.

        Returns:
            The ground truth of the images that are there and the results on them, or None when stopped.

        Raises:
            UsageError: no image is there, or as `trainers.extract.extract`.
            OutputError, WorkersError: as `trainers.extract.extract`.
            CodecError: ``out`` holds a damaged line.
        """
        there = present(truth)
        with ExitStack() as stack:
            out = self.out or Path(stack.enter_context(TemporaryDirectory())) / "found.jsonl"
            bar = stack.enter_context(ProgressBar())
            settings = ExtractSettings(
                out=out,
                proposer=self.proposer,
                workers=self.workers,
                executor=self.executor,
                ray_address=self.ray_address,
            )
            if not extract(there.items, settings, bar, stop):
                return None
            return there, read_results(out, there.data)


def present(truth: Truth) -> Truth:
    """The part of a ground truth whose images are there; a warning tells how many are not.

    Raises:
        UsageError: none is there.
    """
    there = {item.key for item in truth.items}
    total, folder = len(truth.data["images"]), printable(truth.folder)
    if not there:
        raise UsageError(f"none of the {total} images of the ground truth is in {folder}: name their folder")
    if len(there) < total:
        sys.stderr.write(f"warning: {total - len(there)} images are not in {folder} and are not scored\n")
        return truth.only(there)
    return truth
