"""`Store`: open a database, read and write it in transactions."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from app.errors import StoreError
from app.store.database import make_engine, migrate
from app.store.transaction import Transaction

_SENTENCES = {
    "disk is full": "the disk of the workspace is full: free some space and try again",
    "readonly database": "the workspace cannot be written: check the permissions of its folder",
    "database is locked": "another process holds the workspace's database for too long: try again",
    "not a database": "workspace.db is not a database: restore it from a copy, or choose another workspace",
    "malformed": "workspace.db is damaged: restore it from a copy",
    "unable to open": "workspace.db cannot be opened: check the permissions of the workspace folder",
}


class Store:
    """A migrated database. Safe to share between threads; each transaction has its own connection."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @classmethod
    def open(cls, url: str | URL) -> "Store":
        """Connect and migrate.

        Raises:
            WorkspaceError: the database is from a newer version.
            StoreError: it cannot be opened.
        """
        engine = make_engine(url)
        try:
            migrate(engine)
        except DBAPIError as error:
            engine.dispose()
            raise _explained(error) from error
        except BaseException:
            engine.dispose()
            raise
        return cls(engine)

    @classmethod
    def open_file(cls, path: Path) -> "Store":
        """`open` an SQLite file, made where it is missing; the path may hold any character."""
        return cls.open(URL.create("sqlite", database=str(path)))

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """A consistent view; writers are not waited for.

        Raises:
            StoreError: the database refused.
        """
        with self._transaction(writes=False) as transaction:
            yield transaction

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """A transaction that commits at the end, or rolls back where the block raises.

        Raises:
            StoreError: the database refused; nothing of the block is saved.
        """
        with self._transaction(writes=True) as transaction:
            yield transaction

    @contextmanager
    def _transaction(self, *, writes: bool) -> Iterator[Transaction]:
        try:
            with self._engine.connect().execution_options(writes=writes) as connection, connection.begin():
                yield Transaction(connection)
        except DBAPIError as error:
            raise _explained(error) from error

    def close(self) -> None:
        """Close all connections; SQLite folds its log into the file."""
        self._engine.dispose()


def _explained(error: DBAPIError) -> StoreError:
    text = str(error.orig)
    sentence = next((sentence for part, sentence in _SENTENCES.items() if part in text), None)
    return StoreError(sentence or f"the workspace's database refused: {text}")
