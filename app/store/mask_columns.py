"""Masks by the hundred thousand: a few columns of all of them, and where log and masks stand."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from sqlalchemy import ColumnElement, Connection, Row, and_, func, select, text

from app.store.images import CHUNK
from app.store.records import InstanceState
from app.store.tables import NAMED, decisions, images, instances

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

UNSEEN = "unseen-"
"""Beginning of the names of groups whose masks the person did not look at one by one."""


@dataclass(frozen=True, eq=False)
class MaskTable:
    """Every mask that is not deleted, in order of image and id; one entry a mask."""

    ids: IntArray
    image_ids: IntArray
    sizes: IntArray
    """(n, 2) width and height of the image."""
    boxes: IntArray
    """(n, 4) x, y, width, height."""
    areas: IntArray
    scores: FloatArray
    states: npt.NDArray[np.str_]
    categories: IntArray
    """0: not named."""
    edited: npt.NDArray[np.bool_]
    sources: npt.NDArray[np.str_]
    embeddings: list[bytes | None]
    """float16 rows; their lengths may differ between sources."""


class MaskRow(NamedTuple):
    """What lists of masks need of one."""

    id: int
    image_id: int
    revision: int
    state: InstanceState
    category_id: int | None
    score: float


_ROW = [instances.c[name] for name in MaskRow._fields]
_I = instances.c
_TABLE = (
    select(_I.id, _I.image_id, images.c.width, images.c.height, _I.x, _I.y, _I.w, _I.h, _I.area)
    .add_columns(_I.score, _I.state, func.coalesce(_I.category_id, 0), _I.edited, _I.source, _I.embedding)
    .join(images, images.c.id == _I.image_id)
    .where(_I.deleted.is_(False))
    .order_by(_I.image_id, _I.id)
)


class MaskColumns:
    """Reads across all masks, in one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def position(self) -> tuple[int, int]:
        """(last decision, last mask) by id: when these are as before, so is everything learnt from them."""
        last = self._connection.scalar(select(func.max(decisions.c.id)))
        newest = self._connection.scalar(select(func.max(instances.c.id)))
        return last or 0, newest or 0

    def table(self) -> MaskTable:
        """All masks."""
        return _table(self._connection.execute(_TABLE).all())

    def table_of(self, instance_ids: Sequence[int]) -> MaskTable:
        """Those of these masks that are not deleted."""
        found: list[Row[Any]] = []
        for start in range(0, len(instance_ids), CHUNK):
            found += self._connection.execute(_TABLE.where(_I.id.in_(instance_ids[start : start + CHUNK])))
        return _table(sorted(found, key=lambda row: (row.image_id, row.id)))

    def scores(self, image_ids: Sequence[int]) -> dict[int, float]:
        """Scores of the masks of these images."""
        found: dict[int, float] = {}
        for start in range(0, len(image_ids), CHUNK):
            query = select(instances.c.id, instances.c.score)
            chunk = instances.c.image_id.in_(image_ids[start : start + CHUNK])
            found.update((row[0], row[1]) for row in self._connection.execute(query.where(chunk)))
        return found

    def rows(self, states: Sequence[InstanceState], category: int | None) -> list[MaskRow]:
        """Masks in these states and with this category; 0: not named, None: any."""
        i = instances.c
        conditions: list[ColumnElement[bool]] = [i.deleted.is_(False), i.state.in_(states)]
        if category is not None:
            conditions.append(i.category_id.is_(None) if category == 0 else i.category_id == category)
        return [MaskRow(*row) for row in self._connection.execute(select(*_ROW).where(and_(*conditions)))]

    def rows_of(self, instance_ids: Sequence[int]) -> list[MaskRow]:
        """Those of these masks that are not deleted."""
        found: list[MaskRow] = []
        for start in range(0, len(instance_ids), CHUNK):
            chosen = instances.c.id.in_(instance_ids[start : start + CHUNK])
            query = select(*_ROW).where(chosen, instances.c.deleted.is_(False))
            found.extend(MaskRow(*row) for row in self._connection.execute(query))
        return found

    def named(self, most: int) -> list[int]:
        """Ids of accepted masks with a name, the newest masks first, at most so many."""
        query = select(_I.id).where(text(NAMED)).order_by(_I.id.desc()).limit(most)
        return list(self._connection.scalars(query))

    def unseen(self) -> set[int]:
        """Masks whose state was last chosen together with many that nobody looked at; see `UNSEEN`."""
        chosen = and_(decisions.c.action == "state", decisions.c.undoes.is_(None))
        last = select(func.max(decisions.c.id)).where(chosen).group_by(decisions.c.instance_id)
        query = select(decisions.c.instance_id).where(
            decisions.c.group_id.startswith(UNSEEN, autoescape=True), decisions.c.id.in_(last)
        )
        return set(self._connection.scalars(query))

    def people(self) -> set[str]:
        """Everybody who has decided something."""
        return set(self._connection.scalars(select(decisions.c.who).distinct()))


def _table(rows: Sequence[Any]) -> MaskTable:
    """Of rows of `_TABLE`."""
    numbers = np.array([row[:9] for row in rows], np.int64).reshape(len(rows), 9)
    return MaskTable(
        ids=numbers[:, 0],
        image_ids=numbers[:, 1],
        sizes=numbers[:, 2:4],
        boxes=numbers[:, 4:8],
        areas=numbers[:, 8],
        scores=np.array([row[9] for row in rows], np.float64),
        states=np.array([row[10] for row in rows], "U8"),
        categories=np.array([row[11] for row in rows], np.int64),
        edited=np.array([row[12] for row in rows], np.bool_),
        sources=np.array([row[13] for row in rows], np.str_),
        embeddings=[row[14] for row in rows],
    )
