"""The routes of the Quality screen and of the hunt."""

import pytest

from app.services import review
from app.services.review import Operation


@pytest.fixture
def some(client, reviewed):
    ws, masks = reviewed
    operations = [
        Operation("1", 1, "g", "state", masks[1][0], 0, "accepted"),
        Operation("2", 1, "g", "state", masks[1][1], 0, "rejected"),
    ]
    review.apply(ws, "me", operations)
    return client


def test_progress(some):
    body = some.get("/api/quality/progress").json()
    assert body["pace"]["decided"] == 2
    assert body["states"]["pending"] == 7
    assert body["categories"][0] == {"name": "", "pending": 0, "accepted": 1, "rejected": 1, "unsure": 0}
    assert "7 masks wait" in body["forecast"]
    assert "Not yet calibrated" in body["goodness"]


def test_checks_and_outliers(some):
    body = some.get("/api/quality/checks").json()
    assert body["waiting"] == 0
    assert body["counts"]["border"] == 1
    assert body["rows"]["border"][0]["name"] == "a.png"
    assert set(some.get("/api/quality/outliers").json()["rows"]) == {"unlike", "accepted", "rejected"}


def test_the_map_of_masks_without_embeddings_is_empty(some):
    assert some.get("/api/quality/map").json() == {"ids": [], "images": [], "states": [], "x": [], "y": [], "total": 0}


def test_a_blind_round(some, reviewed):
    questions = some.get("/api/quality/blind?number=5").json()["questions"]
    assert len(questions) == 2
    assert all("state" not in question for question in questions)
    answers = [{"instance_id": question["instance_id"], "state": "accepted"} for question in questions]
    found = some.post("/api/quality/blind", json={"answers": answers}).json()
    assert (found["number"], found["agreed"], len(found["differences"])) == (2, 1, 1)


@pytest.mark.parametrize(
    "answers", [[], [{"instance_id": 1, "state": "pending"}], [{"instance_id": 0, "state": "accepted"}]]
)
def test_malformed_answers_are_refused(some, answers):
    assert some.post("/api/quality/blind", json={"answers": answers}).status_code == 422


def test_the_hunt_tells_why_it_cannot_be_done_and_dismissing_is_a_decision(some):
    body = some.get("/api/images/1/missed").json()
    assert body["places"] == []
    assert "propose" in body["unknown"]
    assert some.get("/api/images/9/missed").status_code == 404
    operation = {"key": "d", "group": "d", "image_id": 1, "action": "dismiss", "box": [1, 2, 3, 4]}
    assert some.post("/api/decisions", json={"operations": [operation]}).json()["saved"] == {"d": 1}
    assert some.post("/api/undo", json={}).json()["what"] == "Undone: place without a mask dismissed."
    bad = {**operation, "key": "e", "box": [1, 2, 3]}
    assert some.post("/api/decisions", json={"operations": [bad]}).status_code == 422


def test_what_more_minutes_are_worth(client, reviewed):
    answer = client.get("/api/quality/effort").json()
    assert (answer["seconds"], answer["points"]) == (None, [])
    assert answer["sentence"].startswith("What more minutes are worth is not known yet")
