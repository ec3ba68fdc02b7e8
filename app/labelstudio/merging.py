"""What an annotation of Label Studio asks of an image's masks, against what was decided here since they were pushed."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from app.labelstudio.regions import ReadRegion, ReadResult
from app.services import log_values
from app.services.log_values import Resolution
from app.services.operations import Action, Operation
from app.store.records import Decision, Image, Instance

Values: TypeAlias = dict[str, Any]

_FIELDS = ("state", "category_id", "counts", "deleted")


@dataclass(frozen=True)
class Conflict:
    """Here somebody decided one thing since the push, in Label Studio another."""

    key: str
    """To choose its resolution by."""
    image_id: int
    image: str
    """Its name."""
    instance_id: int
    """The mask here."""
    task_url: str
    """Of the task's page in Label Studio."""
    ours: str
    """What it is here, in words."""
    theirs: str
    ours_counts: str
    """Its pixels here: compressed COCO RLE at the image's size."""
    theirs_counts: str | None
    """Its pixels there; None: it was taken away there."""
    kept: Resolution | None
    """None: nobody chose yet, and ours stays until then."""


@dataclass(frozen=True)
class Local:
    """An image as it is here."""

    image: Image
    masks: Mapping[int, Instance]
    """By id, deleted ones too."""
    log: Sequence[Decision]
    """All decisions on it."""
    pushed: Mapping[int, int]
    """Mask id -> revision when it was pushed (or pulled) last."""
    drawn: Mapping[str, int]
    """Region drawn in Label Studio -> mask that was made of it."""
    categories: Mapping[str, int | None]
    """Label -> category; None: without a name."""
    names: Mapping[int, str]
    """Category -> name."""


@dataclass(frozen=True)
class Wish:
    """What Label Studio wants of one mask, and what stands against it."""

    mask: Instance
    wanted: Values
    """Fields that are otherwise now."""
    counts: str | None
    """The mask's pixels there; None: it was taken away there."""
    label: str | None
    contradicts: bool
    """Something of it was decided otherwise here since the push."""


def operation_key(project: str, image_id: int, region: str) -> str:
    """The key of the decision that makes a mask of a region drawn there: always the same, so that it is made once."""
    return f"label-studio:{project}:{image_id}:{hashlib.blake2b(region.encode(), digest_size=12).hexdigest()}"


def wishes(here: Local, read: ReadResult) -> tuple[list[Wish], list[ReadRegion], int]:
    """What a submitted annotation wants.

    Returns:
        Wishes about masks of this image; regions that are to become new masks; how many masks are just so already.
    """
    found: list[Wish] = []
    new: list[ReadRegion] = []
    known = 0
    present: set[int] = set()
    for region in read.regions:
        own = region.id if region.id in here.masks else here.drawn.get(region.key)
        mask = None if own is None else here.masks.get(own)
        if mask is None or mask.id in present:
            new.append(region)
            continue
        present.add(mask.id)
        wish = _present(here, mask, region)
        known += wish is None
        found += [] if wish is None else [wish]
    for mask_id in sorted(here.pushed.keys() - present - read.unreadable):
        mask = here.masks.get(mask_id)
        wish = None if mask is None else _absent(here, mask)
        known += wish is None
        found += [] if wish is None else [wish]
    return found, new, known


def skipped(here: Local) -> list[Operation]:
    """A skipped image: its masks that nobody decided are unsure."""
    masks = [here.masks[mask_id] for mask_id in sorted(here.pushed) if mask_id in here.masks]
    undecided = [mask for mask in masks if mask.state == "pending" and not mask.deleted]
    return [_operation(here, mask, "state", mask.revision, state="unsure") for mask in undecided]


def _present(here: Local, mask: Instance, region: ReadRegion) -> Wish | None:
    before = _at_push(here, mask)
    wanted: Values = {"deleted": False}
    if before["counts"] != region.counts:
        wanted["counts"] = region.counts
    if "counts" in wanted or before["state"] != "accepted":
        wanted["state"] = "accepted"
    category = None if region.label is None else here.categories[region.label]
    if region.label is not None and category != before["category_id"]:
        wanted["category_id"] = category
    return _wish(mask, before, wanted, region)


def _absent(here: Local, mask: Instance) -> Wish | None:
    if mask.deleted or mask.state == "rejected":
        return None
    return _wish(mask, _at_push(here, mask), {"state": "rejected"}, None)


def _wish(mask: Instance, before: Values, wanted: Values, region: ReadRegion | None) -> Wish | None:
    now = log_values.of(mask, _FIELDS)
    left = {name: value for name, value in wanted.items() if now[name] != value}
    if not left:
        return None
    since = {name for name in _FIELDS if now[name] != before[name]}
    if region is None:  # taken away there: against whatever was decided of it here
        return Wish(mask, left, None, None, bool(since))
    return Wish(mask, left, region.counts, region.label, bool(since & left.keys()))


def _at_push(here: Local, mask: Instance) -> Values:
    """The mask as it was pushed; where that is not known, as it was before anybody decided."""
    values = log_values.of(mask, _FIELDS)
    revision = here.pushed.get(mask.id, 0)
    for row in reversed([row for row in here.log if row.instance_id == mask.id]):
        if row.revision <= revision or row.action == "create":
            break
        values.update({name: value for name, value in row.before.items() if name in values})
    return values


def operations(here: Local, wish: Wish, key: str, how: Resolution) -> list[Operation]:
    """What fulfils a wish.

    Args:
        here: the image.
        wish: what is wanted.
        key: for masks that are made: as `operation_key`.
        how: theirs where nothing stands against it.
    """
    if how == "ours" or (how == "both" and wish.counts is None):
        return []
    mask, wanted, revision = wish.mask, wish.wanted, wish.mask.revision
    if how == "both" or mask.deleted:
        return [create(here, key, wish.counts or mask.counts, wish.label, mask.id)]
    found = []
    if "counts" in wanted:
        found.append(_operation(here, mask, "edit", revision, counts=wanted["counts"], state="accepted"))
    elif "state" in wanted:
        found.append(_operation(here, mask, "state", revision, state=wanted["state"]))
    if "category_id" in wanted:
        found.append(_operation(here, mask, "category", revision + len(found), category_id=wanted["category_id"]))
    return found


def create(here: Local, key: str, counts: str, label: str | None, parent_id: int | None = None) -> Operation:
    """A mask that was drawn there."""
    category = None if label is None else here.categories[label]
    return Operation(
        key, here.image.id, GROUP, "create", counts=counts, category_id=category, parent_id=parent_id, state="accepted"
    )


GROUP = "pull"
"""Operations stand under it until the pull names their group."""


def _operation(here: Local, mask: Instance, action: Action, revision: int, **values: Any) -> Operation:  # noqa: ANN401
    key = f"label-studio:{mask.id}:{revision}:{action}"
    return Operation(key, here.image.id, GROUP, action, instance_id=mask.id, revision=revision, **values)


def conflict(here: Local, wish: Wish, key: str, task_url: str, kept: Resolution | None) -> Conflict:
    """A wish that stands against a decision, for people."""
    now = log_values.of(wish.mask, wish.wanted)
    names = dict(here.names)
    return Conflict(
        key=key,
        image_id=here.image.id,
        image=here.image.name,
        instance_id=wish.mask.id,
        task_url=task_url,
        ours=log_values.words(now, wish.wanted, names),
        theirs=log_values.words(wish.wanted, now, names),
        ours_counts=wish.mask.counts,
        theirs_counts=wish.counts,
        kept=kept,
    )
