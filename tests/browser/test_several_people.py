"""Two people with browsers of their own on one workspace: each sees what the other does, and nobody overwrites anybody."""

import json

import pytest

from tests.browser.review_page import Review, proposed
from tests.browser.served import deaf
from tests.browser.test_main_job import review_state

IMAGES = 8
SOON = 2000
"""Milliseconds within which others see a change, from when it was saved."""

EVIL = "<img src=x onerror=alert(1)> ${alert(2)} `\"'"


@pytest.fixture(scope="module")
def server(make_server, tmp_path_factory, chromium):
    return proposed(make_server, tmp_path_factory.mktemp("people"), chromium, IMAGES)


@pytest.fixture
def person(new_page, server):
    """Opens the Review screen of somebody with a name: ``person("Ann")``."""

    def come(name, **options):
        page = new_page(**options)
        page.on("dialog", lambda _dialog: pytest.fail("a name ran as code"))
        page.add_init_script(
            f"localStorage.setItem('annotator:prefs', JSON.stringify({{name: {json.dumps(name)}}}))",
        )
        return Review(page, server)

    return come


def shows(page, condition, *, timeout=SOON):
    """The page comes to fulfil a JavaScript condition in time."""
    page.wait_for_function(condition, timeout=timeout)


def here(page, text):
    page.locator("[data-others] summary", has_text=text).wait_for()


def test_each_sees_the_others_decisions_where_they_are(person):
    ann, bo = person("Ann"), person("Bo")
    ann.open(1)
    with ann.page.expect_response("**/changes?*") as first:
        ann.page.reload()
    assert [each for each in first.value.json()["here"] if each["image_id"] == 1] == [], "nobody is there twice"
    bo.open(1)
    here(ann.page, "1 other here")
    bo.page.keyboard.press("Tab")
    assert bo.line().startswith("#2")
    ann.press("f")
    shows(bo.page, "document.querySelector('.count.is-accepted b').textContent === '1'")
    assert "is-accepted" in bo.page.get_attribute(".mask-row >> nth=0", "class").split()
    assert bo.line().startswith("#2 · pending"), "the selection stays"
    bo.press("r")
    shows(ann.page, "document.querySelector('.count.is-rejected b').textContent === '1'")
    assert ann.line().startswith("#3 · pending") or ann.line().startswith("#2 · rejected")
    ann.page.keyboard.press("Control+z")
    shows(bo.page, "document.querySelector('.count.is-accepted b').textContent === '0'", timeout=SOON + 1000)
    assert ann.states() == ["pending", "rejected", "pending"], "an undo takes back what one did oneself"


def test_both_decide_the_same_mask_and_the_second_is_told(person):
    ann, bo = person("Ann"), person("Bo")
    bo.page.watch.expected.append("409")
    ann.open(2)
    bo.open(2)
    deaf(bo.page)
    bo.page.reload()
    bo.page.wait_for_selector("html[data-image='2']")
    ann.press("r")
    bo.page.keyboard.press("f")
    bo.page.wait_for_selector(".alert button")
    assert "it is rejected now, you chose accepted" in bo.page.inner_text(".alert")
    assert ann.states()[0] == "rejected"
    bo.page.click(".alert button >> text=Keep theirs")
    assert ann.states()[0] == "rejected"


def test_a_finished_image_shows_in_the_others_filmstrip_and_queue(person, new_page, server):
    ann, bo = person("Ann"), person("Bo")
    bo.open(4)
    bo.page.locator(".thumb[data-id='3']").wait_for()
    queue = new_page()
    queue.goto(f"{server.url}/#/queue")
    row = queue.locator(".queue-item", has_text="n02.png")
    row.wait_for()
    ann.open(3)
    row.get_by_text("Ann").wait_for()
    here(bo.page, "2 others here")
    bo.page.locator(".thumb[data-id='3'][data-here]").wait_for()
    assert "Ann" in bo.page.get_attribute(".thumb[data-id='3']", "title")
    ann.press("f")
    shows(queue, "document.querySelectorAll('.queue-item.is-doing').length > 0")
    ann.page.keyboard.press("Enter")
    shows(bo.page, "document.querySelector('.thumb[data-id=\"3\"]').dataset.status === 'done'", timeout=SOON + 1000)
    row.locator(".queue-status", has_text="done").wait_for()


def test_others_are_named_with_their_image_and_go(person):
    ann, bo = person("Ann"), person("Bo")
    ann.open(5)
    bo.open(6)
    here(ann.page, "1 other here")
    ann.page.click("[data-others] summary")
    item = ann.page.locator("[data-others] li")
    item.get_by_role("link", name="image 6").wait_for()
    assert item.locator("b").inner_text() == "Bo"
    item.get_by_role("link").click()
    ann.page.wait_for_selector("html[data-image='6']")
    bo.page.close()
    ann.page.locator("[data-others]").wait_for(state="hidden", timeout=10_000)


def test_what_was_missed_asleep_is_caught_up(person):
    ann, bo = person("Ann"), person("Bo")
    ann.page.watch.expected += ["Failed to load resource", "ERR_INTERNET_DISCONNECTED"]
    ann.open(7)
    bo.open(7)
    here(ann.page, "1 other here")
    ann.page.context.set_offline(True)
    bo.press("f")
    ann.page.wait_for_timeout(1500)
    assert ann.counts()["accepted"] == 0
    ann.page.context.set_offline(False)
    shows(ann.page, "document.querySelector('.count.is-accepted b').textContent === '1'", timeout=5000)


def test_new_proposals_show_without_a_reload(person, server):
    """A job that replaces masks is no decision; it shows all the same."""
    import sqlite3

    ann = person("Ann")
    ann.open(8)
    ann.page.keyboard.press("Escape")
    with sqlite3.connect(server.workspace / "workspace.db") as database:
        database.execute(
            "INSERT INTO instances (image_id, x, y, w, h, area, score, source, state, edited, deleted, revision, counts)"
            " SELECT image_id, x, y, w, h, area, 0.05, 'job', 'pending', 0, 0, 0, counts FROM instances"
            " WHERE image_id = 8 ORDER BY id LIMIT 1"
        )
    database.close()
    shows(ann.page, "document.querySelectorAll('.mask-row').length === 4", timeout=SOON + 1000)


def test_evil_names_of_people_are_text(person, server, new_page):
    evil, bo = person(EVIL), person("Bo")
    evil.open(7)
    bo.open(7)
    here(bo.page, "1 other here")
    bo.page.click("[data-others] summary")
    assert bo.page.locator("[data-others] li b").inner_text() == EVIL
    assert bo.page.locator("[data-others] img").count() == 0
    evil.press("Tab", "f")
    queue = new_page()
    queue.goto(f"{server.url}/#/queue")
    queue.locator(".queue-here", has_text="<img src=x").wait_for()
    assert queue.locator(".queue-here img").count() == 0
    review_state(bo.page, "ready", "saved")
