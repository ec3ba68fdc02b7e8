"""Run a proposer over images of the workspace. Interrupted at any moment, it goes on where it was when run again."""

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from app.errors import ProposeError
from app.services import child, lineage, models
from app.services.workspace import Workspace, process_started, same_process
from app.store.records import Change, Image, Instance, NewInstance
from app.store.transaction import Transaction
from freesolo.instances import Instances
from freesolo.proposers import RECOMMENDED
from trainers.records import Failure, Record

SAME_MASK = 0.9
"""IoU from which a proposal repeats a mask that a person has judged, and is left out."""


@dataclass(frozen=True)
class ProposeProgress:
    """How far a run is."""

    done: int
    total: int
    rate: float | None
    """Images a second."""
    seconds_left: float | None
    name: str
    """The image just finished; empty at the start."""
    masks: int
    """Of that image."""
    error: str
    """Why that image failed, or empty."""
    image_id: int | None = None
    """That image in the workspace, where there is one."""


OnEvent = Callable[[ProposeProgress], None]


@dataclass(frozen=True)
class ProposeReport:
    """What a run did."""

    images: int
    """Images with new masks."""
    masks: int
    faults: list[tuple[str, str]]
    """(image name, reason)."""
    cancelled: bool
    seconds: float


def run(
    ws: Workspace,
    proposer: str = RECOMMENDED,
    limit: int | None = None,
    image_ids: Sequence[int] | None = None,
    on_event: OnEvent | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> ProposeReport:
    """Propose masks; each finished image is saved at once.

    Masks that a person decided, named or edited stay; other pending ones of the image are replaced.

    Args:
        ws: the workspace.
        proposer: name of the proposer.
        limit: at most so many images.
        image_ids: these images; None: all readable, unfinished ones without masks of this proposer, by name.
        on_event: told of the start and of each image.
        cancelled: asked often; once true the run ends, and what is finished stays.

    Raises:
        SettingsError: there is no such proposer.
        ProposeError: the proposer's process failed, or the workspace's disk cannot take its files.
    """
    started = time.perf_counter()
    resolved = models.resolve(ws, proposer)
    with ws.store.read() as tx:
        images = tx.images.to_propose(proposer, limit) if image_ids is None else tx.images.of_ids(image_ids)[:limit]
        folders = {folder.id: Path(folder.path) for folder in tx.folders.all()}
    by_key = {str(image.id): image for image in images if image.status != "error" or image_ids is not None}
    session = _Session(ws, proposer, by_key, on_event)
    if by_key:
        files = [(key, folders[image.folder_id] / image.relative_path) for key, image in by_key.items()]
        try:
            ws.hierarchies.mkdir(exist_ok=True)
            with work_folder(ws) as folder:
                reports = child.propose(files, folder, resolved, ws.hierarchies, cancelled)
                with closing(reports):
                    for report in reports:
                        session.take(report)
        except OSError as error:
            raise ProposeError(f"the proposals cannot be written to {ws.path}: {error.strerror}") from error
    seconds = time.perf_counter() - started
    return ProposeReport(session.images, session.masks, session.faults, cancelled(), seconds)


def plan(ws: Workspace, proposer: str, limit: int | None) -> list[int]:
    """Ids of the images that `run` would work on: to go on with just these after a break."""
    with ws.store.read() as tx:
        return [image.id for image in tx.images.to_propose(proposer, limit)]


@contextmanager
def work_folder(ws: Workspace) -> Iterator[Path]:
    """A folder for one run's files, removed at its end; those of killed runs are removed too."""
    jobs = ws.path / "jobs"
    jobs.mkdir(exist_ok=True)
    for left in jobs.glob("propose-*-*-*"):
        _, pid, started, _ = left.name.split("-", 3)
        if not same_process(int(pid), float(started)):
            shutil.rmtree(left, ignore_errors=True)
    me = os.getpid()
    with tempfile.TemporaryDirectory(prefix=f"propose-{me}-{process_started(me)}-", dir=jobs) as name:
        yield Path(name)


class _Session:
    """What one run has saved and told so far."""

    def __init__(
        self,
        ws: Workspace,
        proposer: str,
        images: dict[str, Image],
        on_event: OnEvent | None,
    ) -> None:
        self._ws = ws
        self._proposer = proposer
        self._waiting = images
        self._on_event = on_event
        self._total = len(images)
        self.images = 0
        self.masks = 0
        self.faults: list[tuple[str, str]] = []

    def take(self, report: child.Report) -> None:
        """Save the report's results and tell of each."""
        event = report.event
        if event["event"] == "start":
            self._tell(event, None, "", 0, "")
        for record in report.results:
            self._tell(event, *self._save(record))

    def _tell(self, event: dict[str, Any], image_id: int | None, name: str, masks: int, error: str) -> None:
        if self._on_event is not None:
            done = self.images + len(self.faults)
            rate, left = event.get("rate"), event.get("seconds_left")
            self._on_event(ProposeProgress(done, self._total, rate, left, name, masks, error, image_id))

    def _save(self, result: Record | Failure) -> tuple[int, str, int, str]:
        """Returns (image id, image name, masks, why it failed or empty)."""
        image = self._waiting[result.key]
        error = _objection(image, result)
        with self._ws.store.write() as tx:
            masks = 0
            if isinstance(result, Failure) or error:
                tx.images.change(image.id, error=error)
            else:
                masks = _replace_proposals(tx, image, result, self._proposer)
            tx.images.refresh([image.id])
        if error:
            self.faults.append((image.name, error))
        else:
            self.images += 1
            self.masks += masks
        return image.id, image.name, masks, error


def _objection(image: Image, result: Record | Failure) -> str:
    """Why a result gives the image no masks, or empty."""
    if isinstance(result, Failure):
        return child.reason(result)
    if result.instances.size != (image.height, image.width):
        return "the file has changed since it was imported: import its folder again"
    return ""


def _replace_proposals(tx: Transaction, image: Image, record: Record, proposer: str) -> int:
    """Put a record's masks in the place of the image's untouched ones; returns how many."""
    before = tx.instances.of_image(image.id)
    tx.instances.remove_untouched(image.id)
    kept = tx.instances.of_image(image.id)
    found = _not_judged(record.instances, kept)
    compared = lineage.compare(found, before, {mask.id for mask in kept}) if image.proposer else lineage.first(found)
    tx.instances.add_many(image.id, record.proposer, _rows(found, compared.changes))
    tx.images.change(
        image.id,
        proposer=record.proposer,
        proposer_name=proposer,
        hierarchy=record.hierarchy or image.hierarchy,  # a network alone has none; the old ones still fit the picture
        note=image.note or record.note,
        error="",
        lost=compared.lost,
    )
    return len(found)


def _rows(found: Instances, changes: Sequence[Change | None]) -> list[NewInstance]:
    nothing: list[bytes | None] = [None] * len(found)
    embeddings = nothing if found.embeddings is None else [row.astype("<f2").tobytes() for row in found.embeddings]
    columns = zip(found.counts, found.boxes, found.areas, found.scores, embeddings, changes, strict=True)
    return [
        NewInstance(
            counts=counts.decode("ascii"),
            bbox=(int(box[0]), int(box[1]), int(box[2]), int(box[3])),
            area=int(area),
            score=float(score),
            embedding=embedding,
            change=change,
        )
        for counts, box, area, score, embedding, change in columns
    ]


def _not_judged(found: Instances, kept: Sequence[Instance]) -> Instances:
    """Without masks that repeat one the image still has: nobody wants to reject the same thing twice."""
    if not kept:
        return found
    old = Instances.from_counts(found.size, [mask.counts.encode("ascii") for mask in kept], np.zeros(len(kept)))
    return found[found.iou(old).max(axis=1) < SAME_MASK]
