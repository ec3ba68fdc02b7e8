import sqlite3

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext

from app.errors import StoreError, WorkspaceError
from app.services.workspace import Workspace
from app.store import database
from app.store.database import make_engine, migrate
from app.store.store import Store
from app.store.tables import metadata


@pytest.fixture
def engine(tmp_path):
    engine = make_engine(f"sqlite:///{tmp_path / 'x.db'}")
    yield engine
    engine.dispose()


def schema(engine):
    with engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT type, name, tbl_name FROM sqlite_master").fetchall()
        columns = {
            row[1]: connection.exec_driver_sql(f"PRAGMA table_xinfo({row[1]})").fetchall()
            for row in rows
            if row[0] == "table"
        }
    wanted = {tuple(row) for row in rows if row[2] not in ("alembic_version", "sqlite_sequence")}
    return wanted, {name: [tuple(c)[1:] for c in value] for name, value in columns.items() if name in metadata.tables}


def test_migrations_end_at_the_models(engine, tmp_path):
    migrate(engine)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []

    other = make_engine(f"sqlite:///{tmp_path / 'made.db'}")
    with other.connect().execution_options(writes=True) as connection, connection.begin():
        metadata.create_all(connection)
    assert schema(engine) == schema(other)
    other.dispose()


def test_migrating_twice_changes_nothing(engine):
    migrate(engine)
    before = schema(engine)
    migrate(engine)
    assert schema(engine) == before


def test_a_new_database_knows_the_category_of_masks_without_a_name(ws):
    with ws.store.read() as tx:
        assert [(category.id, category.name) for category in tx.categories.all()] == [(1, "object")]


def test_sqlite_runs_with_the_pragmas_that_keep_work_safe(engine):
    with engine.connect() as connection:
        value = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "foreign_keys", "synchronous", "busy_timeout")
        }
    assert value == {"journal_mode": "wal", "foreign_keys": 1, "synchronous": 1, "busy_timeout": 30000}


def test_a_database_from_a_newer_version_is_left_alone(tmp_path):
    Workspace.open(tmp_path / "ws").close()
    with sqlite3.connect(tmp_path / "ws" / "workspace.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(WorkspaceError, match=r"newer version of this app \(database version 9999\): update the app"):
        Workspace.open(tmp_path / "ws")


def test_a_file_that_is_no_database_is_told(tmp_path):
    (tmp_path / "workspace.db").write_bytes(b"hello, I am a text file, not a database" * 100)
    with pytest.raises(StoreError, match="not a database"):
        Workspace.open(tmp_path)


def test_a_transaction_that_raises_saves_nothing(ws):
    def fail():
        with ws.store.write() as tx:
            tx.meta.set("colour", "green")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with ws.store.read() as tx:
        assert tx.meta.get("colour") is None


def test_readers_see_one_moment_while_others_write(ws):
    with ws.store.read() as reader:
        assert reader.meta.get("colour") is None
        with ws.store.write() as writer:
            writer.meta.set("colour", "green")
        assert reader.meta.get("colour") is None
    with ws.store.read() as reader:
        assert reader.meta.get("colour") == "green"


def test_a_full_database_is_one_sentence_and_saves_nothing(ws):
    def fill():
        with ws.store.write() as tx:
            tx.meta._connection.exec_driver_sql("PRAGMA max_page_count = 1")  # SQLite then says that the disk is full
            tx.meta.set("long", "x" * 10_000_000)

    with pytest.raises(StoreError, match="the disk of the workspace is full: free some space"):
        fill()
    with ws.store.read() as tx:
        assert tx.meta.get("long") is None


def test_a_path_with_any_character_opens(tmp_path):
    path = tmp_path / "50% #1? ü" / "x.db"
    path.parent.mkdir()
    Store.open_file(path).close()
    assert path.is_file()


def test_jobs_of_an_older_database_go_on(tmp_path):
    """What 0003 adds has values that change nothing for the jobs there are."""
    path = tmp_path / "ws" / "workspace.db"
    path.parent.mkdir()
    engine = make_engine(f"sqlite:///{path}")
    config = Config()
    config.set_main_option("script_location", str(database._MIGRATIONS))
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
        connection.exec_driver_sql(
            "INSERT INTO jobs (kind, state, args, done, total, message, error, attempts, created) "
            "VALUES ('propose', 'queued', '{}', 0, 0, '', '', 0, '2026-01-02T03:04:05.678Z')"
        )
    engine.dispose()
    ws = Workspace.open(path.parent)
    with ws.store.read() as tx:
        job = tx.jobs.get(1)
    ws.close()
    assert (job.state, job.priority, job.started, job.shrunk, job.runner, job.remote_id) == (
        "queued",
        0,
        None,
        False,
        "",
        None,
    )
