"""The queue's routes and the thread behind them."""

import pytest

from app.services import ordering
from app.store.records import NewInstance


@pytest.fixture
def surveyor(client):
    yield client.app.state.surveyor
    assert client.app.state.surveyor.join(10)


def test_the_queue_is_arranged_in_the_background_and_stays_so(client, surveyor, reviewed):
    ws, _ = reviewed
    with ws.store.write() as tx:
        tx.instances.add_many(2, "test@1", [NewInstance("", (0, 0, 1, 1), 1, 0.5, None)])
        tx.images.refresh([2])
    before = client.get("/api/queue").json()
    assert (before["order"], before["unplaced"], before["arranging"]) == ("name", 0, None)
    assert client.post("/api/queue/arrange", json={"order": "pending"}).status_code == 200
    assert surveyor.join(10)
    after = client.get("/api/queue").json()
    assert (after["order"], after["arranging"], after["error"]) == ("pending", None, "")
    assert [row["name"] for row in client.get("/api/images").json()["rows"]] == ["b.png", "a.png", "c.png"]
    assert client.get("/api/images/1").json()["previous"] == 2
    assert client.get("/api/next").json() == {"id": 2}


def test_asking_for_the_queue_has_new_images_looked_at(client, surveyor, reviewed):
    ws, _ = reviewed
    client.get("/api/queue")
    assert surveyor.join(10)
    with ws.store.read() as tx:
        assert [look.image_id for look in tx.looks.all()] == [1, 2, 3]
        assert tx.looks.stale(10) == []


def test_the_last_of_several_orders_wins(client, surveyor):
    for order in ("masks", "uncertain", "smart", "pending"):
        client.post("/api/queue/arrange", json={"order": order})
    assert surveyor.join(10)
    assert client.get("/api/queue").json()["order"] == "pending"


def test_an_order_that_fails_is_told_and_another_may_be_asked_for(client, surveyor, monkeypatch):
    from app.errors import StoreError

    def fail(_ws, _order):
        raise StoreError("the disk of the workspace is full: free some space and try again")

    with monkeypatch.context() as patch:
        patch.setattr(ordering, "arrange", fail)
        client.post("/api/queue/arrange", json={"order": "masks"})
        surveyor.join(10)
    state = client.get("/api/queue").json()
    assert (state["arranging"], state["order"]) == (None, "name")
    assert "the disk of the workspace is full" in state["error"]
    client.post("/api/queue/arrange", json={"order": "masks"})
    surveyor.join(10)
    assert client.get("/api/queue").json()["error"] == ""


def test_picked_images_are_a_list_of_their_own(client, surveyor):
    assert client.post("/api/queue/picks", json={"image_ids": [3, 1, 77]}).json() == {"picked": 2}
    assert client.get("/api/queue").json()["picked"] == 2
    rows = client.get("/api/images", params={"only": "picked"}).json()
    assert (rows["total"], [row["id"] for row in rows["rows"]]) == (2, [1, 3])


@pytest.mark.parametrize(
    ("path", "body"), [("arrange", {"order": "luck"}), ("arrange", {}), ("picks", {"image_ids": [0]})]
)
def test_malformed_requests_are_refused(client, surveyor, path, body):
    assert client.post(f"/api/queue/{path}", json=body).status_code == 422
