"""A workspace as formats take it: images in order of their names, each with its masks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.formats.records import Category, Dataset, Mask, Page, Picture
from app.services.categories import UNNAMED
from app.store.records import Image, Instance, InstanceState
from app.store.transaction import Transaction


@dataclass(frozen=True)
class Extras:
    """What leaves with each mask beside its pixels and category."""

    score: bool = False
    state: bool = False


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


def pictures(tx: Transaction) -> list[Picture]:
    """All readable images in order of their names."""
    return [picture for batch in _batches(tx) for picture in batch.values()]


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
        for image_id, picture in batch.items():
            yield Page(picture, [_mask(mask, extras) for mask in masks.get(image_id, [])])


def _mask(mask: Instance, extras: Extras) -> Mask:
    return Mask(
        id=mask.id,
        category_id=UNNAMED if mask.category_id is None else mask.category_id,
        counts=mask.counts,
        score=round(mask.score, 6) if extras.score else None,
        state=mask.state if extras.state else None,
    )
