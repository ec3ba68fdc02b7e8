"""Every kind of picture and mask goes to a real Label Studio and comes back pixel by pixel."""

import numpy as np
import pytest
from PIL import Image

from app.labelstudio.pull import PullRequest, pull
from app.services import ingest
from tests.app.helpers import new_instances
from tests.golden import golden_masks
from tests.integration.helpers import disc, here, make_case, predicted_by, pushed, submit, tasks

SIZES = [(480, 640), (479, 641), (500, 300), (17, 13), (3000, 4000)]


def awkward(height, width):
    """A ring, two parts, one pixel, a line, all borders, a thin diagonal, a part on the edge."""
    radius = min(height, width) / 3
    ring = disc(height, width, height / 2, width / 2, radius) & ~disc(height, width, height / 2, width / 2, radius / 2)
    masks = np.zeros((6, height, width), bool)
    masks[0, :3, :3] = masks[0, -4:, -2:] = True
    masks[1, height // 2, width // 3] = True
    masks[2, height // 3, 1:-1] = True
    masks[3] = ~disc(height, width, height / 2, width / 2, radius)
    masks[4][np.arange(min(height, width)), np.arange(min(height, width))] = True
    masks[5, height // 4 : height // 2, width - 2 :] = True
    return [ring, *masks]


def there_and_back(case, client, shape):
    report = pushed(case, client, shape=shape)
    assert not report.faults
    before = {name: here(case, name) for name in case.masks}
    found = tasks(client, report.project.id)
    for name, task in found.items():
        assert predicted_by(task) == before[name]
        submit(client, task, [{**region, "origin": "prediction"} for region in task["predictions"][0]["result"]])
    back = pull(case.ws, client, PullRequest())
    assert back.did["accepted"] == sum(map(len, before.values()))
    assert not back.faults
    assert {name: here(case, name) for name in before} == before
    assert not any(mask.edited for name in before for mask in case.of_image(name))


@pytest.mark.parametrize("shape", ["brush", "polygon"])
def test_pictures_of_all_sizes(folder, client, shape):
    sizes = SIZES if shape == "brush" else SIZES[:-1]
    case = make_case(
        folder, {f"{width}x{height}.jpg": ((height, width), awkward(height, width)) for height, width in sizes}
    )
    there_and_back(case, client, shape)
    case.ws.close()


@pytest.mark.parametrize("shape", ["brush", "polygon"])
def test_golden_masks(folder, client, shape):
    masks = {name: mask for name, mask in golden_masks().items() if name != "wide"}
    case = make_case(folder, {f"{name}.png": (mask.shape, [mask]) for name, mask in masks.items()})
    there_and_back(case, client, shape)
    case.ws.close()


def test_a_picture_that_is_wider_than_browsers_show_is_told(folder, client):
    mask = golden_masks()["wide"]
    case = make_case(folder, {"wide.png": (mask.shape, [mask]), "other.png": ((9, 7), [np.ones((9, 7), bool)])})
    report = pushed(case, client)
    assert [(fault.path, fault.reason) for fault in report.faults] == [
        (
            "wide.png",
            "passed over: Label Studio would show 20000 x 3 pixels at once, which browsers do up to 50 million and "
            "16,000 a side; review this image here",
        )
    ]
    assert report.sent == 1
    case.ws.close()


def test_all_exif_orientations(folder, client):
    """Masks are of the upright picture, and so is what Label Studio shows."""
    case = make_case(folder, {"plain.png": ((9, 7), [np.ones((9, 7), bool)])})
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        pixels = np.random.default_rng(orientation).integers(0, 256, (30, 40, 3), np.uint8)
        Image.fromarray(pixels).save(folder / "photos" / f"{orientation}.jpg", exif=exif)
    ingest.import_folder(case.ws, folder / "photos")
    for orientation in range(1, 9):
        image = case.image(f"{orientation}.jpg")
        assert (image.width, image.height) == ((40, 30) if orientation < 5 else (30, 40))
        with case.ws.store.write() as tx:
            tx.instances.add_many(image.id, "test@1", new_instances(awkward(image.height, image.width)))
            tx.images.change(image.id, proposer="test@1", proposer_name="test")
            tx.images.refresh([image.id])
        case.masks[image.name] = []
    there_and_back(case, client, "brush")
    case.ws.close()
