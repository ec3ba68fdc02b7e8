"""Bring annotations of another tool in: as masks of this workspace, and over nobody's decision.

Images are matched by content and path, masks by their pixels. What is here already stays one mask: an undecided proposal takes
what the file says of it; where a person decided something else there is a conflict, which is always listed, and what was
decided *here* stays until somebody chooses. Importing a file again changes nothing.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from pycocotools import mask as coco_mask

from app.errors import FormatError, ReviewError
from app.formats import registry
from app.formats.records import Picture, ReadMask, ReadPage
from app.services import annotation_match, categories, pixels
from app.services import log_values as calculus
from app.services.categories import UNNAMED
from app.services.log_values import Resolution
from app.services.workspace import Workspace
from app.store.records import Image, Instance, InstanceState, NewDecision
from app.store.transaction import Transaction


@dataclass(frozen=True)
class ImportRequest:
    """What is to be brought in, and how."""

    format: str
    """A name of `app.formats.registry`."""
    state: InstanceState = "accepted"
    """State of masks of which the file says none; pending for proposals that are still to be reviewed."""
    who: str = "import"
    """Under whose name the decisions stand in the log."""
    resolution: Resolution | None = None
    """Of all conflicts with decisions that were made here; None: ours stays."""
    chosen: Mapping[str, Resolution] = field(default_factory=dict)
    """Of single conflicts, by their key."""
    dry_run: bool = False
    """Do all the work, and take it back."""


@dataclass(frozen=True)
class ImportConflict:
    """The file says one thing, a person here decided another."""

    key: str
    """To choose its resolution by; the same in every import of the file."""
    image_id: int
    image: str
    """Its name."""
    instance_id: int | None
    """The mask here; None: the image is finished here and has no such mask."""
    ours: str
    """What it is here, in words."""
    theirs: str
    can_both: bool
    """Whether ours and theirs can stand beside each other: they have other pixels."""
    kept: Resolution | None = None
    """None: nobody chose yet, and ours stays until then."""


@dataclass
class AnnotationReport:
    """What an import did, or would do."""

    images: int = 0
    """Images of the file that are here."""
    added: int = 0
    """Masks that were added."""
    changed: int = 0
    """Masks here that took what the file says of them."""
    known: int = 0
    """Masks that are here just so."""
    unmatched: list[tuple[str, str]] = field(default_factory=list)
    """Images of the file that are not here, and why."""
    faults: list[tuple[str, str]] = field(default_factory=list)
    """Masks that could not be read: image, and the fault."""
    conflicts: list[ImportConflict] = field(default_factory=list)


class _Undo(Exception):  # noqa: N818  (no error: it ends a dry run)
    """Take the transaction back."""


def import_annotations(ws: Workspace, path: Path, request: ImportRequest) -> AnnotationReport:
    """Bring a file in, as a whole or not at all. Undone as one step of ``request.who``.

    Raises:
        FormatError: there is no such format, or the file is not of it, holds no images, or is damaged as a whole.
    """
    format_ = registry.get(request.format)
    report = AnnotationReport()
    try:
        with ws.store.write() as tx:
            work = _Import(tx, request, report)
            for page in format_.read(path.expanduser(), work.here.known):
                work.page(page)
            if not report.images and not report.unmatched:
                raise FormatError(
                    f"{path.name} holds no images of the format {format_.title}: choose the format it has"
                )
            work.end()
            if request.dry_run:
                raise _Undo
    except _Undo:
        pass
    return report


class _Import:
    """One import in its transaction."""

    def __init__(self, tx: Transaction, request: ImportRequest, report: AnnotationReport) -> None:
        self._tx = tx
        self._request = request
        self._report = report
        self._group = f"import-{uuid4().hex}"
        self._step = False
        self._categories: dict[str, int | None] = {}
        self._changed: set[int] = set()
        self.here = annotation_match.Here(tx)

    def page(self, page: ReadPage) -> None:
        """The masks of one image."""
        self._report.faults.extend((page.file_name, fault) for fault in page.faults)
        picture, why = self.here.find(page)
        if picture is None:
            self._report.unmatched.append((page.file_name, why))
            return
        self._report.images += 1
        checked = [self._checked(mask, picture) for mask in page.masks]
        masks = [mask for mask in checked if mask is not None]
        ours = self._tx.instances.all_of_image(picture.id)
        found = annotation_match.pairs(masks, ours, picture.size)
        image = self.here.images[picture.id]
        for index, mask in enumerate(masks):
            if index in found:
                self._same(image, found[index], mask)
            else:
                self._new(image, mask)

    def end(self) -> None:
        """Count the masks of all images that changed."""
        self._tx.images.refresh(sorted(self._changed))

    def _checked(self, mask: ReadMask, picture: Picture) -> ReadMask | None:
        """The mask with canonical pixels; None, and a fault, where it has none or a name that no category can have."""
        code = {"size": list(picture.size), "counts": mask.counts.encode("ascii")}
        counts = coco_mask.merge([code, code])["counts"].decode("ascii")
        try:
            pixels.read(counts, picture.size)
            if mask.category is not None and mask.category not in self._categories:
                number = categories.ensure(self._tx, mask.category).id
                self._categories[mask.category] = None if number == UNNAMED else number
        except ReviewError as error:
            self._report.faults.append((picture.file_name, f"mask {mask.place + 1}: {error}"))
            return None
        return replace(mask, counts=counts)

    def _new(self, image: Image, mask: ReadMask) -> None:
        state = mask.state or self._request.state
        if image.closed:
            key = f"{image.id}:{hashlib.blake2b(mask.counts.encode(), digest_size=12).hexdigest()}"
            words = "finished without this mask", f"a mask, {state}"
            if self._kept(ImportConflict(key, image.id, image.name, None, *words, can_both=False)) == "ours":
                return
        self._add(image, mask, state, None)

    def _add(self, image: Image, mask: ReadMask, state: InstanceState, parent_id: int | None) -> None:
        values = {
            **pixels.read(mask.counts, (image.height, image.width)).columns(),
            "score": 1.0 if mask.score is None else mask.score,
            "source": f"import:{self._request.format}",
            "parent_id": parent_id,
            "state": state,
            "category_id": None if mask.category is None else self._categories[mask.category],
            "edited": False,
            "deleted": False,
        }
        made = self._tx.instances.add(image.id, values)
        self._report.added += 1
        self._changed.add(image.id)
        if state != "pending":  # proposals of another tool are nobody's decision
            self._log("create", made, {"deleted": True}, values, made.revision)

    def _same(self, image: Image, ours: Instance, mask: ReadMask) -> None:
        wanted = self._wanted(ours, mask)
        if not wanted:
            self._report.known += 1
            return
        decided = ours.state != "pending" or ours.edited or ours.deleted or ours.category_id is not None
        if decided:
            now = calculus.of(ours, wanted)
            names = {category.id: category.name for category in self._tx.categories.all()}
            words = calculus.words(now, wanted, names), calculus.words(wanted, now, names)
            key = f"{image.id}:{ours.id}"
            conflict = ImportConflict(key, image.id, image.name, ours.id, *words, can_both="counts" in wanted)
            kept = self._kept(conflict)
            if kept == "both":
                self._add(image, mask, mask.state or self._request.state, ours.id)
            if kept != "theirs":
                return
        self._change(ours, wanted)

    def _wanted(self, ours: Instance, mask: ReadMask) -> dict[str, Any]:
        """What the file says of a mask that is otherwise here; nothing where it is a mere proposal."""
        state = mask.state or self._request.state
        if state == "pending":
            return {}
        wanted: dict[str, Any] = {"state": state, "deleted": False}
        if mask.category is not None:
            wanted["category_id"] = self._categories[mask.category]
        if mask.counts != ours.counts:
            wanted["counts"] = mask.counts
        now = calculus.of(ours, wanted)
        return {name: value for name, value in wanted.items() if now[name] != value}

    def _change(self, ours: Instance, wanted: Mapping[str, Any]) -> None:
        image = self.here.images[ours.image_id]
        after = dict(wanted)
        action = "state" if "state" in after else "category"
        if "counts" in after:
            after |= {**pixels.read(after["counts"], (image.height, image.width)).columns(), "edited": True}
        if {"counts", "deleted"} & after.keys():
            action = "edit"
        revision = ours.revision + 1
        before = {name: getattr(ours, name) for name in after}
        self._tx.instances.change(ours.id, {**after, "revision": revision})
        self._log(action, ours, before, after, revision)
        self._report.changed += 1
        self._changed.add(ours.image_id)

    def _kept(self, conflict: ImportConflict) -> Resolution:
        """List a conflict; what becomes of it."""
        kept = self._request.chosen.get(conflict.key, self._request.resolution)
        if kept == "both" and not conflict.can_both:
            kept = "ours" if conflict.instance_id is not None else "theirs"
        self._report.conflicts.append(replace(conflict, kept=kept))
        return kept or "ours"

    def _log(
        self, action: str, mask: Instance, before: Mapping[str, Any], after: Mapping[str, Any], revision: int
    ) -> None:
        if not self._step:
            self._tx.steps.add(self._request.who, self._group)
            self._step = True
        row = NewDecision(
            key=f"import-{uuid4().hex}",
            who=self._request.who,
            group_id=self._group,
            undoes=None,
            action=action,
            image_id=mask.image_id,
            instance_id=mask.id,
            before=before,
            after=after,
            revision=revision,
        )
        self._tx.decisions.add_many([row])
