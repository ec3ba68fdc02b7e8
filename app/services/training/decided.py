"""What training may learn from people's decisions, as a COCO file for `python -m trainers finetune`.

Every fifth image that people decide on is held out: no training sees it, all models are compared on it. The choice follows from the
order of the first decisions in the log, which never changes, so that an image is held out for good from its first decision on.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pycocotools import mask as coco_mask

from app.files import replacing
from app.services.goodness.tracker import Estimates, learnt_without
from app.services.workspace import Workspace
from app.store.records import Image, Instance
from freesolo.codecs import coco_rle
from freesolo.instances import Instances

HELD_EVERY = 5
_HELD_PLACE = 2
"""The third image of each five: the first reviewed images already give one."""

CERTAIN = 0.8
"""Estimated chance of acceptance from which an undecided mask becomes a pseudo-label."""
GUESSED_IMAGES = 2
"""Images without any decision that may give pseudo-labels, for each image with decisions."""


@dataclass
class Counts:
    """How many masks and images a training set has."""

    images: int = 0
    """With decisions, to learn from."""
    held: int = 0
    """With decisions, held out."""
    accepted: int = 0
    drawn: int = 0
    """Among the accepted: edited or drawn by people."""
    rejected: int = 0
    unsure: int = 0
    pseudo: int = 0
    """Undecided masks that the estimates are certain of."""
    pseudo_images: int = 0
    """Images without decisions that such masks come from."""


@dataclass(frozen=True)
class Parts:
    """Images by what they are for."""

    learnt: list[Image]
    held: list[Image]
    undecided: list[Image] = field(default_factory=list)


def parts(ws: Workspace) -> Parts:
    """Images with decisions, in the order of the first decisions, and those without any by name: reads every image."""
    with ws.store.read() as tx:
        decided = set(tx.decisions.images_in_order())
        undecided = [image for batch in tx.images.walk() for image in batch if image.id not in decided]
    return replace(reviewed(ws), undecided=undecided)


def reviewed(ws: Workspace) -> Parts:
    """Images with decisions alone, in the order of the first decisions."""
    with ws.store.read() as tx:
        order = tx.decisions.images_in_order()
        images = {image.id: image for image in tx.images.of_ids(order)}
    # Images that only were dismissed, reopened or undone teach nothing.
    known = [images[image_id] for image_id in order if image_id in images and not images[image_id].error]
    with_masks = [image for image in known if image.accepted + image.rejected or image.closed]
    held = {image_id for place, image_id in enumerate(order) if place % HELD_EVERY == _HELD_PLACE}
    return Parts(
        [image for image in with_masks if image.id not in held],
        [image for image in with_masks if image.id in held],
    )


def write(ws: Workspace, out: Path) -> Counts:
    """Write the training set of this moment.

    Accepted masks are objects, unsure ones are ignored, everything else on a finished image is background. On an unfinished image only
    the rejected masks are: the rest of it is ignored. Undecided masks that are estimated to be accepted with `CERTAIN` are pseudo-labels.

    Args:
        ws: the workspace.
        out: the COCO file, whose ``file_name`` are absolute paths.

    Raises:
        OSError: the file cannot be written.
    """
    chosen = parts(ws)
    # Else what people decided on held-out images would choose what is learnt from.
    estimates = learnt_without(ws, [image.id for image in chosen.held])
    with ws.store.read() as tx:
        folders = {folder.id: Path(folder.path) for folder in tx.folders.all()}
        sources = chosen.learnt + _promising(chosen, estimates)
        masks = tx.instances.of_images([image.id for image in sources], ["accepted", "rejected", "unsure", "pending"])
    counts = Counts(images=len(chosen.learnt), held=len(chosen.held))
    rows: list[dict[str, Any]] = []
    for image in sources:
        for row in _annotations(image, masks.get(image.id, []), estimates, counts):
            rows.append({"id": len(rows) + 1, "image_id": image.id, "category_id": 1, **row})
    data = {
        "images": [_image(image, folders) for image in sources],
        "annotations": rows,
        "categories": [{"id": 1, "name": "object"}],
    }
    with replacing(out) as stream:
        stream.write(json.dumps(data).encode())
    return counts


@dataclass(frozen=True, eq=False)
class Judged:
    """Masks of an image that people accepted or rejected."""

    masks: Instances
    """(m,)"""
    is_accepted: npt.NDArray[np.bool_]
    """(m,)"""


def judged(ws: Workspace, images: Sequence[Image]) -> dict[int, Judged]:
    """What people decided on these images, by id."""
    with ws.store.read() as tx:
        masks = tx.instances.of_images([image.id for image in images], ["accepted", "rejected"])
    found = {}
    for image in images:
        rows = masks.get(image.id, [])
        is_accepted = np.array([mask.state == "accepted" for mask in rows], bool)
        found[image.id] = Judged(as_instances(image, rows), is_accepted)
    return found


def as_instances(image: Image, masks: Sequence[Instance]) -> Instances:
    """Masks of an image, in their order."""
    codes = [mask.counts.encode("ascii") for mask in masks]
    return Instances.from_counts(
        (image.height, image.width), codes, np.array([mask.score for mask in masks], np.float32)
    )


def _promising(chosen: Parts, estimates: Estimates) -> list[Image]:
    """Images without decisions that have certain masks, those with most of them first."""
    if not estimates.calibrated:
        return []
    ids, numbers = np.unique(estimates.image_ids[estimates.p >= CERTAIN], return_counts=True)
    certain = dict(zip(ids.tolist(), numbers.tolist(), strict=True))
    waiting = [image for image in chosen.undecided if image.id in certain]
    waiting.sort(key=lambda image: -certain[image.id])
    return waiting[: GUESSED_IMAGES * len(chosen.learnt)]


def _image(image: Image, folders: Mapping[int, Path]) -> dict[str, Any]:
    path = folders[image.folder_id] / image.relative_path
    return {"id": image.id, "file_name": str(path), "width": image.width, "height": image.height}


def _annotations(
    image: Image, masks: Sequence[Instance], estimates: Estimates, counts: Counts
) -> Iterator[dict[str, Any]]:
    """The rows of one image; what they are is counted."""
    guesses = _guesses(masks, estimates)
    counts.pseudo_images += not (image.accepted + image.rejected or image.closed)
    known = []
    for mask in masks:
        if mask.state == "accepted":
            counts.accepted += 1
            counts.drawn += mask.edited
            yield {**_segmentation(image, mask), "iscrowd": 0}
        elif mask.state == "unsure":
            counts.unsure += 1
            yield {**_segmentation(image, mask), "iscrowd": 1}
        elif mask.state == "rejected":
            counts.rejected += 1
        elif mask.id in guesses:
            counts.pseudo += 1
            yield {**_segmentation(image, mask), "iscrowd": 0, "pseudo": True, "weight": guesses[mask.id]}
        if mask.state in ("accepted", "rejected") or mask.id in guesses:
            known.append(mask)
    if image.status != "done":
        yield {"segmentation": _rle(~_covered(image, known)), "iscrowd": 1}


def _guesses(masks: Sequence[Instance], estimates: Estimates) -> dict[int, float]:
    """Undecided masks that are certain, with the estimates."""
    waiting = [mask for mask in masks if mask.state == "pending"]
    if not waiting or not estimates.calibrated:
        return {}
    p = estimates.of(np.array([mask.id for mask in waiting]), np.array([mask.score for mask in waiting], np.float64))
    return {mask.id: float(value) for mask, value in zip(waiting, p, strict=True) if value >= CERTAIN}


def _covered(image: Image, masks: Sequence[Instance]) -> npt.NDArray[np.bool_]:
    size = (image.height, image.width)
    if not masks:
        return np.zeros(size, bool)
    joined = coco_mask.merge([{"size": list(size), "counts": mask.counts.encode("ascii")} for mask in masks])
    return np.asarray(coco_mask.decode(joined), bool)


def _segmentation(image: Image, mask: Instance) -> dict[str, Any]:
    x, y, width, height = mask.bbox
    return {
        "segmentation": {"size": [image.height, image.width], "counts": mask.counts},
        "area": mask.area,
        "bbox": [x, y, width, height],
    }


def _rle(mask: npt.NDArray[np.bool_]) -> dict[str, Any]:
    return {"size": list(mask.shape), "counts": coco_rle.encode(mask).decode("ascii")}
