"""What a person can do to masks and images in one go, and what becomes of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from app.errors import ReviewError
from app.store.records import INSTANCE_STATES, ImageStatus, Instance, InstanceState
from app.store.transaction import Transaction

Action = Literal["state", "category", "edit", "create", "delete", "finish", "reopen", "dismiss"]

ON_IMAGES = ("finish", "reopen", "dismiss")
"""Actions that are about an image, not a mask."""

LONGEST_NAME = 200
"""Characters of a key, group or reviewer."""


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


def check(operation: Operation) -> None:
    """Refuse an operation that is malformed.

    Raises:
        ReviewError: what is missing or wrong.
    """
    for name, text in (("key", operation.key), ("group", operation.group)):
        if not 0 < len(text) <= LONGEST_NAME:
            raise ReviewError(f"an operation's {name} has 1 to {LONGEST_NAME} characters")
    if operation.action not in get_args(Action):
        raise ReviewError(f"unknown action {operation.action!r}: there are {', '.join(get_args(Action))}")
    if operation.action == "dismiss" and operation.box is None:
        raise ReviewError("the action dismiss needs box")
    if operation.action in ON_IMAGES:
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


def check_categories(tx: Transaction, operations: Sequence[Operation]) -> None:
    """Refuse operations that name with a category which there is not.

    Raises:
        ReviewError: there is no such category.
    """
    named = [operation for operation in operations if operation.action in ("category", "create")]
    wanted = {operation.category_id for operation in named} - {None}
    unknown = wanted - {category.id for category in tx.categories.all()} if wanted else set()
    if unknown:
        raise ReviewError(f"there is no category {min(i for i in unknown if i is not None)} in this workspace")
