"""An index of the accepted masks with a name: names are suggested from them at every look at an image."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_NAMED = "category_id IS NOT NULL AND deleted = 0 AND state = 'accepted'"


def upgrade() -> None:
    """Add the index."""
    op.create_index("ix_instances_named", "instances", ["id"], unique=False, sqlite_where=sa.text(_NAMED))
