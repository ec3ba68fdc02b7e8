"""The Queue in a real browser: filters, search, orders, layouts, and lists of any length."""

import time

import pytest

from tests.browser.review_page import proposed

IMAGES = 6


@pytest.fixture(scope="module")
def server(make_server, tmp_path_factory, chromium):
    return proposed(make_server, tmp_path_factory.mktemp("queue"), chromium, IMAGES)


@pytest.fixture
def queue(server, page):
    page.goto(f"{server.url}/#/queue")
    page.wait_for_selector(".queue-item.is-todo")
    return page


def names(page):
    return page.locator(".queue-name").all_inner_texts()


def rows(count, **more):
    common = {"status": "todo", "width": 4, "height": 3, "masks": 1, "note": "", "version": "1"}
    states = {"pending": 1, "accepted": 0, "rejected": 0, "unsure": 0, "error": "", "alike": 0}
    return [{"id": n + 1, "name": f"image {n}.jpg", **common, **states, **more} for n in range(count)]


def stand_in(page, total, given):
    """Let the queue see these rows instead of the workspace's."""
    page.route("**/api/images?*", lambda route: route.fulfill(json={"total": total, "rows": given}))
    page.route("**/thumbnail*", lambda route: route.fulfill(status=204))


def test_filters_have_numbers_and_narrow_the_list(queue):
    assert queue.inner_text(".queue-filters [data-status=todo] .number") == str(IMAGES)
    assert queue.inner_text(".queue-progress") == f"0 of {IMAGES} done"
    queue.click(".queue-filters [data-status=error]")
    queue.wait_for_selector(".queue-empty:not([hidden])")
    assert queue.locator(".queue-item").count() == 0
    queue.click(".queue-filters [data-status=todo]")
    queue.wait_for_selector(f".queue-item[aria-setsize='{IMAGES}']")


def test_search_by_keys_opens_the_image(queue):
    queue.keyboard.press("/")
    queue.keyboard.type("n03")
    queue.wait_for_function("document.querySelectorAll('.queue-item').length === 1")
    queue.keyboard.press("Enter")
    queue.keyboard.press("Enter")
    queue.wait_for_function("document.querySelector('.image-name')?.textContent === 'n03.png'")


def test_a_search_without_result_says_so(queue):
    queue.fill(".queue-head input", "<b>nothing</b>")
    queue.wait_for_selector(".queue-empty:not([hidden])")
    assert "<b>nothing</b>" in queue.inner_text(".queue-empty")


def test_arrows_move_and_enter_opens(queue):
    queue.keyboard.press("ArrowDown")
    queue.keyboard.press("ArrowDown")
    queue.keyboard.press("ArrowUp")
    assert queue.get_attribute(".queue-item[aria-selected=true]", "aria-posinset") == "2"
    queue.keyboard.press("Enter")
    queue.wait_for_function("document.querySelector('.image-name')?.textContent === 'n01.png'")


def test_the_grid_shows_the_same_and_is_remembered(queue):
    before = names(queue)
    queue.click("[data-layout=grid]")
    queue.wait_for_selector(".queue-item.as-grid")
    assert names(queue) == before
    queue.keyboard.press("ArrowRight")
    assert queue.get_attribute(".queue-item[aria-selected=true]", "aria-posinset") == "2"
    queue.reload()
    queue.wait_for_selector(".queue-item.as-grid")
    assert queue.get_attribute("[data-layout=grid]", "aria-pressed") == "true"


def test_the_order_is_chosen_kept_and_followed_in_review(queue, server):
    mask = server.api("images/1")["instances"][0]
    operation = {"key": "order-1", "group": "order-1", "image_id": 1, "action": "state", "state": "rejected"}
    server.api(
        "decisions", json={"operations": [{**operation, "instance_id": mask["id"], "revision": mask["revision"]}]}
    )
    queue.select_option(".queue-head select", "pending")
    queue.wait_for_selector(".queue-standing:has-text('most undecided masks first')")
    queue.wait_for_function("document.querySelectorAll('.queue-name')[5]?.textContent === 'n00.png'")
    queue.reload()
    queue.wait_for_selector(".queue-item.is-todo")
    queue.wait_for_function("document.querySelector('.queue-head select').value === 'pending'")
    assert names(queue)[-1] == "n00.png"
    queue.evaluate("location.hash = '#/review/6'")
    queue.wait_for_selector("html[data-image='6'][data-review=ready]")
    queue.keyboard.press("d")
    queue.wait_for_selector("html[data-image='1']")
    queue.evaluate("location.hash = '#/queue'")
    queue.select_option(".queue-head select", "name")
    queue.wait_for_function("document.querySelector('.queue-name').textContent === 'n00.png'")
    assert queue.locator(".queue-standing button").count() == 0


