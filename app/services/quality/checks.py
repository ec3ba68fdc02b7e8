"""Accepted masks that look odd: at the border, with tiny parts, with holes, tiny, or lying over each other."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import cv2
import numpy as np

from app.services.workspace import Workspace
from app.store.checks import Fault
from app.store.records import Image, Instance
from freesolo.instances import Bool, Instances

Kind = Literal["overlap", "parts", "holes", "tiny", "border"]
KINDS: tuple[Kind, ...] = get_args(Kind)

OVERLAP = 0.5
"""IoU of two accepted masks of an image above which one of them is probably too many."""
TINY_PART = 0.02
"""Share of the mask below which a part is probably a crumb."""
TINY_AREA = 1e-4
"""Share of the image below which a mask is probably one."""

_BATCH = 50
_LISTED = 200


@dataclass(frozen=True)
class Row:
    """One odd mask."""

    image_id: int
    instance_id: int
    name: str
    """Of the image."""
    detail: str


@dataclass(frozen=True)
class Report:
    """What was found so far."""

    waiting: int
    """Images whose masks are still to be checked."""
    counts: dict[Kind, int]
    rows: dict[Kind, list[Row]]
    """The first of each kind, by image."""


def report(ws: Workspace, seconds: float = 1.0) -> Report:
    """Check for so long what is new or changed, and tell what is known; ask again while images are waiting."""
    waiting = _refresh(ws, seconds)
    with ws.store.read() as tx:
        faults = tx.checks.faults()
        counts = {kind: sum(fault.kind == kind for fault in faults) for kind in KINDS}
        listed = {kind: [fault for fault in faults if fault.kind == kind][:_LISTED] for kind in KINDS}
        images = tx.images.of_ids(sorted({fault.image_id for rows in listed.values() for fault in rows}))
    names = {image.id: image.name for image in images}
    rows = {
        kind: [Row(fault.image_id, fault.instance_id, names[fault.image_id], fault.detail) for fault in found]
        for kind, found in listed.items()
    }
    return Report(waiting, counts, rows)


def _refresh(ws: Workspace, seconds: float) -> int:
    """Check stale images; returns how many are left."""
    end = time.monotonic() + seconds
    with ws.store.read() as tx:
        stale = tx.checks.stale()
    ids = sorted(stale)
    done = 0
    while done < len(ids) and time.monotonic() < end:
        chunk = ids[done : done + _BATCH]
        with ws.store.read() as tx:
            images = tx.images.of_ids(chunk)
            masks = tx.instances.of_images(chunk, ["accepted"])
        found = {image.id: check(image, masks.get(image.id, [])) for image in images}
        with ws.store.write() as tx:
            tx.checks.put({image_id: (stale[image_id], faults) for image_id, faults in found.items()})
        done += len(chunk)
    return len(ids) - done


def check(image: Image, masks: Sequence[Instance]) -> list[Fault]:
    """What is odd about an image's accepted masks."""
    found = [fault for mask in masks for fault in _alone(image, mask)]
    return found + _overlaps(image, masks)


def _alone(image: Image, mask: Instance) -> list[Fault]:
    def fault(kind: Kind, detail: str) -> Fault:
        return Fault(image.id, mask.id, kind, detail)

    x, y, w, h = mask.bbox
    sides = [x == 0, y == 0, x + w == image.width, y + h == image.height]
    found = [fault("border", f"touches {_plural(sum(sides), 'side')} of the image")] if any(sides) else []
    share = mask.area / max(image.width * image.height, 1)
    if share < TINY_AREA:
        found.append(fault("tiny", f"{_plural(mask.area, 'pixel')}"))
    crop = _crop(image, mask)
    crumbs = _crumbs(crop, mask.area)
    if crumbs:
        found.append(fault("parts", _plural(crumbs, "tiny part")))
    holes = _holes(crop)
    if holes:
        found.append(fault("holes", _plural(holes, "hole")))
    return found


def _crop(image: Image, mask: Instance) -> Bool:
    """The mask inside its box."""
    x, y, w, h = mask.bbox
    whole = Instances.from_counts((image.height, image.width), [mask.counts.encode("ascii")], [mask.score]).decode()[0]
    return np.asarray(whole[y : y + h, x : x + w])


def _crumbs(crop: Bool, area: int) -> int:
    _, _, stats, _ = cv2.connectedComponentsWithStats(crop.astype(np.uint8), connectivity=8)
    return int((stats[1:, cv2.CC_STAT_AREA] < TINY_PART * area).sum())


def _holes(crop: Bool) -> int:
    """Parts of the background that do not reach the outside."""
    outside = cv2.copyMakeBorder((~crop).astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=1)
    count, _ = cv2.connectedComponents(outside, connectivity=4)
    return int(count) - 2  # the mask itself and the outside


def _overlaps(image: Image, masks: Sequence[Instance]) -> list[Fault]:
    if len(masks) < 2:
        return []
    counts = [mask.counts.encode("ascii") for mask in masks]
    found = Instances.from_counts((image.height, image.width), counts, np.zeros(len(masks)))
    iou = np.triu(found.iou(found), 1)
    pairs = zip(*np.nonzero(iou > OVERLAP), strict=True)
    return [
        Fault(image.id, masks[b].id, "overlap", f"{100 * iou[a, b]:.0f} % the same as another accepted mask")
        for a, b in pairs
    ]


def _plural(number: int, word: str) -> str:
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"
