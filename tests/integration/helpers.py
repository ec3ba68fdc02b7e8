"""Workspaces whose images a Label Studio can read, and what it has of them."""

import json
from dataclasses import dataclass

import numpy as np
from PIL import Image

from app.labelstudio import regions
from app.labelstudio.push import PushRequest, push
from app.services import ingest, review
from app.services.operations import Operation
from app.services.workspace import Workspace
from tests.app.helpers import make_image, new_instances


def disc(height, width, y, x, radius):
    rows, columns = np.mgrid[:height, :width]
    return (rows - y) ** 2 + (columns - x) ** 2 <= radius**2


@dataclass
class Case:
    """A workspace with its images' masks."""

    ws: Workspace
    masks: dict
    """Image name -> ids of its masks."""

    def image(self, name):
        with self.ws.store.read() as tx:
            return next(image for batch in tx.images.walk() for image in batch if image.name == name)

    def mask(self, mask_id):
        with self.ws.store.read() as tx:
            return tx.instances.get([mask_id])[mask_id]

    def of_image(self, name):
        with self.ws.store.read() as tx:
            return tx.instances.of_image(self.image(name).id)

    def do(self, action, mask_id=None, *, image=None, who="me", **values):
        """Decide something here, as in Review."""
        mask = None if mask_id is None else self.mask(mask_id)
        image_id = self.image(image).id if mask is None else mask.image_id
        key = f"{action}-{np.random.default_rng().integers(1 << 60)}"
        about = {} if mask is None else {"instance_id": mask.id, "revision": mask.revision}
        outcome = review.apply(self.ws, who, [Operation(key, image_id, key, action, **about, **values)])
        assert not outcome.conflicts
        return outcome


def make_case(folder, images, scores=None, pictures=None):
    """A workspace of images, {name: ((height, width), [masks])}; ``folder`` is best below a server's ``root``.

    ``pictures``, {name: pixels or a file's bytes}, are what is on them; else it is noise.
    """
    for seed, (name, (size, _)) in enumerate(images.items()):
        path = folder / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        picture = (pictures or {}).get(name)
        if picture is None:
            make_image(path, size=size[::-1], seed=seed)
        elif isinstance(picture, bytes):
            path.write_bytes(picture)
        else:
            Image.fromarray(picture).save(path)
    ws = Workspace.open(folder / "workspace")
    ingest.import_folder(ws, folder / "photos")
    ids = {}
    with ws.store.write() as tx:
        for image in [image for batch in tx.images.walk() for image in batch]:
            masks = images[image.name][1]
            if len(masks):
                tx.instances.add_many(image.id, "test@1", new_instances(np.stack(masks), scores))
            tx.images.change(image.id, proposer="test@1", proposer_name="test")
            tx.images.refresh([image.id])
            ids[image.name] = [mask.id for mask in tx.instances.all_of_image(image.id)]
    return Case(ws, ids)


def three_images():
    """Two images with masks, one without."""
    masks = [disc(48, 64, 20, 20, 10), disc(48, 64, 30, 40, 12) & ~disc(48, 64, 30, 40, 5)]
    return {"a b#1.png": ((48, 64), masks), "ü/50%.png": ((31, 47), [np.ones((31, 47), bool)]), "z.jpg": ((20, 30), [])}


def pushed(case, client, **options):
    return push(case.ws, client, PushRequest(**options))


def tasks(client, project):
    """Image name -> task with its predictions and annotations."""
    return {row["data"]["name"]: row for row in client.tasks(project, fields="all")}


def predicted(client, project, name):
    """{mask id: counts} of the predictions of one image."""
    return predicted_by(tasks(client, project)[name])


def predicted_by(task):
    """{mask id: counts} of a task's predictions."""
    found = {}
    for prediction in task["predictions"]:
        first = prediction["result"][0]
        size = (first["original_height"], first["original_width"])
        for region in regions.read(prediction["result"], size).regions:
            assert region.id not in found, "a mask is there twice"
            found[region.id] = region.counts
    return found


def here(case, name):
    """{mask id: counts} of the masks of one image."""
    return {mask.id: mask.counts for mask in case.of_image(name)}


def submit(client, task, result, *, skip=False, prediction=None):
    """What the page does when somebody presses Submit, or Skip."""
    body = {"result": json.loads(json.dumps(result)), "was_cancelled": skip, "lead_time": 1.0}
    if prediction is not None:
        body["parent_prediction"] = prediction
    return client.post(f"api/tasks/{task['id']}/annotations/", body)
