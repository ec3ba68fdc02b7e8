"""What a job's kind sees of the job it does, and where a job's files lie."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from app.services.workspace import Workspace
from app.store.records import Job

LOG = "log.txt"
"""In a job's folder: what its processes wrote on their outputs, of all its starts."""


class Work(Protocol):
    """One start of a job, as the function that does it sees it. See `app.jobs.kinds`."""

    @property
    def ws(self) -> Workspace:
        """The workspace."""

    @property
    def job(self) -> Job:
        """The job's row as it was when the process started."""

    @property
    def folder(self) -> Path:
        """The job's own folder; what lies there is still there after a pause, a crash or a retry."""

    def stopped(self) -> bool:
        """Whether the work should end now, in order; asked often. What is finished must be safe on disk."""

    def progress(self, done: int, total: int, rate: float | None, seconds_left: float | None, message: str) -> None:
        """Tell how far it is: ``rate`` in units of the kind a second. Cheap: most calls write nothing."""

    def event(self, values: Mapping[str, Any]) -> None:
        """Append a line to the job's events; the time is put in."""


def folder_of(ws: Workspace, job_id: int) -> Path:
    """Where a job's files lie; made with its first start."""
    return ws.path / "jobs" / str(job_id)
