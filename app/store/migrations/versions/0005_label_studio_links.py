"""What projects of Label Studio have of the images."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table of links."""
    op.create_table(
        "label_studio_links",
        sa.Column("project", sa.String(length=100), nullable=False),
        sa.Column("image_id", sa.Integer(), nullable=False),
        sa.Column("task_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.String(length=100), nullable=False),
        sa.Column("digest", sa.String(length=32), nullable=False),
        sa.Column("masks", sa.JSON(), nullable=False),
        sa.Column("pulled", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["image_id"], ["images.id"], name=op.f("fk_label_studio_links_image_id_images")),
        sa.PrimaryKeyConstraint("project", "image_id", name=op.f("pk_label_studio_links")),
    )
