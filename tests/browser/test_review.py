"""The Review screen in a real browser: keys, clicks, filters, and everything that must not lose a decision."""

import json

import pytest

from tests.browser.test_main_job import import_in_page, noise, press, review_state

IMAGES = 12


@pytest.fixture(scope="module")
def server(make_server, tmp_path_factory, chromium):
    """Twelve images of 48 x 36 with the stand-in's masks: the top half, the right half, one pixel."""
    folder = tmp_path_factory.mktemp("review")
    server = make_server(folder)
    context = chromium.new_context()
    page = context.new_page()
    import_in_page(page, server, noise(folder / "photos", IMAGES))
    page.goto(f"{server.url}/#/propose")
    page.click("#propose-run")
    server.wait_for(lambda now: now["images"]["todo"] == IMAGES)
    context.close()
    return server


@pytest.fixture
def review(server, page):
    """Opens an image and tells how the database has it."""

    class Review:
        def open(self, number):
            self.number = number
            page.goto(f"{server.url}/#/review/{number}")
            review_state(page, "ready", "saved")
            page.wait_for_selector(f"html[data-image='{number}']")

        def states(self):
            return [mask["state"] for mask in server.api(f"images/{self.number}")["instances"]]

        def line(self):
            return page.inner_text(".mask-line")

        def click_image(self, x, y):
            """Click the centre of an image pixel."""
            box = page.locator(".stage canvas").bounding_box()
            scale = min((box["width"] - 24) / 48, (box["height"] - 24) / 36, 40)
            left = box["x"] + box["width"] / 2 - 24 * scale
            top = box["y"] + box["height"] / 2 - 18 * scale
            page.mouse.click(left + (x + 0.5) * scale, top + (y + 0.5) * scale)

    return Review()


def test_each_key_decides_and_goes_on(review, page):
    review.open(1)
    assert review.line().startswith("#1 · pending")
    press(page, "f")
    assert review.line().startswith("#2 · pending")
    press(page, "r", "s")
    assert review.states() == ["accepted", "rejected", "unsure"]
    assert "All masks are decided" in review.line()


def test_undo_and_redo_reach_back_across_images_and_reloads(review, page):
    review.open(2)
    press(page, "f")
    review.open(3)
    press(page, "r")
    page.reload()
    review_state(page, "ready")
    page.keyboard.press("Control+z")
    page.wait_for_function("document.querySelector('.notice').textContent.startsWith('Undone')")
    assert review.states() == ["pending"] * 3
    page.keyboard.press("Control+z")
    page.wait_for_selector("html[data-image='2']")
    review.number = 2
    assert review.states() == ["pending"] * 3
    assert review.line().startswith("#1 · pending")
    page.keyboard.press("Control+Shift+Z")
    page.wait_for_function("document.querySelector('.notice').textContent.startsWith('Redone')")
    assert review.states() == ["accepted", "pending", "pending"]


def test_all_at_once_is_one_step(review, page):
    review.open(4)
    press(page, "Shift+F")
    assert review.states() == ["accepted"] * 3
    page.keyboard.press("Control+z")
    page.wait_for_function("document.querySelector('.count.is-pending').textContent === '3 pending'")
    assert review.states() == ["pending"] * 3


def test_a_click_takes_the_smallest_and_then_goes_outwards(review, page):
    review.open(5)
    review.click_image(0, 0)
    assert review.line().startswith("#3"), "the single pixel lies on the top half"
    review.click_image(0, 0)
    assert review.line().startswith("#1")
    review.click_image(0, 0)
    assert review.line().startswith("#3")
    review.click_image(40, 5)
    first = review.line()[:2]
    review.click_image(40, 5)
    assert {first, review.line()[:2]} == {"#1", "#2"}
    review.click_image(5, 30)
    assert "Tab selects the next mask" in review.line()


