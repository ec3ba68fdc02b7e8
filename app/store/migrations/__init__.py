"""Alembic migrations, run by `app.store.database` when a workspace is opened."""
