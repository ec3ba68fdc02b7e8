import json

import numpy as np
import pytest

from app.errors import IngestError
from app.services import proposing, review
from app.services.clicking import Clicker
from app.services.simulation.loop import Plan, Truth, simulate
from app.services.simulation.reviewer import Habits, Reviewer
from app.services.training.methods import Settings
from freesolo.codecs import coco_rle
from freesolo.freemask.clicks import Answer
from freesolo.instances import Instances
from tests.app.helpers import make_folder

NAMES = tuple(f"{number:02}.png" for number in range(14))


def right_half(image_id):
    mask = np.zeros((6, 8), bool)
    mask[:, 4:] = True
    code = {"size": [6, 8], "counts": coco_rle.encode(mask).decode()}
    return {"id": image_id, "image_id": image_id, "category_id": 1, "iscrowd": 0, "segmentation": code}


@pytest.fixture
def folder(tmp_path):
    return make_folder(tmp_path / "photos", NAMES)


@pytest.fixture
def truth(tmp_path):
    """The right half of each image is its object, which `fakes` ranks second of three."""
    images = [{"id": place, "file_name": name, "width": 8, "height": 6} for place, name in enumerate(NAMES, 1)]
    file = tmp_path / "truth.json"
    crowd = {**right_half(1), "id": 99, "iscrowd": 1}
    annotations = [*(right_half(image["id"]) for image in images), crowd]
    file.write_text(json.dumps({"images": images, "annotations": annotations}))
    return Truth.read(file)


@pytest.fixture
def run(ws, truth, folder, fake_trainers):
    def simulated(**plan):
        said = []
        plan = Plan(**{"rounds": 1, "images": 8, "training": Settings(method="finetune", steps=2), **plan})
        return simulate(ws, truth, folder, plan, said.append, lambda: False), said

    return simulated


def test_a_round_is_reviewed_trained_on_and_reviewed_again(run, ws, fake_trainers):
    fake_trainers.setenv("FAKE_LEARNT", "better")
    result, said = run()
    first, second = result["rounds"]
    assert result["images"] == {"scored": 4, "shown": 10}
    assert (first["proposer"], second["proposer"]) == ("union", "model-1")
    assert (first["objects"], first["actions"], first["judged"]) == (8, 8 * 4, 24), (
        "three proposals and the key that finishes"
    )
    assert (second["objects"], second["actions"], second["judged"]) == (2, 2 * 2, 2), "two images were left"
    assert first["accept_rate"] == pytest.approx(1 / 3)
    assert (second["accept_rate"], second["actions_per_object"]) == (1, 2)
    assert first["AP50"] < second["AP50"] == 100
    assert first["train_seconds"] == 0 < second["train_seconds"]
    assert said[1].startswith("round 1: Used, as it is better")
    with ws.store.read() as tx:
        states = {image.name: image.accepted + image.rejected for batch in tx.images.walk() for image in batch}
    assert sum(count == 0 for count in states.values()) == 4, "a third is never shown"


def test_a_worse_network_changes_nothing(run, fake_trainers):
    fake_trainers.setenv("FAKE_LEARNT", "worse")
    result, _ = run()
    assert [row["proposer"] for row in result["rounds"]] == ["union", "union"]
    assert result["rounds"][0]["AR100"] == result["rounds"][1]["AR100"]
    assert result["rounds"][1]["verdict"].startswith("Not used")


def test_too_little_to_learn_from_ends_the_loop_and_says_so(run):
    result, said = run(images=3)
    assert len(result["rounds"]) == 1
    assert "too little to learn from. Accept 3 more masks first" in said[-1]


def test_the_limit_of_actions_holds_on_every_image(run):
    result, _ = run(habits=Habits(actions=3), rounds=0)
    assert (result["rounds"][0]["actions"], result["rounds"][0]["judged"]) == (8 * 3, 8 * 2)


@pytest.fixture
def clicked(ws, truth, folder, fake_trainers, monkeypatch):
    """Review image 1, whose right half nothing proposes; each click is answered by the next of these masks."""
    from app.services import ingest

    fake_trainers.setenv("FAKE_LEARNT", "worse")
    ingest.import_folder(ws, folder)
    proposing.run(ws)
    with ws.store.write() as tx:
        tx.instances.remove_untouched(1)
        tx.images.refresh([1])

    def reviewed(*shares, habits=None):
        answers = iter(shares)
        asked = []

        def click(_self, _image_id, clicks, base=None, instance_id=None):
            asked.append((list(clicks), base))
            mask = np.zeros((1, 6, 8), bool)
            mask[0, :, 8 - next(answers) :] = True
            return Answer(Instances.from_masks(mask, np.ones(1)), (None,), (None,))

        monkeypatch.setattr(Clicker, "click", click)
        work = Reviewer(ws, habits or Habits()).review(1, truth.masks[NAMES[0]])
        return work, asked

    reviewed.ws = ws
    return reviewed


def test_a_missed_object_is_pointed_at_until_the_mask_is_good(clicked, ws):
    work, asked = clicked(1, 4)
    assert (work.objects, work.clicked, work.actions) == (1, 1, 4), (
        "two clicks, the key that keeps, the key that finishes"
    )
    first, second = asked
    assert first[1] is None
    assert second[1] is not None
    assert all(click.adds and click.x > 4 for click in second[0])
    assert second[0][1].x < second[0][0].x + 3
    (mask,) = [mask for mask in review.load(ws, 1).instances if mask.state == "accepted"]
    assert mask.area == 24


def test_an_object_that_clicks_do_not_reach_is_given_up(clicked):
    work, asked = clicked(1, 1, 8)
    assert (work.objects, work.actions, len(asked)) == (0, 5, 3)
    assert not asked[2][0][2].adds or asked[2][0][2].x > 4


def test_what_is_no_ground_truth_is_told(tmp_path, ws, folder):
    with pytest.raises(IngestError, match=r"none.json cannot be read: No such file"):
        Truth.read(tmp_path / "none.json")
    (tmp_path / "odd.json").write_text('{"images": [{"id": 1}]}')
    with pytest.raises(IngestError, match=r"odd.json is no COCO file with masks"):
        Truth.read(tmp_path / "odd.json")
    with pytest.raises(IngestError, match=r"0 images of .* have masks in the COCO file; 3 are needed"):
        simulate(ws, Truth({}), folder, Plan(), print, lambda: False)


def test_proposals_with_little_chance_are_left_alone_once_there_are_estimates(clicked, monkeypatch):
    from app.services.simulation import reviewer

    class Estimates:
        calibrated = True

        def of(self, ids, _scores):
            return np.linspace(0.2, 0.9, len(ids))

    tracker = type("Tracker", (), {"current": lambda _self, _ws: Estimates()})()
    monkeypatch.setattr(reviewer, "tracker_of", lambda _: tracker)
    worker = reviewer.Reviewer(clicked.ws, Habits(least=0.5))
    masks = review.load(clicked.ws, 2).instances
    assert worker._promising(masks) == masks, "before the first look"
    worker.look()
    assert [mask.id for mask in worker._promising(masks)] == [masks[2].id, masks[1].id], "best chance first"
