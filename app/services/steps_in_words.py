"""What a step of the decision log did, in a few words."""

from collections.abc import Mapping, Sequence

from app.store.records import Decision

_COMPOUNDS = ({"delete", "edit"}, {"create", "edit"})
"""Kinds of operations that together are a merge and a split."""


def in_words(rows: Sequence[Decision], names: Mapping[int, str] | None = None) -> str:
    """Such as "2 masks accepted".

    Args:
        rows: of one group, at least one, as they were first made.
        names: of categories by id; with them the words say what masks were named.
    """
    masks = len({row.instance_id for row in rows if row.instance_id is not None})
    number = "1 mask" if masks == 1 else f"{masks} masks"
    named = _named(rows, names or {})
    deeds = {row.after["state"] if row.action == "state" else row.action for row in rows}
    if deeds == {"accepted", "category"}:
        return f"{number} accepted and {named}"
    deed = "+".join(sorted(deeds)) if len(deeds) == 1 or deeds in _COMPOUNDS else "several"
    return {
        "finish": "image finished",
        "reopen": "image reopened",
        "dismiss": "place without a mask dismissed",
        "category": f"{number} {named}",
        "edit": f"{number} edited",
        "create": f"{number} drawn",
        "delete": f"{number} taken away",
        "delete+edit": f"{number} merged",
        "create+edit": f"1 mask split into {masks}",
        "pending": f"{number} set back to undecided",
        "unsure": f"{number} marked unsure",
        "several": f"{number} changed" if masks else "image finished and reopened",
    }.get(deed, f"{number} {deed}")


def _named(rows: Sequence[Decision], names: Mapping[int, str]) -> str:
    given = {row.after["category_id"] for row in rows if row.action == "category"}
    name = names.get(next(iter(given)) or 0) if len(given) == 1 else None
    return f"named {name}" if name else "named"
