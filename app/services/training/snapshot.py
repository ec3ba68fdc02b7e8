"""What a training learns from and starts at: fixed when it begins, so that it goes on with the same after any end."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from app.errors import TrainError
from app.files import replacing
from app.services import models
from app.services.training import decided
from app.services.training.methods import MOST_IMAGES, Method, Settings, required
from app.services.workspace import Workspace
from freesolo.assets import shipped_weights

DATA = "decisions.json"
"""In a job's folder: the decisions as a COCO file."""
SHOWN = 4
"""Images that are predicted again and again; the same in every training, as long as no others are imported."""
_FILE = "snapshot.json"


@dataclass(frozen=True)
class Snapshot:
    """Of one training."""

    method: Method
    log_position: int
    current: str
    """Name of the proposer in use."""
    start: str
    """Path of the weights to go on from."""
    counts: decided.Counts
    images: list[int] = field(default_factory=list)
    """Ids of the images that a training without labels looks at."""
    shown: list[int] = field(default_factory=list)
    """Ids of the images that are predicted again and again meanwhile."""


def taken(ws: Workspace, folder: Path, settings: Settings) -> Snapshot:
    """The folder's snapshot; made, with the training set of this moment, where there is none yet.

    Raises:
        TrainError: there is too little to learn from, or the disk cannot take it.
    """
    file = folder / _FILE
    if file.exists():
        values = json.loads(file.read_text("utf-8"))
        return Snapshot(**{**values, "counts": decided.Counts(**values["counts"])})
    method = required(ws, settings.method)
    with ws.store.read() as tx:
        position = tx.decisions.last_id()
    current = models.in_use(ws)
    try:
        counts, images = _data(ws, folder, method)
        snapshot = Snapshot(method, position, current, str(_start(ws, current)), counts, images, fixed(ws))
        with replacing(file) as stream:
            stream.write(json.dumps(asdict(snapshot)).encode())
    except OSError as error:
        raise TrainError(f"the training set cannot be written to {folder}: {error.strerror}") from error
    return snapshot


def _data(ws: Workspace, folder: Path, method: Method) -> tuple[decided.Counts, list[int]]:
    if method == "finetune":
        return decided.write(ws, folder / DATA), []
    images = spread(ws, MOST_IMAGES)
    return decided.Counts(images=len(images), held=len(decided.reviewed(ws).held)), images


def spread(ws: Workspace, most: int) -> list[int]:
    """Ids of readable images that are not held out, at most so many, evenly spread over their names."""
    parts = decided.parts(ws)
    readable = [image.id for image in (*parts.learnt, *parts.undecided) if not image.error]
    step = max(1, -(-len(readable) // most))
    return readable[::step]


def fixed(ws: Workspace) -> list[int]:
    """Ids of `SHOWN` readable images, evenly spread over all by name."""
    with ws.store.read() as tx:
        readable = [image.id for batch in tx.images.walk() for image in batch if not image.error]
    number = min(SHOWN, len(readable))
    return [readable[place * len(readable) // number] for place in range(number)]


def listing(ws: Workspace, image_ids: Sequence[int]) -> list[tuple[str, Path]]:
    """(key, path) of images, as processes of the trainers take them; the key is the id."""
    with ws.store.read() as tx:
        folders = {each.id: Path(each.path) for each in tx.folders.all()}
        images = tx.images.of_ids(image_ids)
    return [(str(image.id), folders[image.folder_id] / image.relative_path) for image in images]


def _start(ws: Workspace, current: str) -> Path:
    """Weights to go on from: steps are what is short, so each round continues."""
    model_id = models.id_of(current)
    return shipped_weights() if model_id is None else models.weights_of(ws, model_id)
