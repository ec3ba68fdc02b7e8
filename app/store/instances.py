"""The instances table: masks."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, delete, func, insert, or_, select, update

from app.store.images import CHUNK
from app.store.records import Instance, InstanceState, NewInstance
from app.store.tables import instances

_COLUMNS = [column for column in instances.c if column.name != "embedding"]


class Instances:
    """Mask rows, in one transaction. `Images.refresh` must follow every change of them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, instance_ids: Sequence[int]) -> dict[int, Instance]:
        """The masks with these ids, deleted ones too."""
        found: dict[int, Instance] = {}
        for start in range(0, len(instance_ids), CHUNK):
            query = select(*_COLUMNS).where(instances.c.id.in_(instance_ids[start : start + CHUNK]))
            found.update((row.id, _instance(row)) for row in self._connection.execute(query))
        return found

    def of_image(self, image_id: int) -> list[Instance]:
        """Masks that are not deleted, best score first."""
        query = select(*_COLUMNS).where(instances.c.image_id == image_id, instances.c.deleted.is_(False))
        rows = self._connection.execute(query.order_by(instances.c.score.desc(), instances.c.id))
        return [_instance(row) for row in rows]

    def all_of_image(self, image_id: int) -> list[Instance]:
        """Masks, deleted ones too, in order of id."""
        query = select(*_COLUMNS).where(instances.c.image_id == image_id).order_by(instances.c.id)
        return [_instance(row) for row in self._connection.execute(query)]

    def of_images(self, image_ids: Sequence[int], states: Sequence[InstanceState]) -> dict[int, list[Instance]]:
        """Masks of these images in these states by image, not deleted, in order of id."""
        found: dict[int, list[Instance]] = {}
        for start in range(0, len(image_ids), CHUNK):
            query = select(*_COLUMNS).where(
                instances.c.image_id.in_(image_ids[start : start + CHUNK]),
                instances.c.deleted.is_(False),
                instances.c.state.in_(states),
            )
            for row in self._connection.execute(query.order_by(instances.c.id)):
                found.setdefault(row.image_id, []).append(_instance(row))
        return found

    def pending_scores(self, image_ids: Sequence[int]) -> dict[int, list[tuple[int, float]]]:
        """(id, score) of the undecided masks of these images, by image."""
        found: dict[int, list[tuple[int, float]]] = {}
        columns = (instances.c.image_id, instances.c.id, instances.c.score)
        for start in range(0, len(image_ids), CHUNK):
            query = select(*columns).where(
                instances.c.image_id.in_(image_ids[start : start + CHUNK]),
                instances.c.deleted.is_(False),
                instances.c.state == "pending",
            )
            for row in self._connection.execute(query):
                found.setdefault(row.image_id, []).append((row.id, row.score))
        return found

    def best_embeddings(self, image_id: int, limit: int) -> list[bytes]:
        """Embeddings (float16 rows) of an image's masks, best score first."""
        query = select(instances.c.embedding).where(
            instances.c.image_id == image_id, instances.c.deleted.is_(False), instances.c.embedding.is_not(None)
        )
        return list(self._connection.scalars(query.order_by(instances.c.score.desc(), instances.c.id).limit(limit)))

    def last_id(self) -> int:
        """The newest mask's id; 0 where there is none."""
        return self._connection.scalar(select(func.max(instances.c.id))) or 0

    def images_after(self, last_id: int, limit: int) -> list[int]:
        """Images that have masks newer than this one; at most so many."""
        query = select(instances.c.image_id).where(instances.c.id > last_id).distinct().limit(limit)
        return list(self._connection.scalars(query))

    def by_category(self) -> list[tuple[int | None, InstanceState, int]]:
        """(category or None, state, masks), where something was decided or named."""
        query = (
            select(instances.c.category_id, instances.c.state, func.count())
            .where(instances.c.deleted.is_(False))
            .where(or_(instances.c.state != "pending", instances.c.category_id.is_not(None)))
            .group_by(instances.c.category_id, instances.c.state)
        )
        return [(row[0], row[1], row[2]) for row in self._connection.execute(query)]

    def add_many(self, image_id: int, source: str, new: Sequence[NewInstance]) -> None:
        """Pending masks from one source."""
        rows = [
            {
                "image_id": image_id,
                "x": mask.bbox[0],
                "y": mask.bbox[1],
                "w": mask.bbox[2],
                "h": mask.bbox[3],
                "area": mask.area,
                "score": mask.score,
                "source": source,
                "state": "pending",
                "edited": False,
                "deleted": False,
                "revision": 0,
                "counts": mask.counts,
                "change": mask.change,
                "embedding": mask.embedding,
            }
            for mask in new
        ]
        if rows:
            self._connection.execute(insert(instances), rows)

    def add(self, image_id: int, values: Mapping[str, Any]) -> Instance:
        """A mask that a person made, from fields of `Instance`; its revision is 1, so that no proposer replaces it."""
        row = {**_columns(values), "image_id": image_id, "revision": 1}
        made = self._connection.execute(insert(instances).values(**row).returning(*_COLUMNS)).one()
        return _instance(made)

    def change(self, instance_id: int, values: Mapping[str, Any]) -> None:
        """Set fields of `Instance`."""
        self._connection.execute(update(instances).where(instances.c.id == instance_id).values(**_columns(values)))

    def change_many(self, changes: Mapping[int, Mapping[str, Any]]) -> None:
        """Set fields of `Instance` by id: one statement for all masks whose same fields change."""
        alike: dict[tuple[str, ...], list[dict[str, Any]]] = {}
        for instance_id, values in changes.items():
            alike.setdefault(tuple(sorted(values)), []).append({**_columns(values), "of": instance_id})
        for rows in alike.values():
            self._connection.execute(update(instances).where(instances.c.id == bindparam("of")), rows)

    def remove_untouched(self, image_id: int) -> None:
        """Delete the masks of an image that no person ever decided, changed or named."""
        untouched = and_(instances.c.state == "pending", instances.c.revision == 0, instances.c.edited.is_(False))
        self._connection.execute(delete(instances).where(instances.c.image_id == image_id, untouched))

    def hide_all(self, image_id: int) -> None:
        """Mark every mask of an image deleted: they no longer fit its picture, but the log speaks of them.

        Those that were deleted before get another revision too, so that undo does not bring them back.
        """
        every = update(instances).where(instances.c.image_id == image_id)
        self._connection.execute(every.values(deleted=True, revision=instances.c.revision + 1))


def _columns(values: Mapping[str, Any]) -> dict[str, Any]:
    columns = dict(values)
    if "bbox" in columns:
        columns.update(zip("xywh", columns.pop("bbox"), strict=True))
    return columns


def _instance(row: Row[Any]) -> Instance:
    values = dict(row._mapping)
    box = tuple(values.pop(side) for side in "xywh")
    return Instance(bbox=box, **values)
