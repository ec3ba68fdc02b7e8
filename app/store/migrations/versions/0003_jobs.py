"""Priorities of jobs, when they began, whether their batch was halved, and where they run."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add columns to the jobs; those there are go on as they were."""
    op.add_column("jobs", sa.Column("priority", sa.Integer(), server_default="0", nullable=False))
    op.add_column("jobs", sa.Column("started", sa.String(length=32), nullable=True))
    op.add_column("jobs", sa.Column("shrunk", sa.Boolean(), server_default="0", nullable=False))
    op.add_column("jobs", sa.Column("runner", sa.Text(), server_default="", nullable=False))
    op.add_column("jobs", sa.Column("remote_id", sa.String(length=64), nullable=True))
