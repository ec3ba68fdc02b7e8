"""The routes of Label Studio on the Export screen, as far as they need none. With a real one: tests/integration."""

import stat

import pytest

from app import jobs
from app.errors import JobError, LabelStudioError
from app.jobs import label_studio
from app.jobs.kinds import KINDS
from app.jobs.work import folder_of
from app.labelstudio import access
from app.labelstudio.access import Access
from app.labelstudio.merging import Conflict
from app.labelstudio.pull import PullReport
from app.labelstudio.push import PushReport
from app.services.ingest import Fault

TOKEN = "a-secret-token"


@pytest.fixture
def kept(reviewed):
    """The workspace, which knows a Label Studio by an address with a login that does not answer."""
    ws, _ = reviewed
    access.save(ws, Access("http://ann:password@127.0.0.1:9/", TOKEN, 7))
    return ws


def test_without_access_nothing_starts_and_the_sentence_says_what_to_do(client):
    now = client.get("/api/label-studio").json()
    assert (now["url"], now["has_token"], now["job"], now["outcome"]) == ("", False, None, None)
    assert now["masks"]["pending"] == 9
    for what in ("push", "pull"):
        answer = client.post(f"/api/label-studio/{what}", json={})
        assert (answer.status_code, answer.json()["error"][:20]) == (400, "which Label Studio? ")
    assert client.get("/api/jobs").json() == []


def test_neither_token_nor_login_comes_back(client, kept):
    job = client.post("/api/label-studio/push", json={"dry_run": True}).json()
    answers = [client.get(f"/api/{path}").text for path in ("label-studio", "jobs", f"jobs/{job['id']}")]
    assert client.get("/api/label-studio").json()["url"] == "http://127.0.0.1:9"
    assert not any(secret in text for secret in (TOKEN, "password") for text in answers)
    assert stat.S_IMODE((kept.path / "label-studio.json").stat().st_mode) == 0o600


def test_a_kept_token_goes_to_no_other_address(client, kept):
    answer = client.post("/api/label-studio/connection", json={"url": "http://127.0.0.1:10"})
    assert answer.json()["error"].startswith("a token is needed for this address")
    answer = client.post("/api/label-studio/connection", json={"url": "http://127.0.0.1:9"})
    assert "127.0.0.1:9" in answer.json()["error"], "the kept one was tried"
    assert "password" not in answer.text
    answer = client.post("/api/label-studio/connection", json={"url": "http://127.0.0.1:10", "token": "other"})
    assert answer.status_code == 400
    assert access.load(kept) == Access("http://ann:password@127.0.0.1:9/", TOKEN, 7), "kept until another lets us in"


def test_forgetting_removes_it_and_a_damaged_file_is_told(client, kept):
    assert client.post("/api/label-studio/forget", json={}).json() == {"has_token": False}
    assert access.load(kept) is None
    (kept.path / "label-studio.json").write_text("{")
    now = client.get("/api/label-studio").json()
    assert (now["has_token"], "give the address and the token again" in now["trouble"]) == (False, True)


@pytest.mark.parametrize(
    ("what", "body"),
    [
        ("push", {"states": ["fine"]}),
        ("push", {"states": []}),
        ("pull", {"resolution": "mine"}),
        ("pull", {"chosen": {"1:2": "mine"}}),
    ],
)
def test_what_makes_no_sense_starts_nothing(client, kept, what, body):
    assert client.post(f"/api/label-studio/{what}", json=body).status_code in (400, 422)
    assert jobs.list_jobs(kept) == []


def test_one_at_a_time(client, kept):
    first = client.post("/api/label-studio/push", json={}).json()
    answer = client.post("/api/label-studio/pull", json={})
    assert answer.status_code == 409
    assert answer.json()["error"].startswith(f"job {first['id']} is talking with Label Studio")
    client.post(f"/api/jobs/{first['id']}/cancel", json={})
    assert client.post("/api/label-studio/pull", json={}).json()["kind"] == "pull"


class Started:
    """A job at work, as its kind sees it."""

    def __init__(self, ws, job):
        self.ws, self.job, self.folder = ws, job, folder_of(ws, job.id)
        self.folder.mkdir(parents=True)


def test_a_job_whose_like_is_at_work_ends_with_a_sentence(kept):
    mine = jobs.submit(kept, "push", {})
    with kept.store.write() as tx:
        tx.jobs.change(tx.jobs.add("pull", {}), {"state": "running"})
    with pytest.raises(JobError, match="job 2 is talking"):
        KINDS["push"].run(Started(kept, mine))


def test_a_new_start_takes_the_old_outcome_away(kept):
    work = Started(kept, jobs.submit(kept, "pull", {}))
    (work.folder / "outcome.json").write_text('{"words": "of an earlier start"}')
    assert label_studio.outcome(work.folder).words == "of an earlier start"
    with pytest.raises(LabelStudioError, match=r"127\.0\.0\.1:9"):
        KINDS["pull"].run(work)
    assert label_studio.outcome(work.folder) is None


def test_a_push_in_words():
    report = PushReport(None, "the pictures are uploaded", 1200, 2, 3, 1, 4, ["cat"], [Fault("a.png", "broken")])
    words = label_studio.push_words(report, dry_run=False)
    assert words.startswith("Pushed: 1,200 images added, 3 masks of 2 images sent, masks of 1 image removed; 4 images")
    assert "the pictures are uploaded." in words
    assert "Labels added there: cat. 1 image cannot be shown there." in words
    assert label_studio.push_words(PushReport(unchanged=1), dry_run=True) == (
        "A push would do this: nothing to do; 1 image already just so."
    )
    assert "Another push goes on" in label_studio.push_words(PushReport(stopped=True), dry_run=False)


def test_a_pull_in_words():
    def conflict(kept):
        return Conflict("1:2", 1, "a.png", 2, "http://x", "rejected", "accepted", "", None, kept)

    report = PullReport(2, 1, conflicts=[conflict(None), conflict("ours")])
    report.did.update(["accepted", "accepted", "drawn", "finished"])
    assert label_studio.pull_words(report) == (
        "Pulled 2 images annotated since the last pull. Masks: 2 accepted, 1 drawn. 1 image finished. 1 mask so already. "
        "1 conflict decided as you chose. 1 conflict with decisions made here: ours stay until you choose."
    )
