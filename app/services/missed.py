"""The hunt for missed objects: places of an image that look like an object and that no mask covers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.errors import NotFoundError
from app.services.workspace import Workspace
from app.store.records import Image, Instance, InstanceState
from freesolo.errors import CodecError
from freesolo.instances import Instances

MOST = 5
"""Places an image, those that were dismissed with them, so that the hunt comes to an end."""
SAME_BOX = 0.5
"""IoU of the boxes from which a place is one that a person has dismissed."""

_NO_TREES = "there are no merge trees of this image: propose with union or default for the hunt"


@dataclass(frozen=True, eq=False)
class Missed:
    """Where something may be missing."""

    places: Instances
    """At most `MOST`, best first; their scores are those of the merge trees."""
    unknown: str
    """Why the hunt cannot be done on this image, or empty."""


def hunt(ws: Workspace, image_id: int) -> Missed:
    """Places without a mask. What is pending, unsure or accepted covers them; what was rejected is not shown again.

    Raises:
        NotFoundError: there is no such image.
    """
    with ws.store.read() as tx:
        image = tx.images.get(image_id)
        masks = tx.instances.of_image(image_id)
    if image is None:
        raise NotFoundError(f"there is no image {image_id} in this workspace")
    size = (image.height, image.width)
    nothing = Instances.empty((max(image.height, 1), max(image.width, 1)))
    if image.hierarchy is None or image.error:
        return Missed(nothing, image.error or _NO_TREES)
    from freesolo.freemask import missed  # numba takes a second: only who hunts pays it
    from freesolo.freemask.hierarchy import RegionHierarchy

    try:
        hierarchy = RegionHierarchy.from_bytes((ws.hierarchies / image.hierarchy).read_bytes())
    except (OSError, CodecError):
        return Missed(nothing, _NO_TREES)
    if hierarchy.size != size:
        return Missed(nothing, "the file has changed since its masks were proposed: propose again")
    accepted = _of(image, masks, ["accepted"])
    waiting = _of(image, masks, ["pending", "unsure"])
    refused = _of(image, masks, ["rejected"])
    dismissed = image.dismissed or []
    nodes = missed.missed(hierarchy, accepted, waiting, refused, MOST + 2 * len(dismissed))  # copies are left out below
    places = hierarchy.instances(nodes)
    left = [
        k for k, box in enumerate(places.boxes.tolist()) if not any(_iou(box, old) >= SAME_BOX for old in dismissed)
    ]
    return Missed(places[left[: max(MOST - len(dismissed), 0)]], "")


def _of(image: Image, masks: Sequence[Instance], states: Sequence[InstanceState]) -> Instances:
    chosen = [mask for mask in masks if mask.state in states]
    counts = [mask.counts.encode("ascii") for mask in chosen]
    return Instances.from_counts((image.height, image.width), counts, np.zeros(len(chosen), np.float32))


def _iou(a: Sequence[int], b: Sequence[int]) -> float:
    """Of two boxes [x, y, width, height]."""
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    common = max(width, 0) * max(height, 0)
    return common / max(a[2] * a[3] + b[2] * b[3] - common, 1)
