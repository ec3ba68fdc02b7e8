"""The change feed over HTTP."""

import threading
import time

import pytest

from app.services import review
from app.services.review import Operation


def ask(client, answer=None, *, wait=0, who="", **more):
    """The next answer; ``answer`` is the one before."""
    cursor = {} if answer is None else {name: answer[name] for name in ("after", "masks", "others")}
    headers = {"X-Reviewer": who} if who else {}
    found = client.get("/api/changes", params={**cursor, "wait": wait, **more}, headers=headers)
    assert found.status_code == 200, found.text
    return found.json()


def decide(ws, mask, key="k", who="bo"):
    review.apply(ws, who, [Operation(key, 1, key, "state", mask, 0, "accepted")])


def test_the_first_answer_comes_at_once_and_says_where_to_begin(client, reviewed):
    started = time.monotonic()
    answer = ask(client, wait=20)
    assert time.monotonic() - started < 5
    assert (answer["after"], answer["images"], answer["many"], answer["here"]) == (0, [], False, [])
    decide(reviewed[0], reviewed[1][1][0])
    (change,) = ask(client, answer)["images"]
    assert (change["row"]["id"], change["row"]["accepted"], change["who"]) == (1, 1, ["bo"])
    assert change["revisions"] == {str(reviewed[1][1][0]): 1}


def test_a_question_waits_for_a_change(client, reviewed):
    begin = ask(client)
    later = threading.Timer(0.3, decide, (reviewed[0], reviewed[1][1][0]))
    later.start()
    answer = ask(client, begin, wait=20)
    later.join()
    assert answer["after"] == begin["after"] + 1


def test_without_a_change_the_answer_is_empty_in_the_end(client):
    begin = ask(client)
    assert ask(client, begin, wait=0.5) == begin


def test_others_are_named_with_their_image(client):
    first = ask(client, page="a", image=2, who="J%C3%BCrgen%20%E2%9C%93")
    assert first["here"] == []
    other = ask(client, page="b", who="bo")
    assert other["here"] == [{"who": "Jürgen ✓", "image_id": 2}]
    assert ask(client, first, wait=20, page="a", image=2)["here"] == [{"who": "bo", "image_id": None}]


def test_a_page_that_leaves_is_no_longer_named(client):
    ask(client, page="a")
    assert len(ask(client, page="b")["here"]) == 1
    answer = client.post("/api/changes/leave", json={"page": "a"})
    assert answer.status_code == 200
    assert ask(client, page="b")["here"] == []


def test_a_stopping_server_answers_at_once(client):
    begin = ask(client)
    client.app.state.presence.close()
    started = time.monotonic()
    ask(client, begin, wait=20)
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("query", ["after=-1", "wait=99", f"after={2**70}", "image=0", "page=" + "x" * 65, "wait=nan"])
def test_nonsense_is_told(client, query):
    assert client.get(f"/api/changes?{query}").status_code == 422


def test_decisions_carry_the_name_of_whoever_made_them(client, reviewed):
    mask = reviewed[1][1][0]
    operation = {"key": "k", "image_id": 1, "group": "k", "action": "state", "instance_id": mask, "revision": 0}
    body = {"operations": [{**operation, "state": "accepted"}]}
    assert client.post("/api/decisions", json=body, headers={"X-Reviewer": "Ann%20O%27Hara"}).status_code == 200
    with reviewed[0].store.read() as tx:
        assert [row.who for row in tx.decisions.all()] == ["Ann O'Hara"]
    assert client.post("/api/undo", json={}).json() == {"image_id": None}, "another reviewer's step"
    assert client.post("/api/undo", json={}, headers={"X-Reviewer": "Ann%20O%27Hara"}).json()["image_id"] == 1
