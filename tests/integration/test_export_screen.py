"""Label Studio on the Export screen, in a real Chromium, against a real Label Studio."""

import json
import re
import threading
from collections import Counter

import numpy as np
import pytest

from app.labelstudio import access
from freesolo.codecs import coco_rle
from tests.browser.test_screens import serious
from tests.integration.helpers import disc, here, make_case, predicted_by, pushed, submit, tasks, three_images
from tests.integration.server import TOKEN
from tests.integration.test_faults import between
from tests.ports import free_port

A, B, C = three_images()
CONFLICTS = ".label-studio-root .conflicts"
LONG = 60_000
"""Milliseconds that a job's process may take, on a machine that has other things to do."""


@pytest.fixture
def served(case, client, make_server, folder):
    """The app on the case's workspace."""
    return make_server(folder, workspace=case.ws.path)


@pytest.fixture
def screen(page, served, label_studio):
    """The Export screen with a connection that was tested."""
    page.goto(f"{served.url}/#/export")
    page.fill("#ls-url", label_studio.url)
    page.fill("#ls-token", TOKEN)
    page.press("#ls-token", "Enter")
    page.locator(".ls-connection .exchange-answer", has_text="takes the legacy token").wait_for(timeout=LONG)
    return page


def ended(screen, kind, state="done"):
    """The words of a push or pull once it has ended."""
    screen.locator(f".ls-state[data-job={kind}][data-state={state}]").wait_for(timeout=LONG)
    return screen.inner_text(".ls-job")


def press(screen, act, kind, state="done"):
    """Press a button; the job before it is no answer."""
    before = screen.evaluate("fetch('/api/label-studio').then(now => now.json()).then(({job}) => job?.id ?? 0)")
    screen.click(f"[data-act={act}]:enabled")
    screen.wait_for_function(
        "([before, state]) => fetch('/api/label-studio').then(now => now.json())"
        ".then(({job}) => job.id > before && job.state === state)",
        arg=[before, state],
        timeout=LONG,
    )
    return ended(screen, kind, state)


def test_test_push_decide_conflicts_by_keys_and_pull(screen, served, case, client):
    first, second = case.masks[A]
    assert "it has no project of this workspace yet" in screen.inner_text(".ls-connection .exchange-answer")
    assert screen.input_value("#ls-token") == ""
    assert access.load(case.ws).token == TOKEN

    assert "A push would do this: 3 images added, 3 masks of 2 images sent." in press(screen, "dry-run", "push")
    assert client.get("api/projects")["results"] == []

    screen.click("[data-act=push]:enabled")
    screen.goto(f"{served.url}/#/queue")  # the work goes on without the page
    screen.wait_for_selector("#queue-html [role=option]")
    screen.goto(f"{served.url}/#/export")
    screen.locator(".exchange-words", has_text="Pushed: 3 images added").wait_for(timeout=LONG)
    [project] = client.get("api/projects")["results"]
    assert screen.get_attribute(".ls-job a >> nth=0", "href").endswith(f"/projects/{project['id']}/data")

    there = tasks(client, project["id"])
    case.do("state", first, state="rejected")
    case.do("edit", second, counts=coco_rle.encode(disc(48, 64, 30, 40, 3)).decode())
    submit(client, there[A], there[A]["predictions"][0]["result"][:1])
    assert "2 conflicts with decisions made here" in press(screen, "pull", "pull")
    rows = screen.locator(f"{CONFLICTS} tbody tr")
    assert [re.sub(r"\s+", " ", row.inner_text()) for row in rows.all()] == [
        f"{A} #{first} rejected accepted task Ours Theirs Both",
        f"{A} #{second} accepted rejected task Ours Theirs Both",
    ]
    assert rows.nth(0).locator("a").nth(1).get_attribute("href") == f"#/review/{case.image(A).id}/{first}"
    assert rows.nth(0).locator("a").nth(2).get_attribute("href").endswith(f"?task={there[A]['id']}")

    assert screen.is_disabled(f"{CONFLICTS} [data-act=apply]")
    assert serious(screen) == []
    screen.focus(f"{CONFLICTS} [data-all=theirs]")
    screen.keyboard.press("Enter")
    assert screen.inner_text(f"{CONFLICTS} [data-act=apply]") == "Decide 2 of 2"
    rows.nth(0).locator("input:checked").focus()
    screen.keyboard.press("ArrowDown")
    screen.keyboard.press("o")
    assert screen.evaluate("document.activeElement.dataset.act") == "apply"
    screen.keyboard.press("Enter")
    screen.locator(".exchange-words", has_text="2 conflicts decided as you chose").wait_for(timeout=LONG)
    assert (case.mask(first).state, case.mask(second).state) == ("accepted", "accepted")
    assert screen.is_hidden(CONFLICTS)


