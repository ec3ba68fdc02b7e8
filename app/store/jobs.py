"""The jobs table."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from sqlalchemy import Connection, insert, select, update

from app.store.decisions import now
from app.store.records import Job, JobState
from app.store.tables import jobs

Owner: TypeAlias = tuple[int, float | None]
"""(pid, start) of the process that does a job."""


class Jobs:
    """Long work and its progress, in one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, kind: str, args: Mapping[str, object], priority: int = 0, runner: str = "") -> int:
        """Queue a job; returns its id."""
        values = {
            "kind": kind,
            "state": "queued",
            "args": dict(args),
            "done": 0,
            "total": 0,
            "message": "",
            "error": "",
            "attempts": 0,
            "created": now(),
            "priority": priority,
            "shrunk": False,
            "runner": runner,
        }
        key = self._connection.execute(insert(jobs).values(values)).inserted_primary_key
        assert key is not None
        return int(key[0])

    def get(self, job_id: int) -> Job | None:
        """One job, or None."""
        row = self._connection.execute(select(jobs).where(jobs.c.id == job_id)).first()
        return None if row is None else Job(**row._mapping)

    def newest(self, limit: int, kind: str | None = None) -> list[Job]:
        """Newest first; of one kind where it is given."""
        query = select(jobs).order_by(jobs.c.id.desc()).limit(limit)
        if kind is not None:
            query = query.where(jobs.c.kind == kind)
        return [Job(**row._mapping) for row in self._connection.execute(query)]

    def in_states(self, states: Sequence[JobState]) -> list[Job]:
        """In the order of the queue: by priority, then age."""
        query = select(jobs).where(jobs.c.state.in_(states)).order_by(jobs.c.priority.desc(), jobs.c.id)
        return [Job(**row._mapping) for row in self._connection.execute(query)]

    def change(
        self,
        job_id: int,
        values: Mapping[str, object],
        *,
        only_in: Sequence[JobState] | None = None,
        owner: Owner | None = None,
    ) -> bool:
        """Set columns; where given, only if the job is in one of these states and this process does it.

        Returns:
            Whether it was so.
        """
        query = update(jobs).where(jobs.c.id == job_id).values(**values)
        if only_in is not None:
            query = query.where(jobs.c.state.in_(only_in))
        if owner is not None:
            query = query.where(jobs.c.pid == owner[0], jobs.c.pid_started == owner[1])
        return self._connection.execute(query).rowcount > 0