def test_the_slider_hides_and_never_deletes(review, page):
    review.open(6)
    page.locator("#hide-below").evaluate(
        "(slider) => { slider.value = 700; slider.dispatchEvent(new Event('input', {bubbles: true})); }"
    )
    assert "2 hidden below" in page.inner_text(".histogram output")
    press(page, "Shift+R")
    assert review.states() == ["rejected", "pending", "pending"], "what is hidden stays as it is"
    assert "hidden by the slider" in review.line() or "Tab selects" in review.line()
    page.locator("#hide-below").evaluate(
        "(slider) => { slider.value = 0; slider.dispatchEvent(new Event('input', {bubbles: true})); }"
    )
    assert review.line().startswith("#2 · pending"), "what is shown again is next"


def test_typing_never_decides_and_names_go_to_masks(review, page):
    review.open(7)
    page.click(".category-add input")
    page.keyboard.type("frog sofa")
    page.keyboard.press("Enter")
    review_state(page, "saved")
    assert review.states() == ["pending"] * 3, "f, r and s were letters"
    assert "frog sofa" in review.line()
    press(page, "Tab", "1")
    names = {c["id"]: c["name"] for c in page.evaluate("fetch('/api/overview').then(r => r.json())")["categories"]}
    masks = page.evaluate("fetch('/api/images/7').then(r => r.json())")["instances"]
    assert [names[mask["category_id"]] for mask in masks[:2]] == ["frog sofa", "object"]
    press(page, "Tab", "y")
    masks = page.evaluate("fetch('/api/images/7').then(r => r.json())")["instances"]
    assert names[masks[2]["category_id"]] == "object"


def test_keys_rest_in_dialogs_and_on_other_screens(review, page):
    review.open(8)
    page.keyboard.press("?")
    assert page.is_visible("dialog.key-sheet")
    assert "Accept the mask" in page.inner_text("dialog.key-sheet")
    page.keyboard.press("f")
    page.keyboard.press("Escape")
    assert not page.is_visible("dialog.key-sheet")
    page.click("#tabs [role=tab][data-tab-id=queue]")
    page.keyboard.press("f")
    page.click("#tabs [role=tab][data-tab-id=review]")
    page.wait_for_selector(".review .stage canvas")
    page.wait_for_timeout(500)
    assert review.states() == ["pending"] * 3
    page.click(".mask-row >> nth=0")
    press(page, "f")
    assert review.states() == ["accepted", "pending", "pending"], "a clicked row does not keep the keys"


def test_a_held_key_decides_once(review, page):
    review.open(9)
    page.keyboard.down("f")
    page.keyboard.down("f")
    page.keyboard.down("f")
    page.keyboard.up("f")
    review_state(page, "saved")
    assert review.states() == ["accepted", "pending", "pending"]


def test_without_an_answer_decisions_wait_and_survive_a_reload(review, page, server):
    page.watch.expected += ["Failed to load resource", "ERR_FAILED"]
    review.open(10)
    page.route("**/api/decisions", lambda route: route.abort())
    page.keyboard.press("f")
    page.keyboard.press("r")
    review_state(page, "error")
    assert "Offline: 2 decisions not saved yet" in page.inner_text(".notice")
    assert review.states() == ["pending"] * 3
    page.unroute("**/api/decisions")
    page.reload()
    server.wait_for(lambda _now: review.states() == ["accepted", "rejected", "pending"], seconds=15)
    page.wait_for_function("localStorage.getItem('annotator:unsaved') === null")


def test_a_conflict_shows_theirs_and_can_be_insisted_on(review, new_page, page):
    page.watch.expected.append("409")
    other = new_page()
    review.open(11)
    other.goto(page.url)
    review_state(other, "ready")
    press(page, "r")
    other.keyboard.press("f")
    other.wait_for_selector(".notice.stays button")
    assert "changed elsewhere" in other.inner_text(".notice")
    assert other.get_attribute(".mask-row >> nth=0", "class").split() >= ["mask-row", "is-rejected"]
    assert review.states()[0] == "rejected"
    other.click(".notice button")
    review_state(other, "saved")
    assert review.states()[0] == "accepted"


