"""One request's operations, each checked against what the masks are now."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import uuid4

from app.errors import NotFoundError, ReviewError
from app.services import pixels
from app.services.operations import ON_IMAGES, Conflict, Operation
from app.store.records import Image, Instance, NewDecision
from app.store.transaction import Transaction

_DRAWN_SCORE = 1.0


class Batch:
    """Operations of one request on their way into the log: worked out on values read at once, written by `save`.

    Raises:
        NotFoundError: there is no such image.
    """

    def __init__(self, tx: Transaction, who: str, operations: Sequence[Operation]) -> None:
        self._tx = tx
        self._who = who
        self._images = _images(tx, sorted({operation.image_id for operation in operations}))
        spoken = {key for o in operations for key in (o.key, o.instance_key, o.parent_key) if key is not None}
        self._made = tx.decisions.created(sorted(spoken))
        ids = {i for o in operations for i in (o.instance_id, o.parent_id) if i is not None}
        self._instances = tx.instances.get(sorted(ids | set(self._made.values())))
        self._groups: dict[str, str] = {}
        # A mask that conflicted once conflicts for the rest of the request: a later operation's revision, counted up
        # by the client, may by chance be the one another reviewer left behind.
        self._blocked: set[int] = set()
        self._changes: dict[int, dict[str, Any]] = {}
        self._log: list[NewDecision] = []
        self.saved = tx.decisions.revisions([operation.key for operation in operations])
        self.created = {key: self._made[key] for key in self.saved if key in self._made}
        self.conflicts: list[Conflict] = []

    def apply(self, operation: Operation) -> None:
        """Take one operation, or add a conflict; a known key does nothing."""
        if operation.key in self.saved:
            return
        if operation.action in ON_IMAGES:
            self._on_image(operation)
        elif operation.action == "create":
            self._create(operation)
        else:
            self._on_instance(operation)

    def save(self) -> None:
        """Write what was taken: a few statements for any number of changed masks."""
        self._tx.instances.change_many(self._changes)
        self._tx.decisions.add_many(self._log)

    def _on_image(self, operation: Operation) -> None:
        image = self._images[operation.image_id]
        if operation.revision is not None and operation.revision != image.revision:
            message = "the image was finished or reopened elsewhere meanwhile"
            self.conflicts.append(Conflict(operation.key, None, message))
            return
        after: dict[str, Any] = {"closed": operation.action == "finish"}
        if operation.action == "dismiss":
            assert operation.box is not None  # checked before
            after = {"dismissed": [*(image.dismissed or []), list(operation.box)]}
        before = {name: getattr(image, name) for name in after}
        self._images[image.id] = replace(image, **after, revision=image.revision + 1)
        self._tx.images.change(image.id, **after, revision=image.revision + 1)
        self._note(operation, None, before, after, image.revision + 1)

    def _on_instance(self, operation: Operation) -> None:
        instance = self._instances.get(self._id(operation.instance_id, operation.instance_key))
        message = self._objection(operation, instance)
        if message or instance is None:
            self._refuse(operation, instance, message)
            return
        try:
            after = self._after(operation)
        except ReviewError as error:
            self._refuse(operation, instance, str(error))
            return
        before = {name: getattr(instance, name) for name in after}
        revision = instance.revision + 1
        self._instances[instance.id] = replace(instance, **after, revision=revision)
        self._changes.setdefault(instance.id, {}).update(after, revision=revision)
        self._note(operation, instance.id, before, after, revision)

    def _after(self, operation: Operation) -> dict[str, Any]:
        """What a change makes of a mask, as fields of `Instance`."""
        if operation.action == "state":
            return {"state": operation.state}
        if operation.action == "category":
            return {"category_id": operation.category_id}
        if operation.action == "delete":
            return {"deleted": True}
        return {**self._pixels(operation).columns(), "edited": True, "state": operation.state or "accepted"}

    def _create(self, operation: Operation) -> None:
        parent = self._instances.get(self._id(operation.parent_id, operation.parent_key))
        try:
            drawn = self._pixels(operation)
        except ReviewError as error:
            self._refuse(operation, None, str(error))
            return
        after = {
            **drawn.columns(),
            "score": _DRAWN_SCORE,
            "source": f"person:{self._who}",
            "parent_id": parent.id if parent is not None and parent.image_id == operation.image_id else None,
            "state": operation.state or "accepted",
            "category_id": operation.category_id,
            "edited": True,
            "deleted": False,
        }
        made = self._tx.instances.add(operation.image_id, after)
        self._instances[made.id] = made
        self._made[operation.key] = self.created[operation.key] = made.id
        self._note(operation, made.id, {"deleted": True}, after, made.revision)

    def _id(self, instance_id: int | None, key: str | None) -> int:
        """The id of a mask by what the writer knows of it; 0, which none has, where there is none."""
        return instance_id or (self._made.get(key, 0) if key is not None else 0)

    def _pixels(self, operation: Operation) -> pixels.Pixels:
        assert operation.counts is not None  # checked before
        image = self._images[operation.image_id]
        return pixels.read(operation.counts, (image.height, image.width))

    def _objection(self, operation: Operation, instance: Instance | None) -> str:
        if instance is None or instance.deleted or instance.image_id != operation.image_id:
            return f"mask {operation.instance_id or 'just drawn'} is no longer on this image"
        if instance.revision != operation.revision or instance.id in self._blocked:
            return f"mask {instance.id} was changed elsewhere meanwhile: it is {instance.state} now"
        return ""

    def _refuse(self, operation: Operation, instance: Instance | None, message: str) -> None:
        if instance is not None:
            self._blocked.add(instance.id)
        there = instance is not None and not instance.deleted and instance.image_id == operation.image_id
        self.conflicts.append(Conflict(operation.key, instance if there else None, message))

    def _note(
        self,
        operation: Operation,
        instance_id: int | None,
        before: dict[str, Any],
        after: dict[str, Any],
        revision: int,
    ) -> None:
        row = NewDecision(
            key=operation.key,
            who=self._who,
            group_id=self._group(operation.group),
            undoes=None,
            action=operation.action,
            image_id=operation.image_id,
            instance_id=instance_id,
            before=before,
            after=after,
            revision=revision,
        )
        self._log.append(row)
        self.saved[operation.key] = revision

    def _group(self, asked: str) -> str:
        """The group to log under: the one asked for, or a new name for it where that step is closed.

        A step takes more decisions (of a later request) only while it is the reviewer's last one; otherwise undoing
        the steps after it would not lead back to where they began.
        """
        if asked not in self._groups:
            steps = self._tx.steps
            step, last = steps.of_group(self._who, asked), steps.last_done(self._who)
            name = asked if step is None else f"{asked[:160]}+{uuid4().hex}"
            if step is not None and step == last and step.last_group == asked and not steps.first_undone(self._who):
                name = asked
            else:
                steps.add(self._who, name)
            # Earlier groups of this request are no longer the last one.
            self._groups = {asked: name}
        return self._groups[asked]


def _images(tx: Transaction, image_ids: Sequence[int]) -> dict[int, Image]:
    found = {image.id: image for image in tx.images.of_ids(image_ids)}
    for image_id in image_ids:
        if image_id not in found:
            raise NotFoundError(f"there is no image {image_id} in this workspace")
    return found
