"""Decisions of people on masks: applied and logged here, taken back in `app.services.undo`."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.errors import ReviewError
from app.services.batch import Batch
from app.services.catalogue import Neighbours, neighbours
from app.services.operations import LONGEST_NAME, Action, Conflict, Operation, Outcome, check, check_categories
from app.services.undo import Undone, redo, undo
from app.services.workspace import Workspace
from app.store.records import Image, Instance

__all__ = ["Action", "Conflict", "Operation", "Outcome", "ReviewImage", "Undone", "apply", "load", "redo", "undo"]


@dataclass(frozen=True)
class ReviewImage:
    """An image as Review opens it."""

    image: Image
    instances: list[Instance]
    """Best score first."""
    neighbours: Neighbours


def load(ws: Workspace, image_id: int) -> ReviewImage:
    """An image with its masks.

    Raises:
        NotFoundError: there is none with this id.
    """
    place = neighbours(ws, image_id)
    with ws.store.read() as tx:
        image = tx.images.get(image_id)
        assert image is not None  # images are never deleted
        return ReviewImage(image, tx.instances.of_image(image_id), place)


def apply(ws: Workspace, who: str, operations: Sequence[Operation]) -> Outcome:
    """Save operations in their order, in one transaction; each that conflicts is left out and reported.

    Args:
        ws: the workspace.
        who: the reviewer; undo and redo are per reviewer.
        operations: a later one on the same mask states the revision that the earlier one leaves behind.

    Raises:
        ReviewError: an operation is malformed; nothing is saved.
        NotFoundError: there is no such image; nothing is saved.
    """
    if not 0 < len(who) <= LONGEST_NAME:
        raise ReviewError(f"a reviewer's name has 1 to {LONGEST_NAME} characters")
    for operation in operations:
        check(operation)
    with ws.store.write() as tx:
        check_categories(tx, operations)
        batch = Batch(tx, who, operations)
        for operation in operations:
            batch.apply(operation)
        batch.save()
        status = tx.images.refresh(sorted({operation.image_id for operation in operations}))
        return Outcome(batch.saved, batch.created, batch.conflicts, status)