def test_a_dead_server_is_a_sentence_and_the_token_is_nowhere(screen, served, case):
    known = access.load(case.ws)
    access.save(case.ws, access.Access(f"http://127.0.0.1:{free_port()}", known.token))
    words = press(screen, "push", "push", "failed")
    assert "Nothing answers at http://127.0.0.1:" in words
    assert "correct the address." in words
    assert screen.is_visible(".ls-job [data-act=retry]")
    assert TOKEN not in screen.content()
    assert TOKEN not in json.dumps([served.api("label-studio"), served.api("jobs"), served.api("jobs/1/log")])
    assert TOKEN not in served.output.read_text()
    screen.watch.expected.append("status of 400")
    screen.fill("#ls-token", "wrong")
    screen.click("[data-act=test]")
    screen.locator(".exchange-answer.bad", has_text="Nothing answers at").wait_for()
    assert access.load(case.ws).token == TOKEN
    for file in (case.ws.path / "jobs").rglob("*"):
        assert file.is_dir() or TOKEN not in file.read_text()


class Gate:
    """Holds predictions up on their way to Label Studio until it is opened; the rest passes."""

    def __init__(self):
        self.waiting = threading.Event()
        self.open = threading.Event()

    def __call__(self, path):
        if "import/predictions" in path:
            self.waiting.set()
            assert self.open.wait(60)
        return False

    def close(self):
        self.waiting.clear()
        self.open.clear()


def test_a_push_that_is_paused_and_stopped_goes_on_and_sends_nothing_twice(
    page, make_server, folder, label_studio, client
):
    noise = np.random.default_rng(0).random((12, 480, 640)) < 0.5  # 1 MB each: three chunks
    case = make_case(folder, {f"{k:02}.png": (mask.shape, [mask]) for k, mask in enumerate(noise)})
    served = make_server(folder, workspace=case.ws.path)
    gate, sent = Gate(), []

    def end(state):
        """Let what waits pass once the job has been told; how many images' masks this start of it sent."""
        page.wait_for_timeout(2500)  # it looks once a second whether it is to end
        gate.open.set()
        page.locator(f".ls-state[data-job=push][data-state={state}]").wait_for(timeout=LONG)
        sent.append(int(re.search(r"of (\d+) images? sent", page.inner_text(".exchange-words"))[1]))
        gate.close()

    with between(label_studio.url, gate, None) as url:
        access.save(case.ws, access.Access(url, TOKEN))
        page.goto(f"{served.url}/#/export")
        page.click("[data-act=push]:enabled")
        assert gate.waiting.wait(60)
        served.api(f"jobs/{served.api('label-studio')['job']['id']}/pause", json={})
        end("paused")
        page.click(".ls-job [data-act=resume]")
        assert gate.waiting.wait(60)
        page.click(".ls-job [data-act=cancel]")
        end("cancelled")
        gate.open.set()
        page.click(".ls-job [data-act=retry]")
        page.locator(".ls-state[data-job=push][data-state=done]").wait_for(timeout=LONG)
        sent.append(int(re.search(r"of (\d+) images? sent", page.inner_text(".exchange-words"))[1]))
        assert sum(sent) == 12
        assert min(sent) > 0
    again = pushed(case, client)
    assert (again.sent, again.unchanged) == (0, 12)
    there = tasks(client, again.project.id)
    assert Counter(len(task["predictions"]) for task in there.values()) == {1: 12}
    assert {name: predicted_by(task) for name, task in there.items()} == {name: here(case, name) for name in case.masks}
    case.ws.close()
