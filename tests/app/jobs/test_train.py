import pytest

from app import jobs
from app.errors import TrainError
from app.jobs import events
from app.jobs.kinds import KINDS
from app.services import ingest, models
from tests.app.helpers import make_folder
from tests.app.services.training.conftest import decided_on

__all__ = ["decided_on"]


class Work:
    """One start of a job, in this process."""

    def __init__(self, ws, job, folder):
        self.ws, self.job, self.folder = ws, job, folder
        self.told = []
        folder.mkdir(parents=True)

    def stopped(self):
        return False

    def progress(self, *values):
        self.told.append(values)

    def event(self, values):
        events.append(self.folder, values)


@pytest.fixture
def train(tmp_path):
    def run(ws, **args):
        work = Work(ws, jobs.submit(ws, "train", {"steps": 3, "batch": 2, **args}), tmp_path / "job")
        return KINDS["train"].run(work), work

    return run


def test_a_better_network_is_used_and_proposes_in_a_job_of_its_own(decided_on, train, fake_trainers):
    ws = decided_on(7)
    fake_trainers.setenv("FAKE_LEARNT", "better")
    message, work = train(ws)
    assert message.startswith("model-1: Used, as it is better")
    following = jobs.list_jobs(ws, 1)[0]
    assert (following.kind, following.args["proposer"]) == ("propose", "model-1")
    kinds = [event["event"] for event in events.read(work.folder)]
    assert kinds == ["start", "shown", "step", "step", "step", "shown", "verdict"]
    assert (1, 3, 2.0, 1.0, "learning from decisions") in work.told
    assert models.get(ws, 1).settings["batch"] == 2


def test_a_network_that_is_no_better_is_followed_by_nothing(decided_on, train):
    ws = decided_on(7)
    message, _ = train(ws)
    assert message.startswith("model-1: Not used")
    assert [job.kind for job in jobs.list_jobs(ws)] == ["train"]


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ({"steps": 0}, "steps: Input should be greater than or equal to 1"),
        ({"stops": 5}, "stops: Extra inputs"),
        ({"method": "magic"}, "method: Input should be 'finetune'"),
    ],
)
def test_settings_that_make_no_sense_are_refused_at_once(decided_on, args, words):
    with pytest.raises(TrainError, match=f"the training cannot start: Settings: {words}"):
        jobs.submit(decided_on(7), "train", args)


def test_too_little_to_learn_from_is_refused_at_once(decided_on):
    with pytest.raises(TrainError, match=r"too little to learn from. Accept 5 more masks"):
        jobs.submit(decided_on(0), "train", {})


def test_a_round_without_labels_that_is_given_up_is_no_model(decided_on, train, fake_trainers, ws, tmp_path):
    ingest.import_folder(ws, make_folder(tmp_path / "more", [f"more-{number}.png" for number in range(20)]))
    fake_trainers.setenv("FAKE_STEADY", "0.4")
    message, work = train(decided_on(0), method="selftrain")
    assert message.startswith("Gone back to where it was")
    verdict = list(events.read(work.folder))[-1]
    assert (verdict["event"], verdict["model"], verdict["is_new"]) == ("verdict", None, False)
    assert [job.kind for job in jobs.list_jobs(ws)] == ["train"]


def test_a_probe_says_what_a_training_takes(decided_on, tmp_path, fake_trainers):
    ws = decided_on(7)
    work = Work(ws, jobs.submit(ws, "probe", {"method": "finetune", "steps": 60}), tmp_path / "job")
    assert KINDS["probe"].run(work).startswith("Learn from decisions: about 30 s for 60 steps at 0.5 s each")
    cost = list(events.read(work.folder))[-1]
    assert (cost["event"], cost["seconds"]) == ("cost", 30)
