"""The label_studio_links table: what projects of Label Studio have of the images."""

from collections.abc import Sequence

from sqlalchemy import Connection, delete, insert, select

from app.store.images import CHUNK
from app.store.records import LabelStudioLink
from app.store.tables import label_studio_links as links


class LabelStudioLinks:
    """Links, in one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of_project(self, project: str) -> dict[int, LabelStudioLink]:
        """The links of one project by image."""
        rows = self._connection.execute(select(links).where(links.c.project == project))
        found = (dict(row._mapping) for row in rows)
        return {
            row["image_id"]: LabelStudioLink(
                **{**row, "masks": {int(key): value for key, value in row["masks"].items()}}
            )
            for row in found
        }

    def put(self, rows: Sequence[LabelStudioLink]) -> None:
        """Store or replace links; all of one project."""
        for start in range(0, len(rows), CHUNK):
            chunk = rows[start : start + CHUNK]
            ids = [row.image_id for row in chunk]
            old = delete(links).where(links.c.project == chunk[0].project, links.c.image_id.in_(ids))
            self._connection.execute(old)
            self._connection.execute(insert(links), [_columns(row) for row in chunk])


def _columns(row: LabelStudioLink) -> dict[str, object]:
    return {**vars(row), "masks": {str(key): value for key, value in row.masks.items()}}
