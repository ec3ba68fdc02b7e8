"""Nothing that was decided is lost: no answer, a killed server, a closed tab, two tabs on one image."""

import signal

import pytest

from tests.browser.review_page import Review, proposed
from tests.browser.served import deaf
from tests.browser.test_main_job import review_state

IMAGES = 8
UNSAVED = "Object.keys(localStorage).filter((name) => name.startsWith('annotator:unsaved')).length"


@pytest.fixture(scope="module")
def server(make_server, tmp_path_factory, chromium):
    return proposed(make_server, tmp_path_factory.mktemp("saving"), chromium, IMAGES)


@pytest.fixture
def review(server, page):
    return Review(page, server)


def test_a_burst_is_one_request(review, page):
    requests = []
    page.on("request", lambda request: request.url.endswith("/api/decisions") and requests.append(request))
    review.open(1)
    for key in ("f", "r", "s"):
        page.keyboard.press(key)
    review_state(page, "saved")
    assert len(requests) == 1
    assert review.states() == ["accepted", "rejected", "unsure"]
    assert page.locator("[data-saved]").text_content().startswith("Saved ")


def test_without_an_answer_decisions_wait_and_survive_a_reload(review, page, server):
    page.watch.expected += ["Failed to load resource", "ERR_FAILED"]
    review.open(2)
    page.route("**/api/decisions", lambda route: route.abort())
    page.keyboard.press("f")
    page.keyboard.press("r")
    review_state(page, "error")
    assert "Offline: 2 unsaved, retrying" in page.inner_text(".alert")
    assert review.counts() == {"pending": 1, "accepted": 1, "rejected": 1, "unsure": 0}
    assert review.states() == ["pending"] * 3
    page.unroute("**/api/decisions")
    page.reload()
    server.wait_for(lambda _now: review.states() == ["accepted", "rejected", "pending"], seconds=15)
    page.wait_for_function(f"{UNSAVED} === 0")


def test_an_answer_after_a_while_settles_the_alert(review, page):
    page.watch.expected += ["Failed to load resource", "ERR_FAILED"]
    review.open(3)
    page.route("**/api/decisions", lambda route: route.abort())
    page.keyboard.press("f")
    review_state(page, "error")
    page.unroute("**/api/decisions")
    review_state(page, "saved")
    page.wait_for_selector(".alert", state="hidden")
    assert review.states() == ["accepted", "pending", "pending"]


def test_a_closed_tab_sends_its_last_decisions(review, page, server):
    review.open(4)
    page.keyboard.press("f")
    page.close(run_before_unload=False)
    server.wait_for(lambda _now: review.states() == ["accepted", "pending", "pending"], seconds=15)


def test_two_tabs_keep_their_own_unsaved_decisions(review, page, server):
    """One tab's answer must not sweep away what another tab still has to send."""
    page.watch.expected += ["Failed to load resource", "ERR_FAILED"]
    review.open(5)
    page.route("**/api/decisions", lambda route: route.abort())
    page.keyboard.press("f")
    review_state(page, "error")
    other = page.context.new_page()
    second = Review(other, server)
    second.open(6)
    second.press("r")
    # The new tab took over what it found, so it is saved although the first tab is still cut off.
    server.wait_for(lambda _now: review.states()[0] == "accepted", seconds=15)
    page.unroute("**/api/decisions")
    review_state(page, "saved")
    assert review.states() == ["accepted", "pending", "pending"]
    assert second.states() == ["rejected", "pending", "pending"]


def test_a_conflict_shows_theirs_and_can_be_insisted_on(review, new_page, page, server):
    page.watch.expected.append("409")
    other = Review(deaf(new_page()), server)
    review.open(7)
    other.open(7)
    review.press("r")
    other.page.keyboard.press("f")
    other.page.wait_for_selector(".alert button")
    text = other.page.inner_text(".alert")
    assert "Mask #1 was changed elsewhere meanwhile: it is rejected now, you chose accepted." in text
    assert "is-rejected" in other.page.get_attribute(".mask-row >> nth=0", "class").split()
    assert review.states()[0] == "rejected"
    other.page.click(".alert button >> text=Apply mine")
    review_state(other.page, "saved")
    assert review.states()[0] == "accepted"
    other.page.wait_for_selector(".alert", state="hidden")
    other.page.click(".mask-row >> nth=0")
    other.press("s")
    assert review.states()[0] == "unsure", "the revision is known again"


def test_what_follows_a_conflict_is_offered_again_too(review, new_page, page, server):
    page.watch.expected.append("409")
    other = Review(deaf(new_page()), server)
    review.open(8)
    other.open(8)
    review.press("r")
    other.page.keyboard.press("1")
    other.page.keyboard.press("f")
    other.page.wait_for_selector(".alert button")
    assert "And 1 more like this." in other.page.inner_text(".alert")
    other.page.click(".alert button >> text=Apply mine")
    review_state(other.page, "saved")
    first = review.masks()[0]
    assert (first["state"], first["category_id"] is not None) == ("accepted", True)


def test_a_server_killed_in_a_burst_loses_nothing(make_server, tmp_path, chromium, page):
    page.watch.expected += ["Failed to load resource", "ERR_CONNECTION"]
    server = proposed(make_server, tmp_path, chromium, 2)
    review = Review(page, server)
    review.open(1)
    page.keyboard.press("f")
    review_state(page, "saved")
    server.process.send_signal(signal.SIGKILL)
    server.process.wait()
    page.keyboard.press("r")
    page.keyboard.press("s")
    review_state(page, "error")
    kept = page.evaluate("Object.entries(localStorage)")
    page.context.close()

    again = make_server(tmp_path)
    restored = chromium.new_context()
    restored.add_init_script(
        f"for (const [name, value] of {kept!r}) if (!sessionStorage.restored) localStorage.setItem(name, value);"
        "sessionStorage.restored = 'yes';"
    )
    fresh = Review(restored.new_page(), again)
    fresh.open(1)
    again.wait_for(lambda _now: fresh.states() == ["accepted", "rejected", "unsure"], seconds=15)
    restored.close()
