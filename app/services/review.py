"""Decisions of people on masks: applied and logged here, taken back in `app.services.undo`."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args
from uuid import uuid4

from app.errors import NotFoundError, ReviewError
from app.services import pixels
from app.services.catalogue import Neighbours, neighbours
from app.services.undo import Undone, redo, undo
from app.services.workspace import Workspace
from app.store.records import INSTANCE_STATES, Image, ImageStatus, Instance, InstanceState
from app.store.transaction import Transaction

__all__ = ["Action", "Conflict", "Operation", "Outcome", "ReviewImage", "Undone", "apply", "load", "redo", "undo"]

Action = Literal["state", "category", "edit", "create", "delete", "finish", "reopen", "dismiss"]

_ON_IMAGES = ("finish", "reopen", "dismiss")
_DRAWN_SCORE = 1.0

_LONGEST_NAME = 200
"""Characters of a key, group or reviewer."""


@dataclass(frozen=True)
class ReviewImage:
    """An image as Review opens it."""

    image: Image
    instances: list[Instance]
    """Best score first."""
    neighbours: Neighbours


@dataclass(frozen=True)
class Operation:
    """One thing a person did."""

    key: str
    """Unique for ever: a repeated key is answered as saved and changes nothing."""
    image_id: int
    group: str
    """Operations of one group are undone as one step."""
    action: Action
    instance_id: int | None = None
    """The mask; needed for the actions state, category, edit and delete."""
    revision: int | None = None
    """The revision the person saw; needed for masks that exist, checked for images where given."""
    state: InstanceState | None = None
    """Needed for the action state; after an edit, accepted where it is not given."""
    category_id: int | None = None
    """For the action category, where None takes the name away, and of a created mask."""
    instance_key: str | None = None
    """In place of ``instance_id``: the key of the operation that created the mask, until the writer knows the id."""
    counts: str | None = None
    """The pixels of an edited or created mask: compressed COCO RLE at the image's upright size."""
    parent_id: int | None = None
    """The mask that a created one was made from."""
    parent_key: str | None = None
    """In place of ``parent_id``, as ``instance_key``."""
    box: tuple[int, int, int, int] | None = None
    """Needed for the action dismiss: [x, y, width, height] of the place where nothing is missing."""


@dataclass(frozen=True)
class Conflict:
    """An operation that was not saved: what it is about had changed meanwhile, or its pixels make no mask."""

    key: str
    instance: Instance | None
    """As it is now; None if it is gone, or the operation was on an image."""
    message: str


@dataclass(frozen=True)
class Outcome:
    """What became of a list of operations."""

    saved: dict[str, int]
    """Key -> revision of the mask (or image) after it."""
    created: dict[str, int]
    """Key of a creation -> id of the mask."""
    conflicts: list[Conflict]
    image_status: dict[int, ImageStatus]
    """Of every image that was spoken of."""


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
    if not 0 < len(who) <= _LONGEST_NAME:
        raise ReviewError(f"a reviewer's name has 1 to {_LONGEST_NAME} characters")
    for operation in operations:
        _check(operation)
    with ws.store.write() as tx:
        _check_categories(tx, operations)
        batch = _Batch(tx, who, operations)
        for operation in operations:
            batch.apply(operation)
        status = tx.images.refresh(sorted({operation.image_id for operation in operations}))
        return Outcome(batch.saved, batch.created, batch.conflicts, status)


def _check(operation: Operation) -> None:
    for name, text in (("key", operation.key), ("group", operation.group)):
        if not 0 < len(text) <= _LONGEST_NAME:
            raise ReviewError(f"an operation's {name} has 1 to {_LONGEST_NAME} characters")
    if operation.action not in get_args(Action):
        raise ReviewError(f"unknown action {operation.action!r}: there are {', '.join(get_args(Action))}")
    if operation.action == "dismiss" and operation.box is None:
        raise ReviewError("the action dismiss needs box")
    if operation.action in _ON_IMAGES:
        return
    if operation.action in ("edit", "create") and operation.counts is None:
        raise ReviewError(f"the action {operation.action} needs counts")
    if operation.action == "create":
        return
    if (operation.instance_id is None) == (operation.instance_key is None) or operation.revision is None:
        raise ReviewError(f"the action {operation.action} needs instance_id (or instance_key) and revision")
    wanted = INSTANCE_STATES if operation.action == "state" else (*INSTANCE_STATES, None)
    if operation.state not in wanted:
        raise ReviewError(f"unknown state {operation.state!r}: there are {', '.join(INSTANCE_STATES)}")


def _check_categories(tx: Transaction, operations: Sequence[Operation]) -> None:
    named = [operation for operation in operations if operation.action in ("category", "create")]
    wanted = {operation.category_id for operation in named} - {None}
    unknown = wanted - {category.id for category in tx.categories.all()} if wanted else set()
    if unknown:
        raise ReviewError(f"there is no category {min(i for i in unknown if i is not None)} in this workspace")


class _Batch:
    """Operations of one request on their way into the log."""

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
        self.saved = tx.decisions.revisions([operation.key for operation in operations])
        self.created = {key: self._made[key] for key in self.saved if key in self._made}
        self.conflicts: list[Conflict] = []

    def apply(self, operation: Operation) -> None:
        """Save one operation, or add a conflict; a known key does nothing."""
        if operation.key in self.saved:
            return
        if operation.action in _ON_IMAGES:
            self._on_image(operation)
        elif operation.action == "create":
            self._create(operation)
        else:
            self._on_instance(operation)

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
        self._log(operation, None, before, after, image.revision + 1)

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
        self._tx.instances.change(instance.id, {**after, "revision": revision})
        self._log(operation, instance.id, before, after, revision)

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
        self._log(operation, made.id, {"deleted": True}, after, made.revision)

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

    def _log(
        self,
        operation: Operation,
        instance_id: int | None,
        before: dict[str, Any],
        after: dict[str, Any],
        revision: int,
    ) -> None:
        self._tx.decisions.add(
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
