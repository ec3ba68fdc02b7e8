"""Staying in step with a real Label Studio: it says what was submitted, and we look by ourselves."""

import threading
import time
from contextlib import contextmanager

import httpx
import pytest

from app.errors import LabelStudioError
from app.labelstudio import watch
from app.labelstudio.pull import PullRequest
from app.labelstudio.push import PushRequest
from tests.integration.helpers import predicted, pushed, submit, tasks, three_images

A, B, C = three_images()


@contextmanager
def watching(case, client, heard, every):
    """A watch in another thread: (list of what it told)."""
    told, stop = [], threading.Event()
    options = {"every": every, "heard": heard, "stopped": stop.is_set}
    tell = {name: lambda value, name=name: told.append((name, value)) for name in ("pulled", "pushed", "failed")}
    thread = threading.Thread(
        target=watch.watch, args=[case.ws, client, PullRequest(), PushRequest()], kwargs={**options, **tell}
    )
    thread.start()
    try:
        yield told
    finally:
        stop.set()
        thread.join()


def wait_for(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


def test_what_is_submitted_comes_back_because_label_studio_says_so(case, client, label_studio):
    project = pushed(case, client).project.id
    there, heard = tasks(client, project), threading.Event()
    receiver = watch.Receiver("127.0.0.1", 0, heard.set)
    try:
        with watch.subscribed(client, project, receiver), watching(case, client, heard, every=3600) as told:
            assert len(client.get("api/webhooks/", project=project)) == 1
            with type(client)(label_studio.url, client._token) as person:
                submit(person, there[A], there[A]["predictions"][0]["result"])
                wait_for(lambda: told)
        [(name, report)] = told
        assert (name, report.did["accepted"]) == ("pulled", 2)
        assert client.get("api/webhooks/", project=project) == []
    finally:
        receiver.close()


def test_what_was_not_said_is_found_by_looking_and_our_changes_go_there(case, client, label_studio):
    project = pushed(case, client).project.id
    there = tasks(client, project)
    with (
        watching(case, client, threading.Event(), every=0.5) as told,
        type(client)(label_studio.url, client._token) as person,
    ):
        submit(person, there[A], there[A]["predictions"][0]["result"])
        wait_for(lambda: told)
        case.do("state", case.masks[B][0], state="rejected")
        wait_for(lambda: [name for name, _ in told] == ["pulled", "pushed"])
    assert told[0][1].did["accepted"] == 2
    assert (told[1][1].sent, told[1][1].cleared) == (0, 1)
    assert predicted(client, project, B) == {}


def test_a_failure_is_told_and_tried_again(case, client, monkeypatch):
    pushed(case, client)
    real, failures = watch.pull, [LabelStudioError("broken"), LabelStudioError("broken")]

    def sometimes(*arguments):
        if failures:
            raise failures.pop()
        return real(*arguments)

    monkeypatch.setattr(watch, "pull", sometimes)
    with watching(case, client, threading.Event(), every=0.3) as told:
        wait_for(lambda: not failures and len(told) == 2)
    assert [name for name, _ in told] == ["failed", "failed"]


def test_messages_without_the_secret_are_refused():
    heard = []
    receiver = watch.Receiver("127.0.0.1", 0, lambda: heard.append(1))
    try:
        with httpx.Client(trust_env=False) as http:
            assert http.post(receiver.url, json={}).status_code == 403
            assert http.post(receiver.url, json={}, headers={watch.HEADER: "wrong"}).status_code == 403
            assert not heard
            assert http.post(receiver.url, json={}, headers={watch.HEADER: receiver.secret}).status_code == 200
        wait_for(lambda: heard == [1])  # the answer comes first
        with pytest.raises(LabelStudioError, match="nothing can listen"):
            watch.Receiver("127.0.0.1", int(receiver.url.rsplit(":")[-1].strip("/")), lambda: None)
    finally:
        receiver.close()
