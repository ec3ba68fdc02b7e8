"""What decisions change of a mask or image, as dictionaries of field -> value, and how two sides of them compare."""

from collections.abc import Iterable, Sequence
from typing import Any, Literal, get_args

from app.formats.decision_log import LogDecision
from app.services.counted import counted
from app.store.records import Decision

Values = dict[str, Any]

Resolution = Literal["ours", "theirs", "both"]
"""Keep what was decided here; take what was decided there; or keep ours and add theirs as a mask of its own."""
RESOLUTIONS: tuple[Resolution, ...] = get_args(Resolution)

_COMPARED = frozenset({"state", "category_id", "counts", "deleted", "closed"})
"""The rest follows from these, or tells where a mask came from."""


def conflict_words(decided: int, undecided: int) -> list[str]:
    """A sentence on conflicts that were decided, and one on those that wait for a choice, where there are any."""
    words = []
    if decided:
        words.append(f"{counted(decided, 'conflict')} decided as you chose.")
    if undecided:
        words.append(f"{counted(undecided, 'conflict')} with decisions made here: ours stay until you choose.")
    return words


def parts(ours: Sequence[Decision], theirs: Sequence[LogDecision]) -> list[frozenset[str]]:
    """The fields that are merged together, since one decision changed several of them; what takes a mask away is about all."""
    changes = [frozenset(row.after) for row in ours] + [frozenset(each.after.changed()) for each in theirs]
    if any("deleted" in fields for fields in changes):
        return [frozenset().union(*changes)]
    found: list[frozenset[str]] = []
    for fields in changes:
        joined = [part for part in found if part & fields]
        found = [part for part in found if not part & fields] + [fields.union(*joined)]
    return found


def folded(changes: Iterable[Values]) -> Values:
    """What is left in the end."""
    return {name: value for values in changes for name, value in values.items()}


def first(befores: Iterable[Values]) -> Values:
    """What was there in the beginning."""
    found: Values = {}
    for values in befores:
        for name, value in values.items():
            found.setdefault(name, value)
    return found


def of(record: object, names: Iterable[str]) -> Values:
    """A mask's or image's own values of these fields, as JSON has them."""
    values = {name: getattr(record, name) for name in names}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


def same(values: Values, wanted: Values) -> bool:
    """Whether everything that is wanted is so."""
    return all(values.get(name) == value for name, value in wanted.items() if name in _COMPARED)


def words(values: Values, other: Values, names: dict[int, str]) -> str:
    """The values that differ from the other side's, for people.

    Args:
        values: to be told.
        other: the other side's.
        names: of the categories.
    """
    told = []
    for name, value in values.items():
        if name not in _COMPARED or other.get(name) == value:
            continue
        told.append(
            {
                "state": str(value),
                "category_id": f"named {names.get(value, '?')!r}" if value else "without a name",
                "counts": "other pixels",
                "deleted": "taken away" if value else "there",
                "closed": "finished" if value else "not finished",
            }[name]
        )
    return ", ".join(told)
