"""The schema, as SQLAlchemy Core tables. Migrations bring a database here; a test holds the two equal."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    text,
)

UNPLACED = 2**31 - 1
"""Place of an image that the queue's order does not know yet; in order of name all have it."""

NAMED = "category_id IS NOT NULL AND deleted = 0 AND state = 'accepted'"
"""SQL: a mask that people accepted and named."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# Ids leave in exports and must never be given out again, hence sqlite_autoincrement.

folders = Table(
    "folders",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("path", Text, nullable=False, unique=True),
    Column("label", Text, nullable=False, unique=True),
)

images = Table(
    "images",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("folder_id", ForeignKey("folders.id"), nullable=False),
    Column("relative_path", Text, nullable=False),
    Column("name", Text, nullable=False, unique=True),
    Column("content_hash", String(32), nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("raw_width", Integer, nullable=False),
    Column("raw_height", Integer, nullable=False),
    Column("orientation", Integer, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("mtime_ns", BigInteger, nullable=False),
    Column("status", String(8), nullable=False),
    Column("error", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("proposer", Text),
    Column("proposer_name", Text),
    Column("hierarchy", Text),
    Column("closed", Boolean),
    Column("revision", Integer, nullable=False),
    # Kept in the transaction that changes an instance, so that lists of 100,000 images need no grouping.
    Column("pending", Integer, nullable=False),
    Column("accepted", Integer, nullable=False),
    Column("rejected", Integer, nullable=False),
    Column("unsure", Integer, nullable=False),
    # Where the chosen order of the queue puts the image; new ones come last, by name, until it is arranged again.
    Column("place", Integer, nullable=False, server_default=str(UNPLACED)),
    Column("alike", Integer),
    Column("dismissed", JSON(none_as_null=True)),
    # What the last proposer made of the one before: undecided masks that are new or changed, and those that it no longer has.
    Column("changed", Integer, nullable=False, server_default="0"),
    Column("lost", Integer, nullable=False, server_default="0"),
    Index("ix_images_folder", "folder_id", "relative_path", unique=True),
    # Next to do and filtered lists seek here; overview reads this index alone.
    Index("ix_images_queue", "status", "place", "name", "pending", "accepted", "rejected", "unsure"),
    Index("ix_images_place", "place", "name"),
    Index("ix_images_alike", "alike"),
    Index("ix_images_changed", "changed"),
    sqlite_autoincrement=True,
)

# What an image looks like, kept with what it was measured from: another content or proposer makes a row stale.
looks = Table(
    "looks",
    metadata,
    Column("image_id", ForeignKey("images.id"), primary_key=True),
    Column("content_hash", String(32), nullable=False),
    Column("proposer", Text),
    Column("phash", BigInteger),
    Column("embedding", LargeBinary),
)

# The images that somebody picked out (on the map of Quality) for the queue.
picks = Table(
    "picks",
    metadata,
    Column("image_id", ForeignKey("images.id"), primary_key=True),
)

# What is odd about the accepted masks of an image, kept with a signature of these masks.
checks = Table(
    "checks",
    metadata,
    Column("image_id", ForeignKey("images.id"), primary_key=True),
    Column("signature", Text, nullable=False),
    Column("faults", JSON, nullable=False),
)

categories = Table(
    "categories",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("folded", Text, nullable=False, unique=True),  # name.casefold(): one name in any case
    Column("colour", String(7), nullable=False),
    Column("position", Integer, nullable=False),
    sqlite_autoincrement=True,
)

instances = Table(
    "instances",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("image_id", ForeignKey("images.id"), nullable=False),
    Column("x", Integer, nullable=False),
    Column("y", Integer, nullable=False),
    Column("w", Integer, nullable=False),
    Column("h", Integer, nullable=False),
    Column("area", BigInteger, nullable=False),
    Column("score", Float, nullable=False),
    Column("source", Text, nullable=False),
    Column("parent_id", ForeignKey("instances.id", ondelete="SET NULL")),
    Column("state", String(8), nullable=False),
    Column("category_id", ForeignKey("categories.id")),
    Column("edited", Boolean, nullable=False),
    Column("deleted", Boolean, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("counts", Text, nullable=False),
    # After what lists read, so that only long rows, and only for what follows, touch an overflow page.
    Column("embedding", LargeBinary),
    Column("change", String(8)),
    Index("ix_instances_image", "image_id", "deleted", "state"),
    Index("ix_instances_parent", "parent_id"),
    # Those whose names vote (`app.services.naming`), the newest first, however many there are.
    Index("ix_instances_named", "id", sqlite_where=text(NAMED)),
    sqlite_autoincrement=True,
)

decisions = Table(
    "decisions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", String(200), nullable=False, unique=True),
    Column("at", String(32), nullable=False),
    Column("who", String(200), nullable=False),
    Column("group_id", String(200), nullable=False),
    Column("undoes", String(200)),
    Column("action", String(16), nullable=False),
    Column("image_id", ForeignKey("images.id"), nullable=False),
    # No foreign key: the log outlives what it speaks of.
    Column("instance_id", Integer),
    Column("before", JSON, nullable=False),
    Column("after", JSON, nullable=False),
    Column("revision", Integer, nullable=False),
    Index("ix_decisions_group", "who", "group_id"),
    sqlite_autoincrement=True,
)

# What of the log stands and what is undone; follows from the log, kept so that undo needs no scan of it.
steps = Table(
    "steps",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("who", String(200), nullable=False),
    Column("group_id", String(200), nullable=False),
    Column("state", String(8), nullable=False),
    Column("last_group", String(200), nullable=False),
    Index("ix_steps_group", "who", "group_id", unique=True),
    Index("ix_steps_state", "who", "state", "id"),
    sqlite_autoincrement=True,
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("state", String(16), nullable=False),
    Column("args", JSON, nullable=False),
    Column("pid", Integer),
    Column("pid_started", Float),
    Column("heartbeat", Float),
    Column("done", Integer, nullable=False),
    Column("total", Integer, nullable=False),
    Column("rate", Float),
    Column("seconds_left", Float),
    Column("message", Text, nullable=False),
    Column("error", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("created", String(32), nullable=False),
    Column("finished", String(32)),
    Column("priority", Integer, nullable=False, server_default="0"),
    Column("started", String(32)),
    Column("shrunk", Boolean, nullable=False, server_default="0"),
    Column("runner", Text, nullable=False, server_default=""),
    Column("remote_id", String(64)),
    Index("ix_jobs_state", "state", "id"),
    sqlite_autoincrement=True,
)

models = Table(
    "models",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("created", String(32), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("parent", Text, nullable=False),
    Column("manner", String(8), nullable=False),
    Column("content_hash", String(32), nullable=False),
    Column("bytes", BigInteger, nullable=False),
    # Position of the log: which decisions it learnt from.
    Column("log_position", Integer, nullable=False),
    Column("data", JSON, nullable=False),
    Column("settings", JSON, nullable=False),
    Column("figures", JSON, nullable=False),
    Column("licence", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("deleted", Boolean, nullable=False),
    sqlite_autoincrement=True,
)

# What a project of Label Studio has of an image, and so what was decided here since.
label_studio_links = Table(
    "label_studio_links",
    metadata,
    Column("project", String(100), primary_key=True),
    Column("image_id", ForeignKey("images.id"), primary_key=True),
    Column("task_id", Integer, nullable=False),
    Column("version", String(100), nullable=False),
    Column("digest", String(32), nullable=False),
    # Revision of each mask by its id, as text, since JSON has no other keys.
    Column("masks", JSON, nullable=False),
    Column("pulled", Text, nullable=False),
)

meta = Table(
    "meta",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)
