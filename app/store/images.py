"""The images table: files, their queue, and what each image's masks add up to."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    true,
    tuple_,
    update,
)

from app.store.records import IMAGE_STATUSES, INSTANCE_STATES, Image, ImageStatus, InstanceState
from app.store.tables import UNPLACED, images, instances, picks

CHUNK = 400
"""Ids a query; SQLite binds at most 999 values in its oldest builds."""

_OPEN: tuple[ImageStatus, ...] = ("todo", "doing")

Only = Literal["", "alike", "picked", "changed"]
"""All images; those of which there is a near-duplicate; those that somebody picked on the map; those on which the last proposer found
other masks than the one before."""

_PLACE = (images.c.place, images.c.name)
"""The queue's order: every place that `Images.arrange` gave, and the names among equals."""


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


@dataclass(frozen=True)
class Brief:
    """What arranging the queue needs to know of an image."""

    id: int
    name: str
    proposer: str | None
    pending: int
    masks: int
    alike: int | None


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
        counts = dict.fromkeys(("pending", "accepted", "rejected", "unsure", "changed", "lost"), 0)
        start = {"closed": None, "revision": 0, **counts}
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

    def by_hash(self, hashes: Sequence[str]) -> dict[str, list[Image]]:
        """The images with these contents, in order of name."""
        found: dict[str, list[Image]] = {}
        for start in range(0, len(hashes), CHUNK):
            query = select(images).where(images.c.content_hash.in_(hashes[start : start + CHUNK]))
            for row in self._connection.execute(query.order_by(images.c.name)):
                found.setdefault(row.content_hash, []).append(Image(**row._mapping))
        return found

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

    def count(self, status: ImageStatus | None, search: str, only: Only = "") -> int:
        """Images that match."""
        matches = _matches(status, search, only)
        return self._connection.scalar(select(func.count()).select_from(images).where(matches)) or 0

    def page(self, status: ImageStatus | None, search: str, only: Only, offset: int, limit: int) -> list[Image]:
        """A stretch of the matching images, in the queue's order; of look-alikes group by group."""
        # Only the wanted rows are read in full: skipping an offset walks the index alone.
        matches = _matches(status, search, only)
        order = (images.c.alike, *_PLACE) if only == "alike" else _PLACE
        wanted = select(images.c.id).where(matches).order_by(*order).offset(offset).limit(limit).subquery()
        query = select(images).join(wanted, wanted.c.id == images.c.id).order_by(*order)
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

    # The queue, in its kept order

    def next_open(self, after: Image | None) -> int | None:
        """The first image still to be decided that comes after this one, or the first of all."""
        best: tuple[int, str, int] | None = None
        for status in _OPEN:  # one index seek each
            query = select(*_PLACE, images.c.id).where(images.c.status == status)
            if after is not None:
                query = query.where(_is_after(after))
            row = self._connection.execute(query.order_by(*_PLACE).limit(1)).first()
            if row is not None and (best is None or tuple(row) < best):
                best = (row.place, row.name, row.id)
        return None if best is None else best[2]

    def around(self, image: Image, status: ImageStatus | None) -> tuple[int, int | None, int | None]:
        """(how many matching images come before, the one just before, the one just after)."""
        earlier, later = (_matches(status, ""), _is_before(image)), (_matches(status, ""), _is_after(image))
        before = self._connection.scalar(select(func.count()).select_from(images).where(*earlier))
        backwards = [column.desc() for column in _PLACE]
        previous = select(images.c.id).where(*earlier).order_by(*backwards).limit(1)
        following = select(images.c.id).where(*later).order_by(*_PLACE).limit(1)
        return before or 0, self._connection.scalar(previous), self._connection.scalar(following)

    def arrange(self, image_ids: Sequence[int]) -> None:
        """Give the images places in this order; those that are not named come after them, by name."""
        self._connection.execute(update(images).where(images.c.place != UNPLACED).values(place=UNPLACED))
        rows = [{"key": image_id, "to": place} for place, image_id in enumerate(image_ids)]
        if rows:
            statement = update(images).where(images.c.id == bindparam("key")).values(place=bindparam("to"))
            self._connection.execute(statement, rows)

    def unplaced(self) -> int:
        """How many readable images the order does not know."""
        query = select(func.count()).select_from(images).where(images.c.place == UNPLACED, images.c.status != "error")
        return self._connection.scalar(query) or 0

    def briefs(self) -> list[Brief]:
        """What arranging needs to know of every readable image, by name."""
        masks = images.c.pending + images.c.accepted + images.c.rejected + images.c.unsure
        columns = (images.c.id, images.c.name, images.c.proposer, images.c.pending, masks, images.c.alike)
        rows = self._connection.execute(select(*columns).where(images.c.status != "error").order_by(images.c.name))
        return [Brief(*row) for row in rows]

    # Look-alikes and picked images

    def group(self, first_of: Mapping[int, int]) -> bool:
        """Store which images look alike, by id of each the first of its group; all others stand alone.

        Returns:
            Whether that was not so already.
        """
        query = select(images.c.id, images.c.alike).where(images.c.alike.is_not(None))
        before = {row.id: row.alike for row in self._connection.execute(query)}
        gone = [{"key": image_id, "to": None} for image_id in before.keys() - first_of.keys()]
        rows = [{"key": key, "to": first} for key, first in first_of.items() if before.get(key) != first]
        rows += gone
        if rows:
            statement = update(images).where(images.c.id == bindparam("key")).values(alike=bindparam("to"))
            self._connection.execute(statement, rows)
        return bool(rows)

    def count_groups(self) -> tuple[int, int]:
        """(images with look-alikes, groups of them)."""
        query = select(func.count(images.c.alike), func.count(images.c.alike.distinct()))
        row = self._connection.execute(query.where(images.c.alike.is_not(None))).one()
        return int(row[0]), int(row[1])

    def count_changed(self) -> int:
        """How many images have masks that the last proposer changed, or lost some."""
        query = select(func.count()).select_from(images).where(or_(images.c.changed > 0, images.c.lost > 0))
        return self._connection.scalar(query) or 0

    def picked(self) -> int:
        """How many images are picked."""
        return self._connection.scalar(select(func.count()).select_from(picks)) or 0

    def group_sizes(self, firsts: Sequence[int]) -> dict[int, int]:
        """How many images each of these groups of look-alikes has."""
        found: dict[int, int] = {}
        for start in range(0, len(firsts), CHUNK):
            wanted = images.c.alike.in_(firsts[start : start + CHUNK])
            query = select(images.c.alike, func.count()).where(wanted).group_by(images.c.alike)
            found.update({row[0]: row[1] for row in self._connection.execute(query)})
        return found

    def pick(self, image_ids: Sequence[int]) -> int:
        """Make these the picked images, instead of those before; returns how many of them exist."""
        self._connection.execute(delete(picks))
        known = [image.id for image in self.of_ids(sorted(set(image_ids)))]
        if known:
            self._connection.execute(insert(picks), [{"image_id": image_id} for image_id in known])
        return len(known)

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
            counts, changed = self._counts(chunk), self._changed(chunk)
            facts = select(images.c.id, images.c.error, images.c.proposer, images.c.closed)
            rows = []
            for row in self._connection.execute(facts.where(images.c.id.in_(chunk))).all():
                count = counts.get(row.id, dict.fromkeys(INSTANCE_STATES, 0))
                status = status_of(
                    error=row.error,
                    proposed=row.proposer is not None,
                    closed=row.closed,
                    pending=count["pending"],
                    decided=sum(count.values()) - count["pending"],
                )
                rows.append({"of": row.id, "status": status, "changed": changed.get(row.id, 0), **count})
                found[row.id] = status
            if rows:
                self._connection.execute(update(images).where(images.c.id == bindparam("of")), rows)
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

    def _changed(self, image_ids: Sequence[int]) -> dict[int, int]:
        query = (
            select(instances.c.image_id, func.count())
            .where(instances.c.image_id.in_(image_ids), instances.c.deleted.is_(False))
            .where(instances.c.state == "pending", instances.c.change.is_not(None))
            .group_by(instances.c.image_id)
        )
        return {row[0]: row[1] for row in self._connection.execute(query)}


def _is_before(image: Image) -> ColumnElement[bool]:
    return tuple_(*_PLACE) < (image.place, image.name)


def _is_after(image: Image) -> ColumnElement[bool]:
    return tuple_(*_PLACE) > (image.place, image.name)


def _matches(status: ImageStatus | None, search: str, only: Only = "") -> ColumnElement[bool]:
    conditions: list[ColumnElement[bool]] = []
    if only == "alike":
        conditions.append(images.c.alike.is_not(None))
    elif only == "picked":
        conditions.append(images.c.id.in_(select(picks.c.image_id)))
    elif only == "changed":
        conditions.append(or_(images.c.changed > 0, images.c.lost > 0))
    if status is not None:
        conditions.append(images.c.status == status)
    if search:
        conditions.append(images.c.name.icontains(search, autoescape=True))
    return and_(true(), *conditions)
