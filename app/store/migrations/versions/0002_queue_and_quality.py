"""Places in the queue, look-alikes, dismissed places, picked images, and checks of masks."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add columns to the images, and the tables of what is computed from them."""
    op.add_column("images", sa.Column("place", sa.Integer(), server_default="2147483647", nullable=False))
    op.add_column("images", sa.Column("alike", sa.Integer(), nullable=True))
    op.add_column("images", sa.Column("dismissed", sa.JSON(), nullable=True))
    op.drop_index("ix_images_queue", "images")
    counters = ["pending", "accepted", "rejected", "unsure"]
    op.create_index("ix_images_queue", "images", ["status", "place", "name", *counters], unique=False)
    op.create_index("ix_images_place", "images", ["place", "name"], unique=False)
    op.create_index("ix_images_alike", "images", ["alike"], unique=False)
    op.create_table(
        "looks",
        sa.Column("image_id", sa.Integer(), nullable=False),
        sa.Column("content_hash", sa.String(length=32), nullable=False),
        sa.Column("proposer", sa.Text(), nullable=True),
        sa.Column("phash", sa.BigInteger(), nullable=True),
        sa.Column("embedding", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["image_id"], ["images.id"], name=op.f("fk_looks_image_id_images")),
        sa.PrimaryKeyConstraint("image_id", name=op.f("pk_looks")),
    )
    op.create_table(
        "picks",
        sa.Column("image_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["image_id"], ["images.id"], name=op.f("fk_picks_image_id_images")),
        sa.PrimaryKeyConstraint("image_id", name=op.f("pk_picks")),
    )
    op.create_table(
        "checks",
        sa.Column("image_id", sa.Integer(), nullable=False),
        sa.Column("signature", sa.Text(), nullable=False),
        sa.Column("faults", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["image_id"], ["images.id"], name=op.f("fk_checks_image_id_images")),
        sa.PrimaryKeyConstraint("image_id", name=op.f("pk_checks")),
    )
