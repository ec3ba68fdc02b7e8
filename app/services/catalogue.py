"""What is in the workspace, and what to do next. The queue's order is the kept one (`app.services.ordering`)."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from app.errors import NotFoundError
from app.services.workspace import Workspace
from app.store.images import Only
from app.store.records import Image, ImageStatus, InstanceState


@dataclass(frozen=True)
class Overview:
    """The state of the whole workspace in numbers."""

    project: str
    images: dict[ImageStatus, int]
    instances: dict[InstanceState, int]

    @property
    def total(self) -> int:
        """All images."""
        return sum(self.images.values())


@dataclass(frozen=True)
class ImagePage:
    """A stretch of the queue."""

    total: int
    """All images that match, not only those of the page."""
    rows: list[Image]
    alike: dict[int, int]
    """How many images look alike, by the first image of each group that is on the page."""


@dataclass(frozen=True)
class Special:
    """How many images the queue's special lists have."""

    alike: int
    """Images of which there is a near-duplicate."""
    groups: int
    """Different pictures among these."""
    picked: int
    changed: int
    """Images on which the last proposer found other masks than the one before."""


@dataclass(frozen=True)
class Neighbours:
    """Where an image stands in the queue."""

    index: int
    """0-based."""
    total: int
    previous: int | None
    next: int | None


def overview(ws: Workspace) -> Overview:
    """Images by status and masks by state."""
    with ws.store.read() as tx:
        return Overview(ws.project, tx.images.by_status(), tx.images.by_state())


def list_images(
    ws: Workspace,
    status: ImageStatus | None = None,
    search: str = "",
    only: Only = "",
    offset: int = 0,
    limit: int = 200,
) -> ImagePage:
    """A stretch of the images with this status whose name contains ``search`` in any (ASCII) case."""
    with ws.store.read() as tx:
        rows = tx.images.page(status, search, only, offset, limit)
        alike = tx.images.group_sizes(sorted({row.alike for row in rows if row.alike is not None}))
        return ImagePage(tx.images.count(status, search, only), rows, alike)


def image(ws: Workspace, image_id: int) -> Image:
    """One image.

    Raises:
        NotFoundError: there is none with this id.
    """
    with ws.store.read() as tx:
        found = tx.images.get(image_id)
    if found is None:
        raise NotFoundError(f"there is no image {image_id} in this workspace")
    return found


def file_of(ws: Workspace, found: Image) -> Path:
    """Where an image's original lies."""
    with ws.store.read() as tx:
        folder = next(folder for folder in tx.folders.all() if folder.id == found.folder_id)
    return Path(folder.path) / found.relative_path


def next_to_do(ws: Workspace, after: int | None = None) -> int | None:
    """The next image with masks to decide after this one in the queue, wrapping round; None if nothing is to do."""
    start = None if after is None else image(ws, after)
    with ws.store.read() as tx:
        found = tx.images.next_open(start)
        return tx.images.next_open(None) if found is None and start is not None else found


def neighbours(ws: Workspace, image_id: int, status: ImageStatus | None = None) -> Neighbours:
    """Where an image stands among those with this status, itself counted at its place.

    Raises:
        NotFoundError: there is none with this id.
    """
    found = image(ws, image_id)
    with ws.store.read() as tx:
        index, previous, following = tx.images.around(found, status)
        return Neighbours(index, tx.images.count(status, ""), previous, following)


def special(ws: Workspace) -> Special:
    """How many images look alike, are picked, or have changed masks."""
    with ws.store.read() as tx:
        alike, groups = tx.images.count_groups()
        return Special(alike, groups, tx.images.picked(), tx.images.count_changed())


def pick(ws: Workspace, image_ids: Sequence[int]) -> int:
    """Make these the picked images, instead of those before; returns how many of them exist."""
    with ws.store.write() as tx:
        return tx.images.pick(image_ids)
