import json

import pytest

from app.errors import TrainError
from app.services import ingest, models, proposing
from app.services.training import improving
from app.services.training.methods import Settings
from tests.app.helpers import make_folder


@pytest.fixture
def improve(ws, tmp_path):
    """Run it in one folder; what it told is kept."""
    folder = tmp_path / "job"
    folder.mkdir()
    told = []

    def run(stop_after=None, **settings):
        def cancelled():
            return stop_after is not None and len(told) >= stop_after

        return improving.improve(ws, folder, Settings(steps=5, **settings), told.append, cancelled)

    run.told = told
    run.folder = folder
    return run


def test_a_better_network_is_used_and_says_why(decided_on, improve, fake_trainers):
    ws = decided_on(7)
    fake_trainers.setenv("FAKE_LEARNT", "better")
    improved = improve()
    assert improved.verdict.is_new
    assert improved.verdict.sentence.startswith("Used, as it is better: ")
    assert models.in_use(ws) == "model-1"
    model = models.get(ws, 1)
    assert (model.parent, model.kind, model.data["accepted"], model.settings["steps"]) == ("union", "finetune", 6, 5)
    assert model.figures["before"]["AP"] < model.figures[model.manner]["AP"] == 100
    with ws.store.read() as tx:
        assert model.log_position == tx.decisions.last_id()
    assert {told.phase for told in improve.told} == {"learning from decisions", "comparing on held-out images"}
    assert [told.done for told in improve.told if told.event.get("event") == "step"] == [1, 2, 3, 4, 5]
    shown = [told.event for told in improve.told if told.event.get("event") == "shown"]
    assert [event["step"] for event in shown] == [0, 5]
    assert [row["key"] for row in shown[0]["images"]] == ["1", "3", "5", "7"], "spread over all, held out or not"


@pytest.mark.parametrize(
    ("learnt", "words"), [("worse", "Not used, as it finds less"), ("", "Not used, as it is no better")]
)
def test_a_network_that_is_not_better_is_kept_but_not_used(decided_on, improve, fake_trainers, learnt, words):
    ws = decided_on(7)
    fake_trainers.setenv("FAKE_LEARNT", learnt)
    assert not improve().verdict.is_new
    assert models.in_use(ws) == "union"
    assert models.get(ws, 1).verdict.startswith(words)


def test_the_next_network_goes_on_from_the_one_in_use(decided_on, improve, fake_trainers, tmp_path):
    ws = decided_on(7)
    fake_trainers.setenv("FAKE_LEARNT", "better")
    improve()
    (tmp_path / "second").mkdir()
    second = improving.improve(ws, tmp_path / "second", Settings(steps=5), lambda _: None, lambda: False)
    assert json.loads((tmp_path / "second" / "snapshot.json").read_text())["start"] == str(models.weights_of(ws, 1))
    assert not second.verdict.is_new, "it found everything before"


def test_stopped_it_goes_on_with_what_it_began_with(decided_on, improve):
    ws = decided_on(7)
    assert improve(stop_after=3) is None
    assert models.list_all(ws) == []
    data = (improve.folder / "decisions.json").read_bytes()
    decided_on(8)
    assert improve() is not None
    assert (improve.folder / "decisions.json").read_bytes() == data


def test_a_second_end_of_one_job_makes_no_second_model(decided_on, improve):
    ws = decided_on(7)
    assert improve().model.id == improve().model.id == 1
    assert len(models.list_all(ws)) == 1


def test_too_few_masks_are_told_before_anything_runs(decided_on, improve):
    decided_on(4)
    with pytest.raises(TrainError, match=r"there is too little to learn from. Accept 2 more masks first"):
        improve()


def test_a_training_that_fails_leaves_no_model_and_says_why(decided_on, improve, fake_trainers):
    ws = decided_on(7)
    fake_trainers.setenv("FAKE_DIE", "2")
    with pytest.raises(TrainError, match=r"the training stopped: the loss is no number at step 3: images/a.png"):
        improve()
    assert models.list_all(ws) == []


def test_the_new_network_proposes_for_what_is_not_finished(decided_on, improve, fake_trainers):
    ws = decided_on(7)
    fake_trainers.setenv("FAKE_LEARNT", "better")
    improve()
    assert proposing.run(ws, models.in_use(ws)).images == 1
    with ws.store.read() as tx:
        row = tx.images.get(8)
        assert (row.proposer_name, row.pending, row.changed, row.lost) == ("model-1", 1, 0, 2)


@pytest.fixture
def folder_of_images(ws, tmp_path, fake_trainers):
    """Twenty-five images nobody has decided on."""
    ingest.import_folder(ws, make_folder(tmp_path / "photos", [f"{number:02}.png" for number in range(25)]))
    return ws


def test_without_decisions_it_learns_from_the_images_and_leaves_the_choice_to_a_person(folder_of_images, improve):
    ws = folder_of_images
    improved = improve()
    assert (models.in_use(ws), improved.verdict.is_new) == ("union", False)
    assert "Not used yet, as no held-out image has an accepted mask" in improved.verdict.sentence
    assert "by 60 % instead of 50 %" in improved.verdict.sentence
    model = models.get(ws, 1)
    assert (model.kind, model.name, model.manner) == ("selftrain", "25 images without labels", "union")
    assert model.settings["method"] == "selftrain"
    assert model.figures == {"steadiness": {"before": 0.5, "now": 0.6}}
    assert {told.phase for told in improve.told} == {"finding masks to learn from", "learning from the images"}


def test_a_round_that_makes_it_less_steady_leaves_no_model(folder_of_images, improve, fake_trainers):
    fake_trainers.setenv("FAKE_STEADY", "0.4")
    improved = improve()
    assert improved.model is None
    assert improved.verdict.sentence.startswith("Gone back to where it was: after the round without labels its masks")
    assert models.list_all(folder_of_images) == []


def test_a_backbone_is_adapted_before_a_new_network_learns_on_it(folder_of_images, improve):
    improve(method="pretrain")
    assert {told.phase for told in improve.told} == {
        "finding masks to learn from",
        "adapting the backbone",
        "learning from the images",
    }
    run = improve.folder / "run-batch4"
    assert (run / "backbone" / "backbone.safetensors").is_file()
    (model,) = models.list_all(folder_of_images)
    assert (model.kind, model.parent) == ("pretrain", "default")
    assert "steadier" not in model.verdict, "its rounds say nothing of the network in use"


def test_a_training_without_labels_is_compared_where_there_are_decisions_to_compare_on(
    folder_of_images, decided_on, improve, fake_trainers
):
    ws = decided_on(3)
    fake_trainers.setenv("FAKE_LEARNT", "better")
    improved = improve(method="selftrain")
    assert improved.verdict.sentence.startswith("Used, as it is better")
    assert models.in_use(ws) == "model-1"
    snapshot = json.loads((improve.folder / "snapshot.json").read_text())
    assert 3 not in snapshot["images"], "the held-out image"
    assert len(snapshot["images"]) == 32


def test_stopped_in_the_middle_it_looks_at_the_same_images_again(folder_of_images, improve, tmp_path):
    assert improve(stop_after=2) is None
    before = json.loads((improve.folder / "snapshot.json").read_text())["images"]
    ingest.import_folder(folder_of_images, make_folder(tmp_path / "more", ("x.png",)))
    assert improve() is not None
    assert json.loads((improve.folder / "snapshot.json").read_text())["images"] == before
