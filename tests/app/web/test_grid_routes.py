"""The Grid's part of the API."""

import pytest


def test_a_list_comes_as_columns(client, reviewed):
    body = client.get("/api/grid", params={"limit": 4}).json()
    assert (body["total"], body["calibrated"]) == (9, False)
    assert {len(body[name]) for name in ("ids", "image_ids", "revisions", "states", "categories", "scores", "p")} == {4}
    assert body["scores"] == sorted(body["scores"], reverse=True)
    assert client.get("/api/grid", params={"state": ["accepted", "rejected"]}).json()["total"] == 0


@pytest.mark.parametrize(
    "query", ["order=odd", "state=lost", "minimum=2", "limit=0", "limit=1000000", "category=-1", "group=0", "like=x"]
)
def test_nonsense_in_the_query_is_told(client, query):
    answer = client.get(f"/api/grid?{query}")
    assert answer.status_code == 422
    assert "malformed" in answer.json()["error"]


def test_a_crop_is_immutable_under_its_revision(client, reviewed):
    mask = reviewed[1][1][0]
    answer = client.get(f"/api/instances/{mask}/crop?v=0")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/webp")
    assert "immutable" in answer.headers["cache-control"]
    assert client.get(f"/api/instances/{mask}/crop?v=7").headers["cache-control"] == "no-store"
    assert client.get(f"/api/instances/{mask}/crop").headers["cache-control"] == "no-store"
    assert client.get("/api/instances/99999/crop").json() == {"error": "there is no mask 99999 in this workspace"}


def test_masks_as_they_are_now(client, reviewed):
    mask = reviewed[1][1][0]
    body = client.get("/api/grid/now", params={"ids": [mask, 99999]}).json()
    assert (body["ids"], body["states"], body["revisions"]) == ([mask], ["pending"], [0])


def test_without_embeddings_there_are_no_groups_and_nothing_is_like_a_mask(client, reviewed):
    assert client.get("/api/grid/groups").json() == {"groups": []}
    answer = client.get("/api/grid", params={"like": reviewed[1][1][0]})
    assert answer.status_code == 404
    assert "nothing is known of the looks" in answer.json()["error"]


def test_before_enough_decisions_nothing_is_promised(client, reviewed):
    body = client.get("/api/promises").json()
    assert (body["offers"], body["audit"]) == ([], 20)
    assert body["sentence"].startswith("Not yet calibrated")
    assert client.get("/api/goodness").json()["calibrated"] is False
    asked = {"ids": [reviewed[1][1][0]], "minimum": 0.5, "good": 1, "wrong": 0}
    answer = client.post("/api/promises", json=asked)
    assert answer.status_code == 400
    assert "Not yet calibrated" in answer.json()["error"]
    assert client.post("/api/promises", json={**asked, "ids": []}).status_code == 422


def test_review_gets_estimates_only_when_they_are_calibrated(client):
    assert {mask["p"] for mask in client.get("/api/images/1").json()["instances"]} == {None}