def test_an_answer_from_before_does_not_hide_the_order_asked_for_since(queue, server):
    old, held = server.api("queue"), []
    queue.route("**/api/queue", lambda route: route.continue_() if held else held.append(route))
    queue.evaluate("document.dispatchEvent(new CustomEvent('annotator:tab', {detail: 'queue'}))")
    queue.wait_for_timeout(100)
    queue.select_option(".queue-head select", "pending")
    held[0].fulfill(json=old)
    queue.wait_for_selector(".queue-standing:has-text('most undecided masks first')")
    queue.wait_for_function("document.querySelectorAll('.queue-name')[5]?.textContent === 'n00.png'")
    assert queue.input_value(".queue-head select") == "pending"
    queue.select_option(".queue-head select", "name")
    queue.wait_for_function("document.querySelector('.queue-name').textContent === 'n00.png'")


def test_new_images_at_the_end_are_told_and_can_be_arranged(server, page):
    state = {
        "order": "smart",
        "at": "2026-11-24T10:00:00.000+00:00",
        "unplaced": 3,
        "new_proposals": True,
        "new_groups": False,
        "arranging": None,
        "looking": False,
        "error": "",
        "alike": 2,
        "groups": 1,
        "picked": 0,
    }
    asked = []

    def answer(route):
        if route.request.method == "POST":
            asked.append(route.request.post_data_json)
            state.update(unplaced=0, new_proposals=False)
        route.fulfill(json=state)

    page.route("**/api/queue**", answer)
    page.goto(f"{server.url}/#/queue")
    page.wait_for_selector(".queue-standing:has-text('3 new images at the end, new masks')")
    assert page.inner_text(".queue-filters [data-status=alike] .number") == "2"
    assert not page.is_visible(".queue-filters [data-status=picked]")
    page.click(".queue-standing button")
    page.wait_for_selector(".queue-standing:not(:has-text('at the end'))")
    assert asked == [{"order": "smart"}]


def test_look_alikes_are_marked_and_listed(server, page):
    with page.expect_request(lambda request: "only=alike" in request.url):
        page.route("**/api/queue", lambda route: route.fulfill(json={**route.fetch().json(), "alike": 2, "groups": 1}))
        stand_in(page, 2, rows(2, alike=2))
        page.goto(f"{server.url}/#/queue")
        page.wait_for_selector(".queue-alike:has-text('2 look alike')")
        page.click(".queue-filters [data-status=alike]")
    page.wait_for_selector(".queue-filters [data-status=alike][aria-pressed=true]")


def test_decisions_show_when_the_queue_comes_back(queue, server):
    mask = server.api("images/1")["instances"][0]
    operation = {"key": "queue-1", "group": "queue-1", "image_id": 1, "action": "state", "state": "accepted"}
    server.api(
        "decisions", json={"operations": [{**operation, "instance_id": mask["id"], "revision": mask["revision"]}]}
    )
    queue.evaluate("location.hash = '#/export'")
    queue.evaluate("location.hash = '#/queue'")
    queue.wait_for_selector(".queue-item.is-doing")
    assert "✓ 1" in queue.inner_text(".queue-item.is-doing .queue-counts")


def test_a_huge_queue_opens_fast_and_stays_small_in_the_page(server, page):
    stand_in(page, 100_000, rows(100))
    page.goto(f"{server.url}/#/export")
    page.wait_for_selector("html[data-tab=export]")
    begin = time.monotonic()
    page.evaluate("location.hash = '#/queue'")
    page.wait_for_selector(".queue-item.is-todo")
    assert time.monotonic() - begin < 4  # twice what it may take on a quiet machine
    page.locator(".queue-items").evaluate("(list) => { list.scrollTop = list.scrollHeight; }")
    page.wait_for_selector(".queue-item[aria-posinset='100000']")
    assert page.locator(".queue-item").count() < 60


def test_names_are_text_and_never_code(server, page):
    page.on("dialog", lambda _dialog: pytest.fail("a name ran as code"))
    evil = "<img src=x onerror=alert(1)> ${alert(2)} `\"'.jpg"
    stand_in(page, 1, rows(1, name=evil, error="<script>alert(3)</script>", status="error"))
    page.goto(f"{server.url}/#/queue")
    page.wait_for_selector(".queue-item.is-error")
    assert names(page) == [evil]
    assert "<script>" in page.inner_text(".queue-item")
    assert page.locator(".queue-item img, .queue-item script").count() == 0
