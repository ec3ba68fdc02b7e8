"""The steps table: which groups of decisions stand, and which are undone."""

from typing import Literal

from sqlalchemy import Connection, insert, select, update

from app.store.records import Step
from app.store.tables import steps


class Steps:
    """Undo and redo stacks of each reviewer, in one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of_group(self, who: str, group_id: str) -> Step | None:
        """The step with this name, or None."""
        row = self._connection.execute(select(steps).where(steps.c.who == who, steps.c.group_id == group_id)).first()
        return None if row is None else Step(**row._mapping)

    def last_done(self, who: str) -> Step | None:
        """What undo takes back."""
        query = select(steps).where(steps.c.who == who, steps.c.state == "done").order_by(steps.c.id.desc()).limit(1)
        row = self._connection.execute(query).first()
        return None if row is None else Step(**row._mapping)

    def first_undone(self, who: str) -> Step | None:
        """What redo brings again: of the undone steps the one that came first."""
        query = select(steps).where(steps.c.who == who, steps.c.state == "undone").order_by(steps.c.id).limit(1)
        row = self._connection.execute(query).first()
        return None if row is None else Step(**row._mapping)

    def add(self, who: str, group_id: str) -> None:
        """A new step on top; what was undone before it can no longer be redone."""
        undone = update(steps).where(steps.c.who == who, steps.c.state == "undone")
        self._connection.execute(undone.values(state="gone"))
        self._connection.execute(insert(steps).values(who=who, group_id=group_id, state="done", last_group=group_id))

    def turn(self, step_id: int, state: Literal["done", "undone"], last_group: str) -> None:
        """Note that a step was undone or redone by the rows of ``last_group``."""
        self._connection.execute(update(steps).where(steps.c.id == step_id).values(state=state, last_group=last_group))
