"""`python -m trainers propose`."""

import sys
from contextlib import ExitStack
from pathlib import Path

from trainers import work_list
from trainers.errors import UsageError
from trainers.events import JsonLines, ProgressBar, Reporter
from trainers.extract import ExtractSettings, extract
from trainers.signals import caught_signals
from trainers.work_list import WorkItem, printable


def run(folder: Path | None, listing: Path | None, settings: ExtractSettings, limit: int | None, events: bool) -> int:
    """Find the images, then their masks.

    Args:
        folder: searched for images; or
        listing: a file that lists them.
        settings: what to run.
        limit: only the first so many images.
        events: JSON lines on standard output instead of a progress bar.

    Returns:
        The exit code: 0, or 128 plus the number of the signal that stopped the work.

    Raises:
        TrainersError: as `trainers.extract.extract`.
    """
    items = _items(folder, listing)[:limit]
    with ExitStack() as stack:
        signals = stack.enter_context(caught_signals())
        reporter: Reporter = JsonLines() if events else stack.enter_context(ProgressBar())
        is_complete = extract(items, settings, reporter, stop=lambda: bool(signals))
    return 0 if is_complete else 128 + signals[0]


def _items(folder: Path | None, listing: Path | None) -> list[WorkItem]:
    if folder is not None and listing is None:
        found = work_list.of_folder(folder)
    elif listing is not None and folder is None:
        found = work_list.of_list(listing)
    else:
        raise UsageError("name either a folder of images or --list FILE")
    for fault in found.faults:
        sys.stderr.write(f"warning: {printable(fault)}\n")
    return found.items
