"""Masks go to Label Studio as predictions: what is there already is not sent again, what changed takes the place of what was.

What is to be done is `app.labelstudio.planning`'s to say. Whatever breaks in between, the next push completes.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from app.errors import LabelStudioError
from app.labelstudio import content, interface, placing, projects, regions
from app.labelstudio.client import Client, Row
from app.labelstudio.content import Content
from app.labelstudio.placing import Way
from app.labelstudio.planning import Plan, Sides, There, is_ours
from app.labelstudio.projects import Project
from app.labelstudio.regions import Shape
from app.services.ingest import Fault
from app.services.workspace import Workspace
from app.store.records import Image, InstanceState, LabelStudioLink

_CHUNK_BYTES = 5_000_000
"""About a second of the server's time, in which the next chunk is made; it takes 250 MB, and proxies often 20."""
_TASKS_A_CHUNK = 500

Progress = Callable[[int, int], None]
"""Called with (images done, images to do)."""


@dataclass(frozen=True)
class PushRequest:
    """What is to go there, and how."""

    states: tuple[InstanceState, ...] = content.Manner.states
    shape: Shape = content.Manner.shape
    way: Way = "auto"
    address: str = ""
    """Of pictures on a web server: what precedes their names."""
    project: int | None = None
    """Id of the project; None: the workspace's own."""
    dry_run: bool = False
    """Change nothing, neither there nor here."""


@dataclass
class PushReport:
    """What a push did, or would do."""

    project: Project | None = None
    """None: it would be made."""
    images: str = ""
    """How Label Studio gets at the pictures; empty where no picture is new."""
    tasks: int = 0
    """Images that were added."""
    sent: int = 0
    """Images whose masks were sent."""
    masks: int = 0
    """These masks."""
    cleared: int = 0
    """Images whose masks were removed there, since there are none here any more."""
    unchanged: int = 0
    """Images that are there just so."""
    labels: list[str] = field(default_factory=list)
    """Categories that the labelling interface lacked and got."""
    faults: list[Fault] = field(default_factory=list)
    """Images that cannot be shown there."""
    seconds: float = 0.0
    stopped: bool = False
    """It was told to stop; another push goes on from there."""


def push(
    ws: Workspace,
    client: Client,
    request: PushRequest,
    progress: Progress = lambda done, total: None,
    stopped: Callable[[], bool] = lambda: False,
) -> PushReport:
    """Bring the project up to what is here.

    Raises:
        ProjectGoneError: the project asked for is not there.
        LabelStudioError: anything else that went wrong; what arrived before stays, another push goes on from there.
    """
    start = time.monotonic()
    report = PushReport()
    work = _Push(ws, client, request, report, progress, stopped)
    work.run()
    report.seconds = time.monotonic() - start
    return report


