"""The looks table: hash and embedding of each image, with the content and proposer they were measured from."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, or_, select

from app.store.images import CHUNK
from app.store.records import Image
from app.store.tables import images, looks


@dataclass(frozen=True)
class Look:
    """What one image looks like."""

    image_id: int
    content_hash: str
    """Version of the picture that was hashed; empty: not hashed yet."""
    proposer: str | None
    """Whose masks gave the embedding; embeddings of two proposers do not compare."""
    phash: int | None
    """63-bit perceptual hash; None: the file is unreadable."""
    embedding: bytes | None
    """float16 row; None: no mask has one."""


class Looks:
    """Look rows, in one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def stale(self, limit: int, *, embeddings: bool = False) -> list[Image]:
        """Readable images without a look, or with one of another content or proposer, in order of id.

        Args:
            limit: at most so many.
            embeddings: whether the embedding alone counts, the hash may be missing.
        """
        outdated = or_(looks.c.image_id.is_(None), looks.c.proposer.is_distinct_from(images.c.proposer))
        if not embeddings:
            outdated = or_(outdated, looks.c.content_hash != images.c.content_hash)
        query = select(images).outerjoin(looks).where(images.c.status != "error", outdated)
        return [Image(**row._mapping) for row in self._connection.execute(query.order_by(images.c.id).limit(limit))]

    def of_ids(self, image_ids: Sequence[int]) -> dict[int, Look]:
        """The looks of these images, stale ones too."""
        found: dict[int, Look] = {}
        for start in range(0, len(image_ids), CHUNK):
            query = select(looks).where(looks.c.image_id.in_(image_ids[start : start + CHUNK]))
            found.update((row.image_id, Look(**row._mapping)) for row in self._connection.execute(query))
        return found

    def all(self) -> list[Look]:
        """Every look, in order of id of the image."""
        return [Look(**row._mapping) for row in self._connection.execute(select(looks).order_by(looks.c.image_id))]

    def put(self, rows: Sequence[Look]) -> None:
        """Store or replace the looks of some images."""
        for start in range(0, len(rows), CHUNK):
            chunk = rows[start : start + CHUNK]
            self._connection.execute(delete(looks).where(looks.c.image_id.in_([row.image_id for row in chunk])))
            self._connection.execute(insert(looks), [vars(row) for row in chunk])
