"""What a training job told of itself: its loss, and some fixed images as it predicted them."""

from dataclasses import dataclass, field
from typing import Any

from app.jobs import events
from app.jobs.work import folder_of
from app.services.workspace import Workspace
from app.store.records import Image

_POINTS = 200
"""Of a loss curve, at most."""


@dataclass
class Followed:
    """The latest training of a job, which may train a backbone, then a network, then that once more."""

    losses: list[list[float]] = field(default_factory=list)
    """(step, loss)."""
    shown: list[dict[str, Any]] = field(default_factory=list)
    """Events with the fixed images; see `trainers.training.showing`."""

    @property
    def curve(self) -> list[list[float]]:
        """The losses, thinned to what can be seen."""
        return self.losses[:: max(1, -(-len(self.losses) // _POINTS))]


@dataclass(frozen=True)
class Predicted:
    """One fixed image."""

    image: Image
    steps: list[tuple[int, list[str]]]
    """(step, compressed COCO RLE of the masks), from the start on."""


def followed(ws: Workspace, job_id: int) -> Followed:
    """What a job has told until now."""
    found = Followed()
    for event in events.read(folder_of(ws, job_id)):
        if event.get("event") == "start" and event.get("step") == 0:
            found = Followed()
        elif event.get("event") == "step":
            found.losses.append([float(event["step"]), round(float(event["losses"]["loss"]), 4)])
        elif event.get("event") == "shown":
            found.shown.append(event)
    return found


def predicted(ws: Workspace, job_id: int) -> list[Predicted]:
    """The fixed images by name; masks that do not fit an image's size any more are left out."""
    told = followed(ws, job_id).shown
    with ws.store.read() as tx:
        images = tx.images.of_ids(sorted({int(row["key"]) for event in told for row in event["images"]}))
    return [
        Predicted(
            image,
            [
                (event["step"], row["masks"])
                for event in told
                for row in event["images"]
                if int(row["key"]) == image.id and (row["width"], row["height"]) == (image.width, image.height)
            ],
        )
        for image in images
    ]
