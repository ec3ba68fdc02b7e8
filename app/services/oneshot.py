"""Proposals for a folder as one COCO file, without a workspace."""

import itertools
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from app.errors import IngestError, ProposeError
from app.formats.coco import Coco
from app.formats.losses import Losses
from app.formats.records import Category, Dataset, Mask, Page, Picture
from app.services import child
from app.services.categories import UNNAMED
from app.services.export import export_file
from app.services.proposing import OnEvent, ProposeProgress
from app.services.walk import Fault, Found, existing_folder, image_files, no_images, portable
from freesolo.proposers import RECOMMENDED
from trainers.records import Failure, Record, parse


@dataclass(frozen=True)
class FolderReport:
    """What a one-shot run wrote."""

    images: int
    masks: int
    faults: list[Fault]
    """Files that are not in the result, and why."""


def propose_folder(
    folder: Path,
    out: Path,
    proposer: str = RECOMMENDED,
    limit: int | None = None,
    on_event: OnEvent | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> FolderReport:
    """Write the proposals for all images below a folder, with scores, as one COCO file.

    Images stand in order of their relative paths, those without masks too; unreadable ones are left out and reported.

    Raises:
        IngestError: the folder is missing or holds no image files.
        ProposeError: the proposer failed, or was cancelled.
        ExportError: the file cannot be written.
    """
    found = _found(folder, limit)
    paths = {file.relative: Path(file.path) for file in found.files}
    with export_file(out) as stream, tempfile.TemporaryDirectory(prefix="propose-") as work:
        try:
            _run(paths, Path(work), proposer, on_event, cancelled)
        except OSError as error:
            raise ProposeError(f"the proposals cannot be kept in {work}: {error.strerror}") from error
        if cancelled():
            raise ProposeError(f"stopped: {out} is not written")
        results = _Results(Path(work) / child.RESULTS)
        written = results.write(stream)
    faults = sorted([*found.faults, *results.faults()], key=lambda fault: fault.path)
    return FolderReport(written.images, written.masks, faults)


def _run(
    paths: dict[str, Path],
    work: Path,
    proposer: str,
    on_event: OnEvent | None,
    cancelled: Callable[[], bool],
) -> None:
    done = 0
    reports = child.propose(paths.items(), work, proposer, None, cancelled)
    with closing(reports):
        for report in reports:
            done += len(report.results)
            if on_event is not None:
                on_event(_progress(report, done, len(paths)))


def _found(folder: Path, limit: int | None) -> Found:
    root = existing_folder(folder)
    try:
        found = image_files(root)
    except OSError as error:
        raise IngestError(f"the folder {root} cannot be listed: {error.strerror}") from error
    if not found.files:
        raise IngestError(no_images(root))
    return Found(found.files[:limit], found.faults)


def _progress(report: child.Report, done: int, total: int) -> ProposeProgress:
    event, last = report.event, report.results[-1] if report.results else None
    name = "" if last is None else last.key
    masks = len(last.instances) if isinstance(last, Record) else 0
    error = child.reason(last) if isinstance(last, Failure) else ""
    return ProposeProgress(done, total, event.get("rate"), event.get("seconds_left"), name, masks, error)


class _Results:
    """The results file of a run, read in order of the keys: only offsets are held."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offsets: dict[str, int] = {}
        self._failures: list[Failure] = []
        offset = 0
        with path.open("rb") as stream:
            for line in stream:
                result = parse(line)
                if isinstance(result, Failure):
                    self._failures.append(result)
                else:
                    self._offsets[result.key] = offset
                offset += len(line)

    def faults(self) -> list[Fault]:
        """Images that failed."""
        return [Fault(failure.path, child.reason(failure)) for failure in self._failures]

    def write(self, stream: BinaryIO) -> Losses:
        """The COCO file."""
        return Coco().write(stream, Dataset([Category(UNNAMED, "object")], self._pictures, self._pages))

    def _records(self) -> Iterator[tuple[Picture, Record]]:
        taken: set[str] = set()
        with self._path.open("rb") as stream:
            for number, key in enumerate(sorted(self._offsets), start=1):
                stream.seek(self._offsets[key])
                record = parse(stream.readline())
                assert isinstance(record, Record)  # failures have no offset
                height, width = record.instances.size
                name = portable(record.key)
                while name in taken:  # only names with backslashes or colons can meet
                    name = f"_/{name}"
                taken.add(name)
                yield Picture(number, name, width, height), record

    def _pictures(self) -> Iterator[Picture]:
        return (picture for picture, _ in self._records())

    def _pages(self) -> Iterator[Page]:
        ids = itertools.count(1)
        for picture, record in self._records():
            found = zip(record.instances.counts, record.instances.scores, strict=True)
            masks = [Mask(next(ids), UNNAMED, code.decode("ascii"), round(float(score), 6)) for code, score in found]
            yield Page(picture, masks)
