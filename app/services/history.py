"""What was decided on an image, step by step, with what was taken back: the decision log as people read it."""

from dataclasses import dataclass

from app.services.steps_in_words import in_words
from app.services.workspace import Workspace
from app.store.records import Decision

MOST = 500
"""Steps that are told, the newest ones."""


@dataclass(frozen=True)
class Event:
    """A step that somebody took: what one undo takes back, as far as it was on this image."""

    at: str
    """UTC, ISO 8601 with milliseconds."""
    who: str
    what: str
    """Such as "1 mask accepted"."""
    instance_ids: list[int]
    """The masks, in the order they were changed."""
    is_undone: bool


def of_image(ws: Workspace, image_id: int) -> list[Event]:
    """The steps on an image, the newest first, at most `MOST`."""
    with ws.store.read() as tx:
        rows = tx.decisions.of_images([image_id])
        names = {category.id: category.name for category in tx.categories.all()}
    groups: dict[tuple[str, str], list[Decision]] = {}
    for row in rows:
        groups.setdefault((row.who, row.group_id), []).append(row)
    undone = _undone(groups)
    steps = [(key, made) for key, made in groups.items() if made[0].undoes is None]
    return [
        Event(
            at=made[0].at,
            who=made[0].who,
            what=in_words(made, names),
            instance_ids=list(dict.fromkeys(row.instance_id for row in made if row.instance_id is not None)),
            is_undone=key in undone,
        )
        for key, made in reversed(steps[-MOST:])
    ]


def _undone(groups: dict[tuple[str, str], list[Decision]]) -> set[tuple[str, str]]:
    """The groups that do not stand: something that stands took them back."""
    found: set[tuple[str, str]] = set()
    # Later rows take back earlier ones, an undo as well as a redo: whether a group stands is known once all after it are.
    for key, made in reversed(groups.items()):
        if made[0].undoes is not None and key not in found:
            found.add((made[0].who, made[0].undoes))
    return found
