import json

import pytest

from app import jobs
from app.errors import JobError, SettingsError
from app.jobs import compare
from app.jobs.kinds import KINDS
from tests.app.jobs.test_train import Work
from tests.app.services.training.conftest import decided_on

__all__ = ["decided_on"]


def test_what_came_out_lies_in_the_jobs_folder(decided_on, fake_trainers):
    ws = decided_on(3)
    job = jobs.submit(ws, "compare", {"before": "union", "after": "default", "images": 4})
    with pytest.raises(JobError, match="job 1 has not compared anything yet: it is queued"):
        compare.result(ws, job)
    work = Work(ws, job, ws.path / "jobs" / str(job.id))
    assert KINDS["compare"].run(work).startswith("On 4 images, the first 20 masks of each: default finds 0")
    assert compare.result(ws, job)["total"]["same"] == 12
    assert json.loads((work.folder / "images.json").read_text()) == [3, 4, 5, 7]
    assert work.told[-1][:2] == (8, 8)


def test_what_makes_no_sense_is_refused_at_once(ws):
    with pytest.raises(SettingsError, match="no proposer called None"):
        jobs.submit(ws, "compare", {})
