"""The images table: files, their queue, and what each image's masks add up to."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, and_, func, insert, or_, select, true, update

from app.store.records import IMAGE_STATUSES, INSTANCE_STATES, Image, ImageStatus, InstanceState
from app.store.tables import images, instances

CHUNK = 400
"""Ids a query; SQLite binds at most 999 values in its oldest builds."""

_OPEN: tuple[ImageStatus, ...] = ("todo", "doing")

Order = Literal["name", "masks", "pending"]
"""By name; most masks first; most undecided masks first."""

_ORDERS: dict[Order, list[ColumnElement[Any]]] = {
    "name": [images.c.name],
    "masks": [
        (images.c.pending + images.c.accepted + images.c.rejected + images.c.unsure).desc(),
        images.c.name,
    ],
    "pending": [images.c.pending.desc(), images.c.name],
}


@dataclass(frozen=True)
class KnownFile:
    """What an import needs to know of an image it may have seen before."""

    id: int
    bytes: int
    mtime_ns: int
    content_hash: str
    width: int
    height: int
    error: str


def status_of(*, error: str, proposed: bool, closed: bool | None, pending: int, decided: int) -> ImageStatus:
    """The status that follows from an image's facts.

    An image without any mask waits for a person to say so, and so does one that has only what people drew.
    """
    if error:
        return "error"
    if closed:
        return "done"
    if not proposed and pending + decided == 0:
        return "new"
    if decided == 0:
        return "todo"
    return "done" if proposed and pending == 0 and closed is None else "doing"


class Images:
    """Image rows, in one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    # Files

    def known(self, folder_id: int) -> dict[str, KnownFile]:
        """Files of a folder by relative path."""
        columns = [images.c[name] for name in KnownFile.__dataclass_fields__]
        rows = self._connection.execute(select(images.c.relative_path, *columns).where(images.c.folder_id == folder_id))
        return {row[0]: KnownFile(*row[1:]) for row in rows}

    def taken(self, names: Sequence[str]) -> set[str]:
        """Which of these export names exist."""
        found: set[str] = set()
        for start in range(0, len(names), CHUNK):
            query = select(images.c.name).where(images.c.name.in_(names[start : start + CHUNK]))
            found.update(self._connection.scalars(query))
        return found

    def add_many(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """New images: the file's columns of each; review columns start at their beginning."""
        start = {"closed": None, "revision": 0, "pending": 0, "accepted": 0, "rejected": 0, "unsure": 0}
        unseen = {"proposer": None, "proposer_name": None, "hierarchy": None, "note": "", "error": ""}
        values = [{**start, **unseen, **row, "status": "error" if row.get("error") else "new"} for row in rows]
        if values:
            self._connection.execute(insert(images), values)

    def change(self, image_id: int, **values: object) -> None:
        """Set columns; `refresh` must follow where they bear on the status."""
        self._connection.execute(update(images).where(images.c.id == image_id).values(**values))

    # Reading

    def get(self, image_id: int) -> Image | None:
        """One image, or None."""
        row = self._connection.execute(select(images).where(images.c.id == image_id)).first()
        return None if row is None else Image(**row._mapping)

    def of_ids(self, image_ids: Sequence[int]) -> list[Image]:
        """The images with these ids, in order of name."""
        found: list[Image] = []
        for start in range(0, len(image_ids), CHUNK):
            query = select(images).where(images.c.id.in_(image_ids[start : start + CHUNK]))
            found.extend(Image(**row._mapping) for row in self._connection.execute(query))
        return sorted(found, key=lambda image: image.name)

    def by_status(self) -> dict[ImageStatus, int]:
        """How many images have each status."""
        rows = self._connection.execute(select(images.c.status, func.count()).group_by(images.c.status))
        found = {row[0]: row[1] for row in rows}
        return {status: found.get(status, 0) for status in IMAGE_STATUSES}

    def by_state(self) -> dict[InstanceState, int]:
        """How many masks have each state."""
        row = self._connection.execute(
            select(*(func.coalesce(func.sum(images.c[state]), 0) for state in INSTANCE_STATES))
        ).one()
        return {state: int(value) for state, value in zip(INSTANCE_STATES, row, strict=True)}

    def count(self, status: ImageStatus | None, search: str) -> int:
        """Images that match."""
        return self._connection.scalar(select(func.count()).select_from(images).where(_matches(status, search))) or 0

    def page(self, status: ImageStatus | None, search: str, order: Order, offset: int, limit: int) -> list[Image]:
        """A stretch of the matching images."""
        columns = _ORDERS[order]
        # Only the wanted rows are read in full: skipping an offset walks the index alone.
        ids = select(images.c.id).where(_matches(status, search)).order_by(*columns).offset(offset).limit(limit)
        wanted = ids.subquery()
        query = select(images).join(wanted, wanted.c.id == images.c.id).order_by(*columns)
        return [Image(**row._mapping) for row in self._connection.execute(query)]

    def rotated(self) -> int:
        """How many readable images their EXIF data turns or mirrors."""
        query = select(func.count()).select_from(images).where(images.c.orientation != 1, images.c.status != "error")
        return self._connection.scalar(query) or 0

    def walk(self, *, batch: int = 200) -> Iterator[list[Image]]:
        """Every readable image in order of name, in batches."""
        last = ""
        while True:
            query = select(images).where(images.c.name > last, images.c.status != "error")
            rows = self._connection.execute(query.order_by(images.c.name).limit(batch))
            found = [Image(**row._mapping) for row in rows]
            if not found:
                return
            yield found
            last = found[-1].name

    # The queue, in order of name

    def next_open(self, after: str) -> int | None:
        """The first image still to be decided whose name comes after this one."""
        best: tuple[str, int] | None = None
        for status in _OPEN:  # one index seek each
            query = select(images.c.name, images.c.id).where(images.c.status == status, images.c.name > after)
            row = self._connection.execute(query.order_by(images.c.name).limit(1)).first()
            if row is not None and (best is None or row.name < best[0]):
                best = (row.name, row.id)
        return None if best is None else best[1]

    def around(self, name: str, status: ImageStatus | None) -> tuple[int, int | None, int | None]:
        """(how many matching names come before, the one just before, the one just after)."""
        matches = _matches(status, "")
        before = self._connection.scalar(select(func.count()).select_from(images).where(matches, images.c.name < name))
        previous = select(images.c.id).where(matches, images.c.name < name).order_by(images.c.name.desc()).limit(1)
        following = select(images.c.id).where(matches, images.c.name > name).order_by(images.c.name).limit(1)
        return before or 0, self._connection.scalar(previous), self._connection.scalar(following)

    def to_propose(self, proposer_name: str, limit: int | None) -> list[Image]:
        """Readable, unfinished images without masks of this proposer, in order of name."""
        other = or_(images.c.proposer_name.is_(None), images.c.proposer_name != proposer_name)
        waiting = images.c.status.in_(["new", "todo", "doing"])
        query = select(images).where(and_(waiting, other)).order_by(images.c.name).limit(limit)
        return [Image(**row._mapping) for row in self._connection.execute(query)]

    # What the masks add up to

    def refresh(self, image_ids: Sequence[int]) -> dict[int, ImageStatus]:
        """Recount the masks of these images and bring their status up to date; returns it by id."""
        found: dict[int, ImageStatus] = {}
        for start in range(0, len(image_ids), CHUNK):
            chunk = list(image_ids[start : start + CHUNK])
            counts = self._counts(chunk)
            facts = select(images.c.id, images.c.error, images.c.proposer, images.c.closed)
            for row in self._connection.execute(facts.where(images.c.id.in_(chunk))).all():
                count = counts.get(row.id, dict.fromkeys(INSTANCE_STATES, 0))
                status = status_of(
                    error=row.error,
                    proposed=row.proposer is not None,
                    closed=row.closed,
                    pending=count["pending"],
                    decided=sum(count.values()) - count["pending"],
                )
                self.change(row.id, status=status, **count)
                found[row.id] = status
        return found

    def _counts(self, image_ids: Sequence[int]) -> dict[int, dict[str, int]]:
        query = (
            select(instances.c.image_id, instances.c.state, func.count())
            .where(instances.c.image_id.in_(image_ids), instances.c.deleted.is_(False))
            .group_by(instances.c.image_id, instances.c.state)
        )
        found: dict[int, dict[str, int]] = {}
        for image_id, state, number in self._connection.execute(query):
            found.setdefault(image_id, dict.fromkeys(INSTANCE_STATES, 0))[state] = number
        return found


def _matches(status: ImageStatus | None, search: str) -> ColumnElement[bool]:
    conditions: list[ColumnElement[bool]] = []
    if status is not None:
        conditions.append(images.c.status == status)
    if search:
        conditions.append(images.c.name.icontains(search, autoescape=True))
    return and_(true(), *conditions)
