"""The categories table."""

from sqlalchemy import Connection, func, insert, select, update

from app.store.records import Category
from app.store.tables import categories

_COLUMNS = (categories.c.id, categories.c.name, categories.c.colour, categories.c.position)


class Categories:
    """Names for masks, in one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def all(self) -> list[Category]:
        """Every category in the order people see."""
        rows = self._connection.execute(select(*_COLUMNS).order_by(categories.c.position, categories.c.id))
        return [Category(**row._mapping) for row in rows]

    def get(self, category_id: int) -> Category | None:
        """One category, or None."""
        row = self._connection.execute(select(*_COLUMNS).where(categories.c.id == category_id)).first()
        return None if row is None else Category(**row._mapping)

    def named(self, name: str) -> Category | None:
        """The category of this name in any case, or None."""
        row = self._connection.execute(select(*_COLUMNS).where(categories.c.folded == name.casefold())).first()
        return None if row is None else Category(**row._mapping)

    def add(self, name: str, colour: str) -> Category:
        """A new category at the end; the name must be free."""
        position = self._connection.scalar(select(func.coalesce(func.max(categories.c.position), -1) + 1))
        values = {"name": name, "folded": name.casefold(), "colour": colour, "position": position}
        key = self._connection.execute(insert(categories).values(values)).inserted_primary_key
        assert key is not None
        return Category(key[0], name, colour, int(position or 0))

    def rename(self, category_id: int, name: str) -> None:
        """Another name for the same category; it must be free."""
        values = {"name": name, "folded": name.casefold()}
        self._connection.execute(update(categories).where(categories.c.id == category_id).values(values))
