"""The routes of click to mask."""

import pytest
from PIL import Image

from app.services import ingest
from freesolo.codecs import coco_rle
from tests.app.services.test_clicking import give_trees, trees  # noqa: F401  (a fixture)
from tests.freesolo.freemask.photographs import photograph


@pytest.fixture
def photo(client, reviewed, tmp_path, trees):  # noqa: F811
    """Id of a photograph with merge trees."""
    folder = tmp_path / "more"
    folder.mkdir()
    Image.fromarray(photograph("astronaut")).save(folder / "astronaut.png")
    ingest.import_folder(reviewed[0], folder)
    give_trees(reviewed[0], 4, trees)
    return 4


def click(client, image_id, *points, **more):
    clicks = [{"x": x, "y": y, "adds": adds} for x, y, adds in points]
    return client.post(f"/api/images/{image_id}/click", json={"clicks": clicks, **more})


def test_candidates_come_best_first_with_their_tree(client, photo):
    found = click(client, photo, (115, 60, True)).json()["candidates"]
    assert len(found) > 1
    for place, candidate in enumerate(found):
        mask = coco_rle.decode(candidate["counts"], (256, 256))
        assert mask[60, 115]
        assert mask.sum() == candidate["area"]
        x, y, w, h = candidate["bbox"]
        assert mask[y : y + h, x : x + w].sum() == candidate["area"]
        for key, larger in (("whole", True), ("part", False)):
            other = candidate[key]
            assert other is None or (other != place and (found[other]["area"] > candidate["area"]) is larger)
    assert any(candidate["whole"] is not None for candidate in found)


def test_a_correction_is_sent_with_the_mask_shown(client, photo):
    shown = click(client, photo, (115, 60, True)).json()["candidates"][0]["counts"]
    found = click(client, photo, (115, 60, True), (20, 20, False), base=shown).json()["candidates"]
    assert not coco_rle.decode(found[0]["counts"], (256, 256))[20, 20]


def test_prepare_says_whether_it_is_ready(client, photo):
    assert client.post(f"/api/images/{photo}/click/prepare", json={}).json() == {"ready": True}
    assert client.post("/api/images/1/click/prepare", json={}).json() == {"ready": False}


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"clicks": []}, 400, "at least one that adds"),
        ({"clicks": [], "box": [5, 5, 5, 9]}, 400, "wrong order, or it is empty"),
        ({"clicks": [], "box": [900, 5, 990, 9]}, 400, "outside the image"),
        ({"clicks": [], "box": [1, 2, 3]}, 422, "box"),
        ({"clicks": [{"x": "Infinity", "y": 1, "adds": True}]}, 422, "x"),
        ({"clicks": [{"x": 1, "y": 1, "adds": True}] * 300}, 422, "clicks"),
        ({"clicks": [{"x": 1, "y": 1, "adds": True}], "more": 1}, 422, "more"),
        ({"clicks": [{"x": 1, "y": 1, "adds": False}]}, 400, "at least one that adds"),
        ({"clicks": [{"x": 1, "y": 1, "adds": True}], "base": "?"}, 400, "no mask of more/astronaut.png"),
        ({"clicks": [{"x": 1, "y": 1, "adds": True}], "instance_id": 888}, 404, "mask 888"),
    ],
)
def test_nonsense_is_told(client, photo, body, status, words):
    answer = client.post(f"/api/images/{photo}/click", json=body)
    assert answer.status_code == status
    assert words in answer.json()["error"]


def test_an_unknown_image_is_404(client, photo):
    assert click(client, 99, (1, 1, True)).status_code == 404
    assert client.post("/api/images/99/click/prepare", json={}).status_code == 404
