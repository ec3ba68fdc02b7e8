import pytest

from app.errors import TrainError
from app.services import ingest, models
from app.services.memory import Peak
from app.services.training import probing
from app.services.training.methods import Settings
from app.services.training.probing import Cost
from tests.app.helpers import make_folder


@pytest.fixture
def probe(ws, tmp_path):
    """Run it; what it told is kept."""
    folder = tmp_path / "job"
    folder.mkdir()
    told = []

    def run(stop=False, **settings):
        return probing.probe(ws, folder, Settings(**settings), told.append, lambda: stop)

    run.told = told
    return run


def test_ten_steps_on_decisions_tell_what_all_of_them_take(decided_on, probe, fake_trainers):
    ws = decided_on(7)
    fake_trainers.setenv("FAKE_SECONDS", "0.1")  # else the process is gone before anybody looks at its memory
    cost = probe(steps=600)
    assert (cost.seconds_a_step, cost.seconds, cost.finding) == (0.5, 300, 0)
    assert 5e6 < cost.memory < 5e8
    assert [(told.done, told.total) for told in probe.told][-1] == (10, 10)
    assert models.list_all(ws) == [], "the steps are thrown away"


@pytest.mark.parametrize(("method", "seconds"), [("selftrain", 150), ("pretrain", 450)])
def test_without_labels_the_first_masks_and_the_backbone_cost_time_too(
    ws, tmp_path, probe, fake_trainers, method, seconds
):
    ingest.import_folder(ws, make_folder(tmp_path / "photos", [f"{number:02}.png" for number in range(30)]))
    cost = probe(method=method)
    assert (cost.seconds, cost.finding) == (seconds, 20), "30 images at 1.5 a second"
    assert max(told.total for told in probe.told if told.phase.startswith("finding")) == 4


def test_stopped_it_tells_nothing(decided_on, probe):
    decided_on(7)
    assert probe(stop=True) is None


def test_a_training_that_would_fail_fails_here(decided_on, probe, fake_trainers):
    decided_on(7)
    fake_trainers.setenv("FAKE_DIE", "2")
    with pytest.raises(TrainError, match="the loss is no number at step 3"):
        probe()


def test_the_cost_in_words():
    cost = Cost(seconds_a_step=0.94, seconds=282, finding=0, memory=1_340_000_000)
    assert probing.sentence(cost, Settings(method="finetune")) == (
        "Learn from decisions: about 5 min for 300 steps at 0.9 s each, and 1.3 GB of memory, by 10 steps on this machine as busy as "
        "it was. The comparison on held-out images comes on top."
    )
    long = Cost(seconds_a_step=40, seconds=12_000, finding=50, memory=0)
    said = probing.sentence(long, Settings(method="pretrain"))
    assert "about 3.3 h for 300 steps" in said
    assert "Finding masks to learn from takes about 50 s before." in said


def test_memory_is_that_of_what_was_started():
    with Peak() as peak:
        pass
    assert peak.bytes == 0
