"""Bring the decisions of another workspace of the same images in, and overwrite nobody in silence.

Each mask (and each image's finish) is merged by what both logs know of it, as versions of a text are:

* Decisions that both have are common ground. Who decided nothing beyond it takes the other's.
* Where both went on and came to the same, their decisions are noted and nothing changes.
* Where they came to different ends there is a conflict, which is always listed. What was decided *here* stays, unless
  theirs are asked for; between two logs that were both brought in, the later decision counts, so that their order does not.

State, name and pixels of a mask are merged each for itself, unless one decision changed several of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from app.formats import decision_log
from app.formats.decision_log import Log, LogDecision, LogMask
from app.services import categories, log_match, pixels
from app.services import log_values as calculus
from app.services.log_export import MERGED, first_counts, put_away
from app.services.workspace import Workspace
from app.store.records import Decision, Image, Instance, NewDecision
from app.store.transaction import Transaction

_AT_BIRTH = frozenset({"score", "source", "parent_id"})
"""Where a mask came from; never changed afterwards."""

Kept = Literal["ours", "theirs"]


@dataclass(frozen=True)
class MergeConflict:
    """Two people came to different ends about one thing."""

    image: str
    """Its name here."""
    instance_id: int | None
    """The mask here; None: whether the image is finished."""
    ours: str
    """What it is here, in words."""
    theirs: str
    who: str
    """Who decided theirs."""
    at: str
    """When theirs was decided."""
    kept: Kept


@dataclass
class MergeReport:
    """What a merge did, or would do."""

    people: list[str]
    """Whose decisions the log holds."""
    decisions: int
    """In the log."""
    known: int = 0
    """Decisions that were here already."""
    taken: int = 0
    """Decisions that were added."""
    masks: int = 0
    """Masks that are others now."""
    drawn: int = 0
    """Masks that were added, since somebody drew them there."""
    finished: int = 0
    """Images that were finished or reopened."""
    images_missing: list[str] = field(default_factory=list)
    """Images of the log whose content is not in this workspace."""
    masks_missing: int = 0
    """Masks of the log that have no counterpart here; their decisions were left out."""
    conflicts: list[MergeConflict] = field(default_factory=list)


class _Undo(Exception):  # noqa: N818  (no error: it ends a dry run)
    """Take the transaction back."""


def merge(ws: Workspace, path: Path, *, theirs: bool = False, dry_run: bool = False) -> MergeReport:
    """Merge a log into the workspace, as a whole or not at all. Merging it again changes nothing.

    Args:
        ws: a workspace with some of the log's images.
        path: a file of `log_export.export`.
        theirs: in conflicts take what the log says, also over decisions that were made here.
        dry_run: do all the work, and take it back.

    Raises:
        LogError: the file is no decision log, or a damaged one.
    """
    log = decision_log.read(path)
    report = MergeReport(sorted({each.who for each in log.decisions}), len(log.decisions))
    try:
        with ws.store.write() as tx:
            _Merger(tx, log, report, theirs=theirs).run()
            if dry_run:
                raise _Undo
    except _Undo:
        pass
    return report


@dataclass(frozen=True)
class _Thing:
    """A mask, or the image itself, and what both logs say of it."""

    image: Image
    now: Instance | Image
    ours: list[Decision]
    theirs: list[LogDecision]


class _Merger:
    """One merge in its transaction."""

    def __init__(self, tx: Transaction, log: Log, report: MergeReport, *, theirs: bool) -> None:
        self._tx = tx
        self._log = log
        self._report = report
        self._theirs = theirs
        self._their_keys = {each.key for each in log.decisions}
        self._categories: dict[int, int] = {}
        self._masks: dict[int, int] = {}
        """The log's mask id -> ours."""
        self._changed: set[int] = set()

    def run(self) -> None:
        here = log_match.images(self._log, self._tx.images.by_hash([each.hash for each in self._log.header.images]))
        self._report.images_missing = [each.name for each in self._log.header.images if each.id not in here]
        ours: dict[int, list[Decision]] = {image.id: [] for image in here.values()}
        known: set[str] = set()
        for row in self._tx.decisions.all():
            if row.key in self._their_keys:
                known.add(row.key)
            if row.image_id in ours:
                ours[row.image_id].append(row)
        self._known = known
        self._report.known = len(known)
        theirs: dict[int, list[LogDecision]] = {}
        for each in self._log.decisions:
            theirs.setdefault(each.image, []).append(each)
        masks: dict[int, list[LogMask]] = {}
        for mask in self._log.masks:
            masks.setdefault(mask.image, []).append(mask)
        for image_id, image in here.items():
            self._image(image_id, image, ours[image.id], theirs.get(image_id, []), masks.get(image_id, []))
        self._tx.images.refresh(sorted(self._changed))

    def _image(
        self, image_id: int, image: Image, ours: list[Decision], theirs: list[LogDecision], masks: list[LogMask]
    ) -> None:
        instances = {each.id: each for each in self._tx.instances.all_of_image(image.id)}
        of_mask: dict[int | None, list[Decision]] = {}
        for row in ours:
            of_mask.setdefault(row.instance_id, []).append(row)
        present = [each for each in instances.values() if not put_away(each, of_mask.get(each.id, []))]
        rows = {row.key: row for row in ours}
        both = {each.mask: rows[each.key].instance_id for each in theirs if each.mask and each.key in rows}
        known = {mask: mine for mask, mine in both.items() if mine in instances and mine is not None}
        size = next(each for each in self._log.header.images if each.id == image_id)
        found = log_match.masks(masks, present, first_counts(ours), known, size)
        self._masks.update(found)
        for mask in masks:
            said = [each for each in theirs if each.mask == mask.mask]
            if mask.mask in found:
                mine = instances[found[mask.mask]]
                self._merge(_Thing(image, mine, of_mask.get(mine.id, []), said))
            elif said[:1] and said[0].action == "create" and said[0].key not in self._known:
                self._draw(image, mask, said)
            else:
                self._report.masks_missing += 1
        self._merge(_Thing(image, image, of_mask.get(None, []), [each for each in theirs if each.mask is None]))

    # One mask, or the image itself

    def _merge(self, thing: _Thing) -> None:
        now = thing.now
        for fields in calculus.parts(thing.ours, thing.theirs):
            ours = [row for row in thing.ours if fields & row.after.keys()]
            theirs = [each for each in thing.theirs if fields & each.after.changed().keys()]
            now = self._merge_part(_Thing(thing.image, now, ours, theirs))

    def _merge_part(self, thing: _Thing) -> Instance | Image:
        image = thing.image
        theirs = [each for each in thing.theirs if each.key not in self._known]
        ours = [row for row in thing.ours if row.key not in self._their_keys]
        wanted = self._values(calculus.folded(each.after.changed() for each in thing.theirs), image)
        their_base = self._values(calculus.first(each.before.changed() for each in theirs), image)
        our_base = calculus.first(row.before for row in ours)
        if not theirs or calculus.same(wanted, their_base):
            return thing.now  # they decided nothing beyond what is known here
        if calculus.same(calculus.of(thing.now, wanted), wanted):
            return self._take(thing, theirs, {}, {})
        if not ours or calculus.same(calculus.of(thing.now, our_base), our_base):
            return self._take(thing, theirs, wanted, {})
        shared = {name: value for name, value in wanted.items() if any(name in row.after for row in ours)}
        if calculus.same(calculus.of(thing.now, shared), shared):
            return self._take(thing, theirs, wanted, {})  # both decided alike what both decided
        here = any(not row.group_id.startswith(MERGED) for row in ours)
        later = (theirs[-1].at, theirs[-1].key) > (ours[-1].at, ours[-1].key)
        kept: Kept = "theirs" if self._theirs or (later and not here) else "ours"
        self._conflict(thing, wanted, theirs[-1], kept)
        if kept == "ours":
            return thing.now
        # Their version as a whole: what was decided here beyond it is taken back.
        back = {name: value for name, value in our_base.items() if name not in wanted and name not in _AT_BIRTH}
        return self._take(thing, theirs, wanted, back)

    def _take(
        self, thing: _Thing, theirs: Sequence[LogDecision], values: calculus.Values, back: calculus.Values
    ) -> Instance | Image:
        """Note their decisions and bring the mask or image to ``values``.

        Args:
            thing: what it is about.
            theirs: their decisions that are new here.
            values: fields to set; none where it is so already.
            back: fields that are set to what they were before the decisions made here, which a row of the log says too.
        """
        now, revision = thing.now, thing.now.revision
        if back:
            revision += 1
            last = theirs[-1]
            row = last.model_copy(update={"key": f"{MERGED}{last.key}"[:200], "action": "edit"})
            self._add(row, thing, calculus.of(now, back), back, revision)
        for each in theirs:
            revision += bool(values)
            before = self._values(each.before.changed(), thing.image)
            self._add(each, thing, before, self._values(each.after.changed(), thing.image), revision)
        if not values:
            return now
        self._changed.add(thing.image.id)
        if isinstance(now, Instance):
            self._tx.instances.change(now.id, {**back, **values, "revision": revision})
            self._report.masks += 1
            return self._tx.instances.get([now.id])[now.id]
        self._tx.images.change(now.id, **values, revision=revision)
        self._report.finished += 1
        return now

    def _draw(self, image: Image, mask: LogMask, said: list[LogDecision]) -> None:
        """A mask that somebody drew there, and what became of it."""
        values = self._values(calculus.folded(each.after.changed() for each in said), image)
        if values.get("deleted"):
            return
        made = self._tx.instances.add(image.id, {"score": mask.score, "edited": True, **values})
        self._masks[mask.mask] = made.id
        self._take(_Thing(image, made, [], said), said, {}, {})
        self._changed.add(image.id)
        self._report.drawn += 1

    def _add(
        self, each: LogDecision, thing: _Thing, before: calculus.Values, after: calculus.Values, revision: int
    ) -> None:
        row = NewDecision(
            key=each.key,
            who=each.who,
            group_id=f"{MERGED}{each.group}"[:200],
            undoes=None if each.undoes is None else f"{MERGED}{each.undoes}"[:200],
            action=each.action,
            image_id=thing.image.id,
            instance_id=thing.now.id if isinstance(thing.now, Instance) else None,
            before=before,
            after=after,
            revision=revision,
            at=each.at,
        )
        self._tx.decisions.add_many([row])
        self._known.add(each.key)
        self._report.taken += 1

    def _conflict(self, thing: _Thing, wanted: calculus.Values, last: LogDecision, kept: Kept) -> None:
        names = {each.id: each.name for each in self._tx.categories.all()}
        ours = calculus.of(thing.now, wanted)
        self._report.conflicts.append(
            MergeConflict(
                image=thing.image.name,
                instance_id=thing.now.id if isinstance(thing.now, Instance) else None,
                ours=calculus.words(ours, wanted, names),
                theirs=calculus.words(wanted, ours, names),
                who=last.who,
                at=last.at,
                kept=kept,
            )
        )

    # Values in the terms of this workspace

    def _values(self, values: calculus.Values, image: Image) -> calculus.Values:
        """Values of the log with this workspace's ids, and with what follows from the pixels."""
        mine = dict(values)
        if mine.get("category_id") is not None:
            mine["category_id"] = self._category(mine["category_id"])
        if mine.get("parent_id") is not None:
            mine["parent_id"] = self._masks.get(mine["parent_id"])
        if "counts" in mine:
            drawn = pixels.read(mine["counts"], (image.height, image.width)).columns()
            mine.update(drawn, bbox=list(drawn["bbox"]))
        return mine

    def _category(self, theirs: int) -> int:
        if theirs not in self._categories:
            name = next(each.name for each in self._log.header.categories if each.id == theirs)
            self._categories[theirs] = categories.ensure(self._tx, name).id
        return self._categories[theirs]
