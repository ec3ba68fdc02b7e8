"""A workspace as formats take it: images in order of their names, each with its masks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pycocotools import mask as coco_mask

from app.formats.records import Category, Dataset, Mask, Origin, Page, Picture
from app.services.categories import UNNAMED
from app.store.records import Decision, Image, Instance, InstanceState
from app.store.transaction import Transaction


@dataclass(frozen=True)
class Extras:
    """What leaves with each mask beside its pixels and category."""

    score: bool = False
    state: bool = False
    origin: bool = False
    """Where it comes from and who decided."""


def dataset(tx: Transaction, states: Sequence[InstanceState], extras: Extras) -> Dataset:
    """All readable images with their masks in these states, as long as the transaction is open."""
    return Dataset(
        categories(tx),
        pictures=lambda: (picture for batch in _batches(tx) for picture in batch.values()),
        pages=lambda: _pages(tx, states, extras),
    )


def categories(tx: Transaction) -> list[Category]:
    """All categories in order of their ids."""
    return sorted((Category(each.id, each.name) for each in tx.categories.all()), key=lambda each: each.id)


def _batches(tx: Transaction) -> Iterator[dict[int, Picture]]:
    folders = {folder.id: Path(folder.path) for folder in tx.folders.all()}
    for batch in tx.images.walk():
        yield {image.id: _picture(image, folders[image.folder_id]) for image in batch}


def _picture(image: Image, folder: Path) -> Picture:
    path = str(folder / image.relative_path)
    return Picture(image.id, image.name, image.width, image.height, image.content_hash, path)


def _pages(tx: Transaction, states: Sequence[InstanceState], extras: Extras) -> Iterator[Page]:
    for batch in _batches(tx):
        masks = tx.instances.of_images(list(batch), states)
        log = _log(tx, list(batch)) if extras.origin else None
        for image_id, picture in batch.items():
            yield Page(picture, [_mask(mask, picture, extras, log) for mask in masks.get(image_id, [])])


def _log(tx: Transaction, image_ids: Sequence[int]) -> dict[int, list[Decision]]:
    """What people decided, by mask."""
    found: dict[int, list[Decision]] = {}
    for row in tx.decisions.of_images(image_ids):
        if row.instance_id is not None:
            found.setdefault(row.instance_id, []).append(row)
    return found


def _mask(mask: Instance, picture: Picture, extras: Extras, log: dict[int, list[Decision]] | None) -> Mask:
    return Mask(
        id=mask.id,
        category_id=UNNAMED if mask.category_id is None else mask.category_id,
        counts=mask.counts,
        score=round(mask.score, 6) if extras.score else None,
        state=mask.state if extras.state else None,
        origin=None if log is None else _origin(mask, picture, log.get(mask.id, [])),
    )


def _origin(mask: Instance, picture: Picture, rows: Sequence[Decision]) -> Origin:
    last = rows[-1] if rows else None
    proposed = next((row.before["counts"] for row in rows if "counts" in row.before), mask.counts)
    codes = [[{"size": list(picture.size), "counts": counts.encode()}] for counts in (mask.counts, proposed)]
    drawn = any(row.action == "create" for row in rows)
    iou = None if drawn else round(float(coco_mask.iou(*codes, [0])[0, 0]), 6)
    who, at = (None, None) if last is None else (last.who, last.at)
    return Origin(mask.source, mask.edited, who, at, iou)
