"""Answer a Label Studio that asks for masks: its protocol for machine learning backends, with this workspace behind it.

Asked for an image, the answer is the masks that the workspace has. Asked while somebody points at an object there (a keypoint
or a box of a smart tool), it is the mask that the pointing means, from the image's own merge trees: what a click does in Review.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from app.errors import LabelStudioError
from app.labelstudio import content, interface, projects, regions
from app.labelstudio.client import Client, Json, Row
from app.labelstudio.planning import MODEL
from app.labelstudio.secret import secret
from app.services.clicking import Clicker
from app.services.workspace import Workspace
from app.store.records import Image

if TYPE_CHECKING:  # compiled loops: a second that only those wait for who point
    from freesolo.freemask.clicks import Box, Click

TITLE = "FreeSOLO Annotator"
PREFIX = "/ml/"
"""Of the addresses that Label Studio asks; the secret comes after it."""


def predict(ws: Workspace, clicker: Clicker, tasks: Sequence[Row], context: Mapping[str, Json] | None) -> list[Row]:
    """One prediction for each task, empty for one that is none of ours.

    Args:
        ws: the workspace.
        clicker: answers clicks.
        tasks: as Label Studio describes them; ours have a ``key``.
        context: what somebody points with, ``{"result": [keypoints and boxes]}``; None: all masks are wanted.

    Raises:
        ClickError: the pointing makes no mask.
    """
    return [_prediction(ws, clicker, _image(ws, task), context) for task in tasks]


def _prediction(ws: Workspace, clicker: Clicker, image: Image | None, context: Mapping[str, Json] | None) -> Row:
    found: list[regions.Region] = []
    score = 0.0
    if image is not None and context is not None:
        found, score = _pointed_at(clicker, image, context.get("result") or [])
    elif image is not None:
        with ws.store.read() as tx:
            manner = content.remembered(tx)
            [each] = content.read(tx, [image], manner.states, manner.shape)
        size = (image.height, image.width)
        found = [region for mask in each.masks for region in regions.write(mask, size, manner.shape)]
        score = each.score
    return {"model_version": MODEL, "score": score, "result": found}


def _image(ws: Workspace, task: Row) -> Image | None:
    data = task.get("data")
    image_id, content_hash = content.image_of(str(data.get("key", "")) if isinstance(data, dict) else "")
    with ws.store.read() as tx:
        found = tx.images.of_ids([image_id])
    return next((image for image in found if image.content_hash.startswith(content_hash)), None)


@dataclass(frozen=True)
class _Pointing:
    """What somebody points with, in pixels of the upright image."""

    clicks: "list[Click]"
    box: "Box | None"
    label: str


def _pointed_at(clicker: Clicker, image: Image, result: Sequence[Row]) -> tuple[list[regions.Region], float]:
    pointing = _read(result, image)
    if pointing.box is None and not any(click.adds for click in pointing.clicks):
        return [], 0.0  # nothing is to be there, only not to be there
    masks = clicker.click(image.id, pointing.clicks, box=pointing.box).masks
    if not len(masks):
        return [], 0.0
    score = float(masks.scores[0])
    size = (image.height, image.width)
    return [regions.drawn(masks.counts[0].decode("ascii"), size, pointing.label, score)], score


def _read(result: Sequence[Row], image: Image) -> _Pointing:
    from freesolo.freemask.clicks import Box, Click

    clicks: list[Click] = []
    box: Box | None = None
    label = ""
    for each in result:
        kind, value = each.get("type"), each["value"]
        if kind not in ("keypointlabels", "rectanglelabels"):
            continue
        x, y = value["x"] * image.width / 100, value["y"] * image.height / 100
        label = str(next(iter(value.get(kind) or [label])))
        if kind == "keypointlabels":
            clicks.append(Click(x, y, bool(each.get("is_positive", True))))
            continue
        right, bottom = x + value["width"] * image.width / 100, y + value["height"] * image.height / 100
        box = Box(x, y, right, bottom)
    clicks.sort(key=lambda click: not click.adds)  # the first click has to add
    return _Pointing(clicks, box, label)


def connect(ws: Workspace, client: Client, app: str, project: int | None) -> projects.Project:
    """Let the workspace's project in Label Studio ask this app; a second time changes nothing.

    The project's interface gets a keypoint and a box tool that ask for masks.

    Args:
        ws: the workspace.
        client: the connection.
        app: address of the running app, as Label Studio reaches it.
        project: id of the project; None: the workspace's own.

    Raises:
        LabelStudioError: there is no such project, the address is none, or Label Studio does not reach the app.
    """
    if urlsplit(app).scheme not in ("http", "https") or not urlsplit(app).hostname:
        raise LabelStudioError("the address of the app begins with http:// or https://, as http://localhost:7860")
    row = projects.find(ws, client, project)
    if row is None:
        raise LabelStudioError("there is no project in Label Studio yet: push first")
    with ws.store.read() as tx:
        config = interface.with_pointing(str(row["label_config"]), projects.labels(tx))
    if config != row["label_config"]:
        client.patch(f"api/projects/{row['id']}", {"label_config": config})
    url = f"{app.rstrip('/')}{PREFIX}{secret(ws)}"
    if not any(each["url"] == url for each in client.get("api/ml/", project=row["id"])):
        client.post("api/ml/", {"project": row["id"], "url": url, "title": TITLE, "is_interactive": True})
    return projects.as_project(client, row)
