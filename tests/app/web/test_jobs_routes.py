"""The routes of long work."""

import pytest
from fastapi.testclient import TestClient

from app import jobs
from app.jobs import events
from app.jobs.work import folder_of
from app.web import server


@pytest.fixture
def client(ws):
    with TestClient(server.make_api(ws)) as client:
        yield client


def test_jobs_are_listed_with_what_the_screen_shows(ws, client):
    assert client.get("/api/jobs").json() == []
    first = jobs.submit(ws, "propose", {"proposer": "fast"}, priority=2)
    second = jobs.submit(ws, "propose", {})
    listed = client.get("/api/jobs").json()
    assert [job["id"] for job in listed] == [second.id, first.id]
    assert [job["id"] for job in client.get("/api/jobs?limit=1").json()] == [second.id]
    shown = client.get(f"/api/jobs/{first.id}").json()
    assert shown == listed[1]
    assert (shown["title"], shown["unit"], shown["can_pause"], shown["priority"]) == ("Proposing", "image", True, 2)
    assert shown["args"] == {"proposer": "fast"}
    assert "pid" not in shown


def test_a_job_of_an_unknown_kind_is_shown_all_the_same(ws, client):
    with ws.store.write() as tx:
        tx.jobs.add("dream", {})
    (shown,) = client.get("/api/jobs").json()
    assert (shown["title"], shown["can_pause"]) == ("dream", False)


def test_the_buttons(ws, client):
    job = jobs.submit(ws, "propose", {})

    def press(act):
        answer = client.post(f"/api/jobs/{job.id}/{act}", json={})
        return answer.status_code, answer.json().get("state", answer.json().get("error"))

    assert press("pause") == (200, "paused")
    assert press("resume") == (200, "queued")
    assert press("cancel") == (200, "cancelled")
    status, error = press("pause")
    assert (status, error) == (409, f"job {job.id} is cancelled: only waiting and running jobs can be paused")
    assert press("retry") == (200, "queued")
    for act in ("pause", "resume", "cancel", "retry"):
        assert client.post(f"/api/jobs/77/{act}", json={}).status_code == 404
    assert client.get("/api/jobs/77").status_code == 404


def test_the_log_and_a_search_in_it(ws, client):
    job = jobs.submit(ws, "propose", {})
    folder_of(ws, job.id).mkdir(parents=True)
    (folder_of(ws, job.id) / "log.txt").write_text("one\ntwo\n")
    events.append(folder_of(ws, job.id), {"event": "image", "name": "two & three.png"})
    answer = client.get(f"/api/jobs/{job.id}/log", params={"limit": 1}).json()
    assert answer == {"lines": [{"source": "log", "number": 2, "text": "two"}], "more": True}
    found = client.get(f"/api/jobs/{job.id}/log", params={"text": "TWO & t"}).json()
    assert [(line["source"], line["number"]) for line in found["lines"]] == [("events", 1)]
    assert client.get("/api/jobs/77/log").status_code == 404
    assert client.get(f"/api/jobs/{job.id}/log", params={"limit": 0}).status_code == 422
