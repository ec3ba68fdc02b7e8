"""The kind of job that proposes masks. It keeps its list of images, and goes on with those it has not finished."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.files import replacing
from app.jobs import events
from app.jobs.work import Work
from app.services import models, proposing
from app.services.workspace import Workspace
from freesolo.proposers import RECOMMENDED

_IMAGES = "images.json"


def check(ws: Workspace, args: Mapping[str, Any]) -> None:
    """Raises SettingsError where there is no such proposer; a job without a name takes the one in use."""
    models.resolve(ws, args.get("proposer", RECOMMENDED))


def run(work: Work) -> str:
    """Propose masks.

    Arguments of the job: proposer (name), limit (number or None), image_ids (list or None: all unfinished images
    without masks of this proposer).
    """
    args = work.job.args
    proposer = str(args.get("proposer") or models.in_use(work.ws))
    planned = _planned(work, proposer)
    tally = _Tally(work, len(planned))
    waiting = set(planned) - tally.finished
    if args.get("image_ids") is None:  # people finish images while the job is paused: those are not proposed for again
        waiting &= set(proposing.plan(work.ws, proposer, None))
    report = proposing.run(
        work.ws,
        proposer,
        image_ids=[image_id for image_id in planned if image_id in waiting],
        on_event=tally.tell,
        cancelled=work.stopped,
    )
    faults = f", {len(report.faults)} images failed" if report.faults else ""
    return f"{tally.masks} masks on {len(tally.finished)} images{faults}"


def _planned(work: Work, proposer: str) -> list[int]:
    """Ids of the job's images; chosen at its first start, and kept, since later ones would choose others."""
    file = work.folder / _IMAGES
    if file.exists():
        kept: list[int] = json.loads(file.read_text("utf-8"))
        return kept
    args = work.job.args
    chosen = args.get("image_ids")
    ids = proposing.plan(work.ws, proposer, args.get("limit")) if chosen is None else list(chosen)[: args.get("limit")]
    with replacing(file) as stream:
        stream.write(json.dumps(ids).encode())
    return ids


@dataclass
class _Tally:
    """What the job has done in all its starts, by its events."""

    work: Work
    total: int
    finished: set[int] = field(default_factory=set)
    masks: int = 0

    def __post_init__(self) -> None:
        for event in events.read(self.work.folder):
            if event.get("event") == "image" and not event["error"]:
                self._count(int(event["image_id"]), int(event["masks"]))
        self._failed = 0

    def tell(self, event: proposing.ProposeProgress) -> None:
        """Note an image, and tell how far the job is."""
        if event.image_id is not None:
            values = {"image_id": event.image_id, "name": event.name, "masks": event.masks, "error": event.error}
            self.work.event({"event": "image", **values})
            if event.error:
                self._failed += 1
            else:
                self._count(event.image_id, event.masks)
        done = len(self.finished) + self._failed
        self.work.progress(done, self.total, event.rate, event.seconds_left, event.name)

    def _count(self, image_id: int, masks: int) -> None:
        if image_id not in self.finished:
            self.finished.add(image_id)
            self.masks += masks
