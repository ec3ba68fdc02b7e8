"""The folders table."""

from sqlalchemy import Connection, insert, select

from app.store.records import Folder
from app.store.tables import folders


class Folders:
    """Folders of originals, in one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def all(self) -> list[Folder]:
        """Every folder, oldest first."""
        rows = self._connection.execute(select(folders).order_by(folders.c.id))
        return [Folder(**row._mapping) for row in rows]

    def add(self, path: str, label: str) -> Folder:
        """A new folder; path and label must not exist."""
        key = self._connection.execute(insert(folders).values(path=path, label=label)).inserted_primary_key
        assert key is not None
        return Folder(key[0], path, label)