class _Push:
    """One push."""

    def __init__(
        self,
        ws: Workspace,
        client: Client,
        request: PushRequest,
        report: PushReport,
        progress: Progress,
        stopped: Callable[[], bool],
    ) -> None:
        self._ws, self._client, self._request, self._report = ws, client, request, report
        self._progress, self._stopped = progress, stopped
        self._images = content.images(ws)
        self._project = Project(0, "", "", "", "")
        self._links: dict[int, LabelStudioLink] = {}
        self._there: dict[int, There] = {}
        self._digests: dict[int, str] = {}
        self._counts: dict[int, int] = {}
        """Masks here by image."""

    def run(self) -> None:
        if not self._images:
            raise LabelStudioError("the workspace has no images: import a folder first")
        self._find_project()
        self._look()
        sides = Sides(self._images, self._digests, self._counts, self._there, self._links)
        plan = sides.plan(self._project.model_version)
        self._report.tasks, self._report.sent = len(plan.new), len(plan.send)
        self._report.masks = sum(self._counts[image.id] for image in plan.send)
        self._report.cleared, self._report.unchanged = len(plan.clear), plan.unchanged
        if self._request.dry_run:
            return
        with self._ws.store.write() as tx:
            content.remember(tx, content.Manner(self._request.states, self._request.shape))
        self._report.tasks = self._report.sent = self._report.masks = self._report.cleared = 0
        self._add_tasks(plan)
        if self._report.stopped:
            return
        self._clear(plan)
        if self._send(plan):
            self._finish(plan)

    # What is there

    def _find_project(self) -> None:
        with self._ws.store.read() as tx:
            labels = projects.labels(tx)
        row = projects.find(self._ws, self._client, self._request.project)
        new = row is None
        if row is None:
            if self._request.dry_run:
                return
            row = projects.make(self._ws, self._client, labels)
        config, self._report.labels = interface.completed(str(row["label_config"]), labels)
        if self._report.labels and not self._request.dry_run:
            self._client.patch(f"api/projects/{row['id']}", {"label_config": config})
        self._project = self._report.project = projects.as_project(self._client, row, new=new)

    def _look(self) -> None:
        """Which tasks are there, and which masks are here."""
        by_key: dict[str, There] = {}
        if self._project.id and not self._project.new:
            include = "id,data,predictions_model_versions"
            for row in self._client.tasks(self._project.id, fields="all", include=include):
                key = str(row["data"].get("key"))
                by_key.setdefault(key, There(row["id"], frozenset(_versions(row))))
        keys = {image.id: content.key_of(image) for image in self._images}
        self._there = {image_id: by_key[key] for image_id, key in keys.items() if key in by_key}
        with self._ws.store.read() as tx:
            links = tx.label_studio_links.of_project(self._project.key)
        self._links = {
            image_id: link
            for image_id, link in links.items()
            if image_id in self._there and self._there[image_id].id == link.task_id
        }
        for each in content.walk(self._ws, self._images, self._request.states, self._request.shape):
            self._digests[each.image.id] = each.digest
            self._counts[each.image.id] = len(each.masks)

    # Doing it

    def _add_tasks(self, plan: Plan) -> None:
        if not plan.new:
            return
        chosen = placing.choose(self._ws, self._client, self._project, self._request.way, self._request.address)
        self._report.images = chosen.words
        for start in range(0, len(plan.new), _TASKS_A_CHUNK):
            if self._stopped():
                self._report.stopped = True
                return
            chunk = plan.new[start : start + _TASKS_A_CHUNK]
            found, faults = placing.addresses(self._ws, self._client, self._project, chosen, chunk)
            self._report.faults.extend(faults)
            images = [image for image in chunk if image.id in found]
            rows = [
                {"data": {regions.IMAGE: found[image.id], "name": image.name, "key": content.key_of(image)}}
                for image in images
            ]
            if not rows:
                continue
            answer = self._client.post(f"api/projects/{self._project.id}/import", rows, return_task_ids="true")
            ids = answer.get("task_ids", [])
            if len(ids) != len(images):
                raise LabelStudioError(f"Label Studio took {len(ids)} of {len(images)} images: push again")
            self._there.update({image.id: There(id_, frozenset()) for image, id_ in zip(images, ids, strict=True)})
            self._report.tasks += len(images)

    def _clear(self, plan: Plan) -> None:
        for image in plan.clear:
            self._remove(image.id)
            self._keep([self._link(image.id, "", self._digests[image.id], {})])
            self._report.cleared += 1

    def _remove(self, image_id: int) -> None:
        """Remove our predictions of one image."""
        for row in self._client.get("api/predictions", task=self._there[image_id].id):
            if is_ours(str(row["model_version"])):
                self._client.delete(f"api/predictions/{row['id']}")

    def _send(self, plan: Plan) -> bool:
        """Send masks, one chunk on its way while the next is made; whether all were sent."""
        if plan.wipe:
            self._drop(plan.version)
        images = [image for image in plan.send if image.id in self._there]
        done, waiting = 0, None
        with ThreadPoolExecutor(1) as sender:
            for chunk in self._chunks(images):
                done = self._arrived(waiting, done, len(images))
                waiting = None
                if self._stopped():
                    self._report.stopped = True
                    return False
                waiting = sender.submit(self._send_chunk, plan, chunk)
            self._arrived(waiting, done, len(images))
        return True

    def _chunks(self, images: Sequence[Image]) -> Iterator[list[tuple[Content, bytes]]]:
        chunk: list[tuple[Content, bytes]] = []
        size = 0
        for each in content.walk(self._ws, images, self._request.states, self._request.shape):
            row = self._prediction(each)
            if chunk and size + len(row) > _CHUNK_BYTES:
                yield chunk
                chunk, size = [], 0
            chunk.append((each, row))
            size += len(row)
        if chunk:
            yield chunk

    def _prediction(self, each: Content) -> bytes:
        """A prediction as JSON, but for its name."""
        size = (each.image.height, each.image.width)
        result = [region for mask in each.masks for region in regions.write(mask, size, self._request.shape)]
        task = self._there[each.image.id].id
        return json.dumps({"task": task, "score": each.score, "result": result}, separators=(",", ":")).encode()

    def _send_chunk(self, plan: Plan, chunk: Sequence[tuple[Content, bytes]]) -> int:
        for each, _ in chunk:
            if not plan.wipe and plan.version in self._there[each.image.id].versions:
                self._remove(each.image.id)
        name = b',"model_version":' + json.dumps(plan.version).encode() + b"}"
        body = b"[" + b",".join(row[:-1] + name for _, row in chunk) + b"]"
        answer = self._client.post_raw(f"api/projects/{self._project.id}/import/predictions", body)
        if answer.get("created") != len(chunk):
            raise LabelStudioError(
                f"Label Studio kept {answer.get('created')} of {len(chunk)} predictions{self._why(chunk)}: push again"
            )
        self._keep([self._link(each.image.id, plan.version, each.digest, each.revisions) for each, _ in chunk])
        self._report.masks += sum(len(each.masks) for each, _ in chunk)
        return len(chunk)

    def _why(self, chunk: Sequence[tuple[Content, bytes]]) -> str:
        """Label Studio drops in silence what does not fit its interface, which somebody may have changed a moment ago."""
        config = str(self._client.get(f"api/projects/{self._project.id}")["label_config"])
        fault = interface.fault(config, (json.loads(row) for _, row in chunk))
        return " and does not say why" if fault is None else f" ({fault})"

    def _arrived(self, waiting: "Future[int] | None", done: int, total: int) -> int:
        if waiting is None:
            return done
        done += waiting.result()
        self._report.sent = done
        self._progress(done, total)
        return done

    def _finish(self, plan: Plan) -> None:
        """Show these predictions in the labelling stream, and no others of ours."""
        path = f"api/projects/{self._project.id}"
        versions = self._client.get(f"{path}/model-versions")
        if plan.version in versions and self._project.model_version != plan.version:
            self._client.patch(path, {"model_version": plan.version})
        for other in versions:
            if is_ours(other) and other != plan.version and plan.version in versions:
                self._drop(other)

    def _drop(self, version: str) -> None:
        self._client.delete(f"api/projects/{self._project.id}/model-versions", {"model_version": version})

    # What is kept here

    def _link(self, image_id: int, version: str, digest: str, revisions: Mapping[int, int]) -> LabelStudioLink:
        known = self._links.get(image_id)
        link = LabelStudioLink(self._project.key, image_id, self._there[image_id].id, version, digest, {}, "")
        # What was pulled before stays known: an annotation that is there is not pulled anew because of a push.
        return replace(link, masks=dict(revisions), pulled="" if known is None else known.pulled)

    def _keep(self, links: Sequence[LabelStudioLink]) -> None:
        with self._ws.store.write() as tx:
            tx.label_studio_links.put(links)


def _versions(row: Row) -> list[str]:
    found = row.get("predictions_model_versions") or []
    return found.split(",") if isinstance(found, str) else [str(each) for each in found]
