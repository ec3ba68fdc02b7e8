"""The meta table: a few values of the workspace as a whole."""

from sqlalchemy import Connection, delete, insert, select

from app.store.tables import meta


class Meta:
    """Text by key, in one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, key: str) -> str | None:
        """The value, or None."""
        value: str | None = self._connection.scalar(select(meta.c.value).where(meta.c.key == key))
        return value

    def set(self, key: str, value: str) -> None:
        """Store or replace a value."""
        self.remove(key)
        self._connection.execute(insert(meta).values(key=key, value=value))

    def remove(self, key: str) -> None:
        """Forget a value; nothing happens where there is none."""
        self._connection.execute(delete(meta).where(meta.c.key == key))
