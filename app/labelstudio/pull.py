"""What people made of the masks in Label Studio comes back as decisions, and over nobody's decision here.

A mask that was submitted as it was is accepted; one with other pixels is edited; one that is missing is rejected; one that
is new was drawn; a skipped image's masks are unsure; a submitted image is finished. Where somebody here decided otherwise
since the push there is a conflict: ours stays until a resolution is given.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from app.errors import LabelStudioError, ProjectGoneError, ReviewError
from app.labelstudio import content, merging, projects, regions
from app.labelstudio.client import Client, Row
from app.labelstudio.merging import Conflict, Local
from app.labelstudio.planning import is_ours
from app.labelstudio.projects import Project
from app.labelstudio.push import Progress
from app.labelstudio.regions import ReadResult
from app.services import categories
from app.services.batch import Batch
from app.services.categories import UNNAMED
from app.services.log_values import Resolution
from app.services.operations import Operation
from app.services.workspace import Workspace
from app.store.records import Image, LabelStudioLink
from app.store.transaction import Transaction

_AT_ONCE = 50
"""Images whose decisions are written together."""
_OVERLAP = timedelta(seconds=30)
"""What was changed so long before the last pull is looked at again: transactions there end later than they begin."""


@dataclass(frozen=True)
class PullRequest:
    """What is to come back, and how."""

    who: str = "label-studio"
    """Under whose name the decisions stand; who can undo them as one step."""
    project: int | None = None
    """Id of the project; None: the workspace's own."""
    resolution: Resolution | None = None
    """Of all conflicts; None: ours stays, and they are told again by the next pull."""
    chosen: Mapping[str, Resolution] = field(default_factory=dict)
    """Of single conflicts, by their key."""
    everything: bool = False
    """Look at all tasks, not only at what changed since the last pull."""
    dry_run: bool = False
    """Do all the work, and take it back."""


@dataclass
class PullReport:
    """What a pull did, or would do."""

    images: int = 0
    """Annotated images that are new or changed since the last pull."""
    known: int = 0
    """Masks that were decided just so here."""
    did: "Counter[str]" = field(default_factory=Counter)
    """Masks by what became of them: accepted, rejected, edited, named, drawn, unsure; and images: finished."""
    conflicts: list[Conflict] = field(default_factory=list)
    faults: list[tuple[str, str]] = field(default_factory=list)
    """Image, and what of it could not be read."""
    several: int = 0
    """Images with several annotations, of which the latest counts."""
    seconds: float = 0.0


class _Undo(Exception):  # noqa: N818  (no error: it ends a dry run)
    """Take the transaction back."""


def pull(
    ws: Workspace, client: Client, request: PullRequest, progress: Progress = lambda done, total: None
) -> PullReport:
    """Bring back what was submitted or skipped since the last pull. Undone as one step of ``request.who``.

    Raises:
        ProjectGoneError: the project is not there.
        LabelStudioError: anything else that went wrong; what came back before stays, another pull goes on.
    """
    start = time.monotonic()
    row = projects.find(ws, client, request.project)
    if row is None:
        raise ProjectGoneError(f"Label Studio at {client.url} has no project of this workspace: push first")
    report = PullReport()
    _Pull(ws, client, projects.as_project(client, row), request, report, progress).run()
    report.seconds = time.monotonic() - start
    return report


@dataclass(frozen=True)
class _Answer:
    """What people said of an image."""

    image: Image
    task: Row
    annotation: Row
    read: ReadResult

    @property
    def stamp(self) -> str:
        """As `LabelStudioLink.pulled`."""
        return f"{self.annotation['id']} {self.annotation['updated_at']}"


