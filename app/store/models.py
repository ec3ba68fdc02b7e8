"""The models table: networks that were trained in this workspace or brought into it."""

from collections.abc import Mapping

from sqlalchemy import Connection, insert, select, update

from app.store.decisions import now
from app.store.records import Model
from app.store.tables import models


class Models:
    """Model rows, in one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, values: Mapping[str, object]) -> Model:
        """A new model, from fields of `Model`."""
        row = {"created": now(), "deleted": False, **values}
        made = self._connection.execute(insert(models).values(**row).returning(models)).one()
        return Model(**made._mapping)

    def get(self, model_id: int) -> Model | None:
        """One model, or None."""
        row = self._connection.execute(select(models).where(models.c.id == model_id)).first()
        return None if row is None else Model(**row._mapping)

    def all(self) -> list[Model]:
        """Those whose weights are here, newest first."""
        rows = self._connection.execute(select(models).where(models.c.deleted.is_(False)).order_by(models.c.id.desc()))
        return [Model(**row._mapping) for row in rows]

    def change(self, model_id: int, **values: object) -> None:
        """Set columns."""
        self._connection.execute(update(models).where(models.c.id == model_id).values(**values))
