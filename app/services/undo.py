"""Take decisions back and bring them again: unlimited, across images and restarts, one stack a reviewer.

Nothing is erased: an undo is a new group of log rows, each the inverse of a row it takes back, and so is a redo.
"""

from dataclasses import dataclass, replace
from typing import Any, Literal
from uuid import uuid4

from app.services.steps_in_words import in_words
from app.services.workspace import Workspace
from app.store.records import Decision, ImageStatus, Instance, NewDecision, Step
from app.store.transaction import Transaction


@dataclass(frozen=True)
class Undone:
    """What an undo or redo changed."""

    image_id: int
    """Where it happened; of several images the first."""
    instances: list[Instance]
    """The masks that changed, as they are now."""
    image_status: ImageStatus
    what: str
    """A sentence."""


def undo(ws: Workspace, who: str) -> Undone | None:
    """Take back the reviewer's last step that stands; None if there is none.

    A mask that somebody else changed since stays as they left it; the sentence says so.
    """
    with ws.store.write() as tx:
        step = tx.steps.last_done(who)
        return None if step is None else _invert(tx, step, "undone")


def redo(ws: Workspace, who: str) -> Undone | None:
    """Bring back the step that was undone last; None if there is none, or something else was done since."""
    with ws.store.write() as tx:
        step = tx.steps.first_undone(who)
        return None if step is None else _invert(tx, step, "done")


def _invert(tx: Transaction, step: Step, turned: Literal["done", "undone"]) -> Undone:
    rows = tx.decisions.of_group(step.who, step.last_group)
    group = f"{'undo' if turned == 'undone' else 'redo'}-{uuid4().hex}"
    inverse = _Inverse(tx, rows)
    # Last first: a mask changed twice in the group goes back through its middle state.
    for row in reversed(rows):
        inverse.take_back(row)
    inverse.save(group)
    tx.steps.turn(step.id, turned, group)
    original = tx.decisions.of_group(step.who, step.group_id)
    image_id = original[0].image_id  # a step begins with its first row, so there is one
    inverted = [row for row, _ in inverse.inverted]
    status = tx.images.refresh(sorted({row.image_id for row in inverted} | {image_id}))
    masks = tx.instances.get(sorted({row.instance_id for row in inverted if row.instance_id is not None}))
    verb = "Undone" if turned == "undone" else "Redone"
    skipped = len(rows) - len(inverted)
    left = f"; {skipped} changed elsewhere since and left as they are" if skipped else ""
    what = f"{verb}: {in_words(original)}{left}."
    return Undone(image_id, list(masks.values()), status[image_id], what)


class _Inverse:
    """Rows of the log on their way back: worked out on values that were read at once, written at once."""

    def __init__(self, tx: Transaction, rows: list[Decision]) -> None:
        self._tx = tx
        self._instances = tx.instances.get(sorted({row.instance_id for row in rows if row.instance_id is not None}))
        on_images = sorted({row.image_id for row in rows if row.instance_id is None})
        self._images = {image.id: image for image in tx.images.of_ids(on_images)}
        self._instance_changes: dict[int, dict[str, Any]] = {}
        self._image_changes: dict[int, dict[str, Any]] = {}
        self.inverted: list[tuple[Decision, int]] = []
        """The rows taken back so far, with the revision that each leaves behind."""

    def take_back(self, row: Decision) -> None:
        """Take one row back, unless what it changed is no longer as it left it."""
        mask = row.instance_id
        revision = self._on_image(row) if mask is None else self._on_instance(row, mask)
        if revision is not None:
            self.inverted.append((row, revision))

    def save(self, group: str) -> None:
        """Write all of it, and the log under this group."""
        self._tx.instances.change_many(self._instance_changes)
        for image_id, values in self._image_changes.items():
            self._tx.images.change(image_id, **values)
        self._tx.decisions.add_many([_inverse_of(row, revision, group) for row, revision in self.inverted])

    def _on_instance(self, row: Decision, instance_id: int) -> int | None:
        instance = self._instances.get(instance_id)
        if instance is None or not _is_as(instance, {"deleted": False, **row.after}):
            return None
        if instance.deleted and instance.revision != row.revision:
            return None  # put away since with the picture that it belonged to
        values = {**_settable(row.before), "revision": instance.revision + 1}
        self._instances[instance_id] = replace(instance, **values)
        self._instance_changes.setdefault(instance_id, {}).update(values)
        return instance.revision + 1

    def _on_image(self, row: Decision) -> int | None:
        image = self._images.get(row.image_id)
        if image is None or not _is_as(image, row.after):
            return None
        values = {**row.before, "revision": image.revision + 1}
        self._images[image.id] = replace(image, **values)
        self._image_changes.setdefault(image.id, {}).update(values)
        return image.revision + 1


def _inverse_of(row: Decision, revision: int, group: str) -> NewDecision:
    return NewDecision(
        key=f"{group}-{row.id}",
        who=row.who,
        group_id=group,
        undoes=row.group_id,
        action=row.action,
        image_id=row.image_id,
        instance_id=row.instance_id,
        before=row.after,
        after=row.before,
        revision=revision,
    )


def _is_as(record: object, values: dict[str, Any]) -> bool:
    return all(_plain(getattr(record, name)) == value for name, value in _settable(values).items())


def _settable(values: dict[str, Any]) -> dict[str, Any]:
    """Without the parent, which the store itself forgets when it is proposed anew."""
    return {name: value for name, value in values.items() if name != "parent_id"}


def _plain(value: object) -> object:
    """As JSON brings it back."""
    return list(value) if isinstance(value, tuple) else value
