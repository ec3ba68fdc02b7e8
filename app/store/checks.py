"""The checks table: what is odd about accepted masks, kept until these masks change."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, insert, select

from app.store.images import CHUNK
from app.store.tables import checks, instances


@dataclass(frozen=True)
class Fault:
    """Something odd about one mask."""

    image_id: int
    instance_id: int
    kind: str
    detail: str


class Checks:
    """Results of checks, in one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def stale(self) -> dict[int, str]:
        """Images whose accepted masks are not those that were checked, and the signature of the present ones."""
        accepted = instances.c.state.is_not_distinct_from("accepted") & instances.c.deleted.is_(False)
        sums = (func.count(), func.sum(instances.c.id), func.sum(instances.c.revision))
        query = select(instances.c.image_id, *sums).where(accepted).group_by(instances.c.image_id)
        now = {row[0]: f"{row[1]}:{row[2]}:{row[3]}" for row in self._connection.execute(query)}
        known = {row[0]: row[1] for row in self._connection.execute(select(checks.c.image_id, checks.c.signature))}
        gone = {image_id: "" for image_id, signature in known.items() if signature and image_id not in now}
        return {image_id: text for image_id, text in now.items() if known.get(image_id) != text} | gone

    def put(self, found: Mapping[int, tuple[str, Sequence[Fault]]]) -> None:
        """Store by image the signature of the checked masks and what was found."""
        ids = list(found)
        for start in range(0, len(ids), CHUNK):
            chunk = ids[start : start + CHUNK]
            self._connection.execute(delete(checks).where(checks.c.image_id.in_(chunk)))
            rows = [
                {
                    "image_id": image_id,
                    "signature": found[image_id][0],
                    "faults": [[fault.instance_id, fault.kind, fault.detail] for fault in found[image_id][1]],
                }
                for image_id in chunk
            ]
            self._connection.execute(insert(checks), rows)

    def faults(self) -> list[Fault]:
        """Everything that was found, by image."""
        rows = self._connection.execute(select(checks.c.image_id, checks.c.faults).order_by(checks.c.image_id))
        return [Fault(row.image_id, *fault) for row in rows for fault in row.faults]
