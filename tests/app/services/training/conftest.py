"""A workspace in which somebody accepted the right half of each image and rejected the rest."""

import pytest

from app.services import ingest, proposing, review
from app.services.review import Operation
from tests.app.helpers import make_folder

NAMES = tuple(f"{number}.png" for number in range(8))


@pytest.fixture
def decided_on(ws, tmp_path, fake_trainers):
    """Eight images with masks of `fakes`; call it with the number of images to decide on."""
    ingest.import_folder(ws, make_folder(tmp_path / "photos", NAMES))
    proposing.run(ws)

    def decide(number):
        for image_id in range(1, number + 1):
            masks = review.load(ws, image_id).instances
            states = ["rejected", "accepted", *["rejected"] * (len(masks) - 2)]
            operations = [
                Operation(f"{mask.id}-{state}", image_id, f"g{mask.id}", "state", mask.id, 0, state)
                for mask, state in zip(masks, states, strict=True)
            ]
            assert not review.apply(ws, "me", operations).conflicts
        return ws

    return decide