def test_enter_finishes_and_the_last_image_ends_the_queue(review, page, server):
    review.open(12)
    page.keyboard.press("Enter")
    page.wait_for_function("document.documentElement.dataset.image !== '12'")
    assert server.api("images/12")["status"] == "done"
    for _ in range(IMAGES):
        if page.is_visible(".review-message"):
            break
        before = page.get_attribute("html", "data-image")
        page.keyboard.press("Enter")
        page.wait_for_function(
            "(before) => document.documentElement.dataset.image !== before"
            " || !document.querySelector('.review-message').hidden",
            arg=before,
        )
    assert "All images are done" in page.inner_text(".review-message")
    assert server.api("overview")["images"]["done"] == IMAGES
    page.keyboard.press("Control+z")
    page.wait_for_function("document.querySelector('.review-message').hidden")
    assert server.api("overview")["images"]["done"] == IMAGES - 1


def test_the_queue_filters_searches_and_opens(review, page, server):
    page.goto(f"{server.url}/#/queue")
    page.wait_for_selector(".queue-row")
    page.click(".queue-filters [data-status=error]")
    page.wait_for_selector(".queue-empty:not([hidden])")
    page.click(".queue-filters [data-status='']")
    page.fill(".queue-head input", "n03")
    page.wait_for_function("document.querySelectorAll('.queue-row').length === 1")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    page.wait_for_function("location.hash.startsWith('#/review/')")
    page.wait_for_function("document.querySelector('.image-name')?.textContent === 'n03.png'")


def test_a_huge_queue_stays_small_in_the_page(page, server):
    rows = [
        {"id": n + 1, "name": f"image {n}.jpg", "status": "todo", "width": 4, "height": 3, "masks": 1, "note": "",
         "pending": 1, "accepted": 0, "rejected": 0, "unsure": 0, "error": None}
        for n in range(100)
    ]  # fmt: skip
    page.route("**/api/images?*", lambda route: route.fulfill(json={"total": 100_000, "rows": rows}))
    page.route("**/thumbnail*", lambda route: route.fulfill(status=204))
    page.goto(f"{server.url}/#/queue")
    page.wait_for_selector(".queue-row")
    page.locator(".queue-rows").evaluate("(list) => { list.scrollTop = list.scrollHeight; }")
    page.wait_for_selector(".queue-row[aria-posinset='100000']")
    assert page.locator(".queue-row").count() < 60


def test_modules_agree_with_pycocotools(page, server):
    from pycocotools import mask as coco_mask

    from freesolo.codecs import coco_rle
    from tests.golden import golden_masks

    page.goto(f"{server.url}/#/queue")
    for name, mask in golden_masks().items():
        counts = coco_rle.encode(mask).decode()
        height, width = mask.shape
        box = coco_mask.toBbox({"size": [height, width], "counts": counts.encode()}).astype(int).tolist()
        result = page.evaluate(
            """async ([counts, height, width, box]) => {
              const {decode, encode} = await import('/static/js/rle.js');
              const {partsAndHoles} = await import('/static/js/review/outline.js');
              const bitmap = decode(counts, height, box);
              return [bitmap.data.reduce((sum, v) => sum + v, 0), encode(bitmap, height, width), partsAndHoles(bitmap)];
            }""",
            [counts, height, width, box],
        )
        assert result[:2] == [int(mask.sum()), counts], name
        if name in ("donut", "nested island", "two parts"):
            assert (
                result[2]
                == {
                    "donut": {"parts": 1, "holes": 1},
                    "nested island": {"parts": 2, "holes": 1},
                    "two parts": {"parts": 2, "holes": 0},
                }[name]
            ), json.dumps(result[2])
