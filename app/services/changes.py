"""What changed in the workspace since somebody last looked: decisions of people, and masks that a proposer put there."""

from dataclasses import dataclass, field

from app.services.workspace import Workspace
from app.store.records import Image

MOST = 2000
"""Log rows and images that are told one by one; whoever missed more is told to look at everything anew."""


@dataclass(frozen=True)
class Heads:
    """How far the workspace has come; each only ever grows while masks are added and decided."""

    log: int
    """Id of the last row of the decision log, 0 where it is empty."""
    masks: int
    """Id of the newest mask, 0 where there is none."""


@dataclass
class ImageChange:
    """What happened to one image."""

    image: Image
    """As it is now."""
    revisions: dict[int, int] = field(default_factory=dict)
    """Mask id -> revision that its last decision left behind."""
    who: set[str] = field(default_factory=set)
    """Whose decisions these are."""
    new_masks: bool = False
    """Whether masks were added, as when a job replaces proposals."""


@dataclass(frozen=True)
class Changes:
    """All that happened after some heads."""

    heads: Heads
    """Where to go on from."""
    images: list[ImageChange]
    many: bool
    """More than can be told (or the workspace is another one): look at everything anew."""


def heads(ws: Workspace) -> Heads:
    """How far the workspace is now: two look-ups at the end of an index."""
    with ws.store.read() as tx:
        return Heads(tx.decisions.last_id(), tx.instances.last_id())


def since(ws: Workspace, before: Heads) -> Changes:
    """What happened after ``before``, image by image."""
    with ws.store.read() as tx:
        now = Heads(tx.decisions.last_id(), tx.instances.last_id())
        backwards = now.log < before.log or now.masks < before.masks
        added = [] if backwards else tx.instances.images_after(before.masks, MOST + 1)
        if backwards or now.log - before.log > MOST or len(added) > MOST:
            return Changes(now, [], many=True)
        rows = tx.decisions.after(before.log)
        found = tx.images.of_ids(sorted({row.image_id for row in rows} | set(added)))
    images = {image.id: ImageChange(image) for image in found}
    for row in rows:
        change = images[row.image_id]
        change.who.add(row.who)
        if row.instance_id is not None:
            change.revisions[row.instance_id] = row.revision
    for image_id in added:
        images[image_id].new_masks = True
    return Changes(now, list(images.values()), many=False)