class _Pull:
    """One pull."""

    def __init__(
        self,
        ws: Workspace,
        client: Client,
        project: Project,
        request: PullRequest,
        report: PullReport,
        progress: Progress,
    ) -> None:
        self._ws, self._client, self._project, self._request = ws, client, project, request
        self._report, self._progress = report, progress
        self._group = f"pull-{uuid4().hex}"
        self._seen: list[str] = []
        """When each task that was looked at was changed last."""
        self._open: list[str] = []
        """The same of those that are to be looked at again."""

    def run(self) -> None:
        """Page by page, so that little is held and little is lost when the connection breaks."""
        with self._ws.store.read() as tx:
            since = tx.meta.get(self._meta)
            links = tx.label_studio_links.of_project(self._project.key)
            images = {image.id: image for batch in tx.images.walk() for image in batch}
        batch: list[_Answer] = []
        for answer in self._answers(None if self._request.everything else since, images, links):
            batch.append(answer)
            if len(batch) == _AT_ONCE:
                self._take(batch)
                batch = []
        self._take(batch)
        self._remember(since)

    # What is there

    def _answers(
        self, since: str | None, images: Mapping[int, Image], links: Mapping[int, LabelStudioLink]
    ) -> Iterator[_Answer]:
        for task in self._client.tasks(self._project.id, _changed_since(since), fields="all"):
            self._seen.append(task["updated_at"])
            annotations = [row for row in task["annotations"] if isinstance(row, dict)]
            if not annotations:
                continue
            image_id, content_hash = content.image_of(str(task["data"].get("key")))
            image = images.get(image_id)
            name = str(task["data"].get("name") or f"task {task['id']}")
            if image is None or not image.content_hash.startswith(content_hash):
                self._report.faults.append((name, "this picture is not in the workspace, or was replaced since"))
                continue
            annotation = max(annotations, key=lambda row: (row["updated_at"], row["id"]))
            read = regions.read(annotation["result"], (image.height, image.width))
            answer = _Answer(image, task, annotation, read)
            if image_id in links and links[image_id].pulled == answer.stamp:
                continue
            self._report.several += len(annotations) > 1
            self._report.faults.extend((image.name, fault) for fault in read.faults)
            yield answer

    # What becomes of it

    def _take(self, batch: Sequence[_Answer]) -> None:
        """The decisions of some images, together or not at all."""
        if not batch:
            return
        try:
            with self._ws.store.write() as tx:
                self._decide(tx, batch)
                if self._request.dry_run:
                    raise _Undo
        except _Undo:
            pass
        self._report.images += len(batch)
        self._progress(self._report.images, self._report.images)

    def _decide(self, tx: Transaction, batch: Sequence[_Answer]) -> None:
        links = tx.label_studio_links.of_project(self._project.key)
        known = _categories(tx, batch, self._report)
        planned: list[tuple[_Answer, set[int]]] = []
        operations: list[Operation] = []
        for answer in batch:
            here = self._local(tx, answer, links.get(answer.image.id), known)
            found, conflicts, disputed = self._of_image(here, answer)
            operations += found
            self._report.conflicts += conflicts
            planned.append((answer, disputed))
        work = Batch(tx, self._request.who, operations)
        for operation in operations:
            work.apply(operation)
        work.save()
        if work.conflicts:
            raise LabelStudioError(f"a decision could not be written: {work.conflicts[0].message}")
        self._report.did.update(_deeds(operations))
        tx.images.refresh(sorted({answer.image.id for answer in batch}))
        self._link(tx, planned, links)

    def _local(self, tx: Transaction, answer: _Answer, link: LabelStudioLink | None, known: "_Known") -> Local:
        masks = {mask.id: mask for mask in tx.instances.all_of_image(answer.image.id)}
        keys = {
            merging.operation_key(self._project.key, answer.image.id, region.key): region.key
            for region in answer.read.regions
            if region.id not in masks
        }
        drawn = {keys[key]: mask_id for key, mask_id in tx.decisions.created(list(keys)).items()}
        pushed = link.masks if link is not None and link.masks else _of_predictions(answer.task, masks)
        image = tx.images.get(answer.image.id)
        assert image is not None  # images are never deleted
        log = tx.decisions.of_images([image.id])
        return Local(image, masks, log, pushed, drawn, known.categories, known.names)

    def _of_image(self, here: Local, answer: _Answer) -> tuple[list[Operation], list[Conflict], set[int]]:
        """What is to be done; conflicts; and the masks that nobody chose about yet."""
        if answer.annotation.get("was_cancelled"):
            return self._grouped(merging.skipped(here)), [], set()
        wishes, new, known = merging.wishes(here, answer.read)
        self._report.known += known
        found: list[Operation] = []
        conflicts: list[Conflict] = []
        disputed: set[int] = set()
        for wish in wishes:
            name = f"{here.image.id}:{wish.mask.id}"
            how: Resolution | None = "theirs"
            if wish.contradicts:
                how = self._request.chosen.get(name, self._request.resolution)
                url = f"{self._project.url}?task={answer.task['id']}"
                conflicts.append(merging.conflict(here, wish, name, url, how))
            if how is None:
                disputed.add(wish.mask.id)
            key = self._key(here, f"mask-{wish.mask.id} of {answer.stamp}")
            found += merging.operations(here, wish, key, how or "ours")
        for region in new:
            found.append(merging.create(here, self._key(here, region.key), region.counts, region.label))
        if not here.image.closed and not answer.read.unreadable and all(each.kept for each in conflicts):
            found.append(Operation(f"{self._group}:{here.image.id}", here.image.id, merging.GROUP, "finish"))
        return self._grouped(found), conflicts, disputed

    def _key(self, here: Local, region: str) -> str:
        return merging.operation_key(self._project.key, here.image.id, region)

    def _grouped(self, operations: Sequence[Operation]) -> list[Operation]:
        """Under the group of this pull; changes of masks get keys of their own, as they may come again."""
        return [
            replace(
                each, group=self._group, key=each.key if each.action == "create" else f"{self._group}:{each.key}"[:200]
            )
            for each in operations
        ]

    # What both sides have now

    def _link(
        self,
        tx: Transaction,
        planned: Sequence[tuple[_Answer, set[int]]],
        links: Mapping[int, LabelStudioLink],
    ) -> None:
        manner = content.remembered(tx)
        now = content.read(tx, [answer.image for answer, _ in planned], manner.states, manner.shape)
        rows = []
        for (answer, disputed), there in zip(planned, now, strict=True):
            old = links.get(answer.image.id)
            if old is None:
                old = LabelStudioLink(self._project.key, answer.image.id, answer.task["id"], "", "", {}, "")
            # Rejected masks stay known, so that they are not taken for new ones when they come back there.
            masks = tx.instances.get(sorted((old.masks.keys() | there.revisions.keys()) - disputed))
            revisions = {mask_id: mask.revision for mask_id, mask in masks.items()}
            revisions |= {mask_id: old.masks.get(mask_id, 0) for mask_id in disputed}
            if disputed:
                self._open.append(answer.task["updated_at"])
                rows.append(replace(old, masks=revisions))
            else:
                rows.append(replace(old, masks=revisions, digest=there.digest, pulled=answer.stamp))
        tx.label_studio_links.put(rows)

    @property
    def _meta(self) -> str:
        return f"label_studio_pulled:{self._project.key}"[:64]

    def _remember(self, since: str | None) -> None:
        """From when on the next pull looks."""
        if self._request.dry_run or not self._seen:
            return
        until = min(self._open) if self._open else max(self._seen)
        moment = datetime.fromisoformat(until.replace("Z", "+00:00")) - _OVERLAP
        text = moment.isoformat().replace("+00:00", "Z")
        with self._ws.store.write() as tx:
            tx.meta.set(self._meta, text if self._open or since is None else max(since, text))


