"""The decisions table: the append-only log of what people did."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timezone

from sqlalchemy import Connection, func, insert, select

from app.store.records import Decision, NewDecision
from app.store.tables import decisions

_KEYS_A_QUERY = 500
"""SQLite binds at most 999 values in its oldest builds."""


def now() -> str:
    """UTC, ISO 8601 with milliseconds."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")


class Decisions:
    """The log, in one transaction. There is no update and no delete."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add_many(self, new: Sequence[NewDecision]) -> None:
        """Append rows in this order: one statement for any number of them."""
        at = now()
        rows = [{**vars(row), "at": row.at or at, "before": dict(row.before), "after": dict(row.after)} for row in new]
        if rows:
            self._connection.execute(insert(decisions), rows)

    def revisions(self, keys: Sequence[str]) -> dict[str, int]:
        """Which of the keys are in the log, with the revision each left behind."""
        found: dict[str, int] = {}
        for start in range(0, len(keys), _KEYS_A_QUERY):
            query = select(decisions.c.key, decisions.c.revision).where(
                decisions.c.key.in_(keys[start : start + _KEYS_A_QUERY])
            )
            found.update((row.key, row.revision) for row in self._connection.execute(query))
        return found

    def last_id(self) -> int:
        """The newest row's id; 0 where there is none."""
        return self._connection.scalar(select(func.max(decisions.c.id))) or 0

    def after(self, last_id: int) -> list[Decision]:
        """The rows after this one, in the order they were made."""
        query = select(decisions).where(decisions.c.id > last_id).order_by(decisions.c.id)
        return [Decision(**row._mapping) for row in self._connection.execute(query)]

    def created(self, keys: Sequence[str]) -> dict[str, int]:
        """Which of the keys are of operations that created a mask, with its id."""
        found: dict[str, int] = {}
        for start in range(0, len(keys), _KEYS_A_QUERY):
            query = select(decisions.c.key, decisions.c.instance_id).where(
                decisions.c.key.in_(keys[start : start + _KEYS_A_QUERY]), decisions.c.action == "create"
            )
            found.update((row.key, row.instance_id) for row in self._connection.execute(query))
        return found

    def of_images(self, image_ids: Sequence[int]) -> list[Decision]:
        """The rows about these images and their masks, in the order they were made."""
        found: list[Decision] = []
        for start in range(0, len(image_ids), _KEYS_A_QUERY):
            query = select(decisions).where(decisions.c.image_id.in_(image_ids[start : start + _KEYS_A_QUERY]))
            found.extend(Decision(**row._mapping) for row in self._connection.execute(query.order_by(decisions.c.id)))
        return found

    def of_group(self, who: str, group_id: str) -> list[Decision]:
        """The rows of a group, in the order they were made."""
        query = select(decisions).where(decisions.c.who == who, decisions.c.group_id == group_id)
        return [Decision(**row._mapping) for row in self._connection.execute(query.order_by(decisions.c.id))]

    def latest_first_judgements(self, limit: int) -> list[tuple[str, str]]:
        """(who, when) of the latest decisions on masks that were undecided, oldest first; undoing is none."""
        query = select(decisions.c.who, decisions.c.at, decisions.c.before).where(
            decisions.c.action == "state", decisions.c.undoes.is_(None)
        )
        rows = self._connection.execute(query.order_by(decisions.c.id.desc()).limit(limit)).all()
        return [(row.who, row.at) for row in reversed(rows) if row.before.get("state") == "pending"]

    def images_in_order(self) -> list[int]:
        """Every image that somebody decided something on, in the order of the first decisions on them."""
        query = select(decisions.c.image_id).group_by(decisions.c.image_id).order_by(func.min(decisions.c.id))
        return list(self._connection.scalars(query))

    def all(self) -> Iterator[Decision]:
        """The whole log, oldest first, streamed."""
        query = select(decisions).order_by(decisions.c.id).execution_options(yield_per=1000)
        for row in self._connection.execute(query):
            yield Decision(**row._mapping)
