"""The kind of job that compares two proposers on the same images; what came out lies in its folder."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app.errors import JobError
from app.files import replacing
from app.jobs.work import Work, folder_of
from app.services.training import comparing
from app.services.training.told import Told
from app.services.workspace import Workspace
from app.store.records import Job

_IMAGES, _RESULT = "images.json", "comparison.json"


def check(ws: Workspace, args: Mapping[str, Any]) -> None:
    """Raises SettingsError where these proposers cannot be compared."""
    comparing.required(ws, args.get("before"), args.get("after"), args.get("images", comparing.IMAGES))


def run(work: Work) -> str:
    """Compare.

    Arguments of the job: before and after (names of proposers), images (their number).
    """

    def tell(told: Told) -> None:
        work.progress(told.done, told.total, None, None, told.phase)

    args = work.job.args
    names = str(args["before"]), str(args["after"])
    file = work.folder / _IMAGES
    if not file.exists():  # later starts would choose others
        _write(file, comparing.chosen(work.ws, int(args.get("images", comparing.IMAGES))))
    image_ids: list[int] = json.loads(file.read_text("utf-8"))
    found = comparing.compare(work.ws, names, image_ids, work.folder, tell, work.stopped)
    if found is None:
        return "goes on where it was"
    _write(work.folder / _RESULT, found.as_json())
    return found.sentence


def result(ws: Workspace, job: Job) -> dict[str, Any]:
    """What a finished job of this kind came to, as `Comparison.as_json` gives it.

    Raises:
        JobError: it has come to nothing yet.
    """
    file = folder_of(ws, job.id) / _RESULT
    if not file.exists():
        raise JobError(f"job {job.id} has not compared anything yet: it is {job.state}")
    found: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return found


def _write(file: Path, values: object) -> None:
    with replacing(file) as stream:
        stream.write(json.dumps(values).encode())