@dataclass(frozen=True)
class _Known:
    """Labels and categories."""

    categories: Mapping[str, int | None]
    names: Mapping[int, str]


def _categories(tx: Transaction, batch: Sequence[_Answer], report: PullReport) -> _Known:
    """The categories of all labels that were used, made where they are missing."""
    found: dict[str, int | None] = {}
    for answer in batch:
        for region in answer.read.regions:
            if region.label is None or region.label in found:
                continue
            try:
                number = categories.ensure(tx, region.label).id
                found[region.label] = None if number == UNNAMED else number
            except ReviewError as error:
                report.faults.append((answer.image.name, f"the label {region.label!r} is left out: {error}"))
                found[region.label] = None
    return _Known(found, {category.id: category.name for category in tx.categories.all()})


def _of_predictions(task: Row, masks: Mapping[int, Any]) -> dict[int, int]:
    """The masks that were pushed, where this workspace does not know it any more; as before anybody decided."""
    ours = [each for each in task["predictions"] if is_ours(str(each.get("model_version", "")))]
    ids = {regions.own_id(str(region.get("id", ""))) for each in ours for region in each["result"]}
    return {mask_id: 0 for mask_id in ids if mask_id in masks and mask_id is not None}


def _changed_since(since: str | None) -> dict[str, object] | None:
    if since is None:
        return None
    item = {"filter": "filter:tasks:updated_at", "operator": "greater", "type": "Datetime", "value": since}
    return {"filters": {"conjunction": "and", "items": [item]}}


def _deeds(operations: Sequence[Operation]) -> Iterator[str]:
    words: dict[str, Callable[[Operation], str]] = {
        "state": lambda each: str(each.state),
        "edit": lambda each: "edited",
        "category": lambda each: "named",
        "create": lambda each: "drawn",
        "finish": lambda each: "finished",
    }
    return (words[each.action](each) for each in operations)
