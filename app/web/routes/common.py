"""What the routes share: the workspace of a request, and records as JSON."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import Depends, Path, Request

from app.jobs.kinds import KINDS
from app.jobs.usage import Meter
from app.services.clicking import Clicker
from app.services.naming import Suggestion
from app.services.workspace import Workspace
from app.store.records import Instance, Job
from app.web.importer import Importer
from app.web.presence import Presence
from app.web.surveyor import Surveyor

LARGEST_ID = 2**63 - 1
"""SQLite's largest integer; a larger one would be a server error, not an unknown row."""


def _workspace(request: Request) -> Workspace:
    workspace: Workspace = request.app.state.workspace
    return workspace


def _importer(request: Request) -> Importer:
    importer: Importer = request.app.state.importer
    return importer


def _surveyor(request: Request) -> Surveyor:
    surveyor: Surveyor = request.app.state.surveyor
    return surveyor


def _presence(request: Request) -> Presence:
    presence: Presence = request.app.state.presence
    return presence


def _clicker(request: Request) -> Clicker:
    clicker: Clicker = request.app.state.clicker
    return clicker


def _meter(request: Request) -> Meter:
    meter: Meter = request.app.state.meter
    return meter


def _who(request: Request) -> str:
    who: str = request.state.who
    return who


WorkspaceOf = Annotated[Workspace, Depends(_workspace)]
ImporterOf = Annotated[Importer, Depends(_importer)]
SurveyorOf = Annotated[Surveyor, Depends(_surveyor)]
PresenceOf = Annotated[Presence, Depends(_presence)]
ClickerOf = Annotated[Clicker, Depends(_clicker)]
MeterOf = Annotated[Meter, Depends(_meter)]
Who = Annotated[str, Depends(_who)]
RowId = Annotated[int, Path(ge=1, le=LARGEST_ID)]


def instance_json(instance: Instance) -> dict[str, Any]:
    """A mask as the canvas wants it."""
    return {
        "id": instance.id,
        "counts": instance.counts,
        "bbox": list(instance.bbox),
        "area": instance.area,
        "score": instance.score,
        "state": instance.state,
        "category_id": instance.category_id,
        "edited": instance.edited,
        "deleted": instance.deleted,
        "revision": instance.revision,
        "source": instance.source,
        "change": instance.change,
    }


def suggestion_json(suggestion: Suggestion | None) -> dict[str, Any] | None:
    """A name that a mask probably has."""
    if suggestion is None:
        return None
    return {"category_id": suggestion.category_id, "p": round(suggestion.p, 3)}


def job_json(job: Job, meter: Meter | None = None) -> dict[str, Any]:
    """A job as the header and the Jobs screen want it; with a meter, what it uses of the machine."""
    wanted = ("id", "kind", "state", "done", "total", "message", "error", "rate", "seconds_left", "args", "priority")
    values = asdict(job)
    kind = KINDS.get(job.kind)
    usage = None if meter is None else meter.usage(job)
    return {
        **{name: values[name] for name in (*wanted, "created", "started", "finished", "runner")},
        "title": kind.verb if kind else job.kind,
        "unit": kind.unit if kind else "step",
        "usage": None if usage is None else asdict(usage),
        "can_pause": kind is not None and kind.can_pause,
    }
