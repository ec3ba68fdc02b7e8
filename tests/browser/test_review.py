"""The Review screen in a real browser: what keys, clicks and the slider do."""

import pytest

from tests.browser.review_page import Review, proposed
from tests.browser.test_main_job import review_state
from tests.browser.test_screens import serious

IMAGES = 20


@pytest.fixture(scope="module")
def server(make_server, tmp_path_factory, chromium):
    return proposed(make_server, tmp_path_factory.mktemp("review"), chromium, IMAGES)


@pytest.fixture
def review(server, page):
    return Review(page, server)


def test_each_key_decides_and_goes_on(review):
    review.open(1)
    assert review.line().startswith("#1 · pending · score 0.90 · area 50.0 % · 1 part")
    review.press("f")
    assert review.line().startswith("#2 · pending")
    review.press("r", "s")
    assert review.states() == ["accepted", "rejected", "unsure"]
    assert review.counts() == {"pending": 0, "accepted": 1, "rejected": 1, "unsure": 1}
    assert "All masks are decided" in review.line()


def test_a_decision_is_shown_before_the_server_hears_of_it(review, page):
    review.open(1)
    page.route("**/api/decisions", lambda route: None)  # no answer, ever
    page.keyboard.press("Tab")
    page.keyboard.press("r")
    page.wait_for_function("document.querySelector('.count.is-rejected b').textContent === '2'", timeout=1000)


def test_without_auto_advance_a_decision_stays(review, page):
    review.open(13)
    page.keyboard.press("t")
    assert page.get_attribute("[data-action=auto-advance]", "aria-pressed") == "false"
    review.press("f")
    assert review.line().startswith("#1 · accepted")
    review.press("r")
    assert review.states() == ["rejected", "pending", "pending"], "the same mask again"


def test_undo_and_redo_reach_back_across_images_and_reloads(review, page):
    review.open(2)
    review.press("f")
    review.open(3)
    review.press("r")
    page.reload()
    review_state(page, "ready")
    page.keyboard.press("Control+z")
    review.wait_for_notice("Undone")
    assert review.states() == ["pending"] * 3
    page.keyboard.press("Control+z")
    page.wait_for_selector("html[data-image='2']")
    review.number = 2
    review.wait_for_notice("Undone")
    assert review.states() == ["pending"] * 3
    assert review.line().startswith("#1 · pending")
    page.keyboard.press("Control+Shift+Z")
    review.wait_for_notice("Redone")
    assert review.states() == ["accepted", "pending", "pending"]


def test_what_is_typed_fast_lands_in_order(review, page):
    """Undo and the next image wait for the server; presses after them wait with them and reach the right masks."""
    review.open(2)
    before = review.states()
    page.evaluate(
        """() => {
          const press = (key, more) => document.dispatchEvent(
            new KeyboardEvent('keydown', {key, bubbles: true, cancelable: true, ...more}));
          press('r'); press('s'); press('z', {ctrlKey: true}); press('z', {ctrlKey: true}); press('d'); press('f');
        }"""
    )
    page.wait_for_selector("html[data-image='3']")
    review_state(page, "saved")
    assert review.states() == before
    review.number = 3
    assert review.states() == ["accepted", "pending", "pending"]


def test_all_at_once_is_one_step(review, page):
    review.open(4)
    review.press("Shift+F")
    assert review.states() == ["accepted"] * 3
    review.wait_for_notice("All 3 pending masks shown are accepted")
    page.keyboard.press("Control+z")
    page.wait_for_function("document.querySelector('.count.is-pending b').textContent === '3'")
    assert review.states() == ["pending"] * 3


def test_a_click_takes_the_smallest_and_then_goes_outwards(review):
    review.open(5)
    review.click(0, 0)
    assert review.line().startswith("#3"), "the single pixel lies on the top half"
    review.click(0, 0)
    assert review.line().startswith("#1")
    review.click(0, 0)
    assert review.line().startswith("#3")
    review.click(40, 5)
    first = review.line()[:2]
    review.click(40, 5)
    assert {first, review.line()[:2]} == {"#1", "#2"}
    review.click(5, 30)
    assert "Tab selects the next mask" in review.line()


def test_backspace_goes_back_to_the_last_decisions(review, page):
    review.open(5)
    review.press("f")
    page.keyboard.press("d")
    page.wait_for_selector("html[data-image='6']")
    review.press("s")
    page.keyboard.press("Backspace")
    assert review.line().startswith("#1 · unsure")
    page.keyboard.press("Backspace")
    page.wait_for_selector("html[data-image='5']")
    page.wait_for_function("document.querySelector('.mask-line').textContent.startsWith('#1 · accepted')")
    review.press("r")
    assert review.states()[0] == "rejected"


def test_the_slider_hides_and_never_deletes(review, page):
    review.open(7)
    review.slide(700)
    assert "2 hidden below 0.66" in page.inner_text(".histogram output")
    review.press("Shift+R")
    assert review.states() == ["rejected", "pending", "pending"], "what is hidden stays as it is"
    assert "2 pending masks hidden by the slider" in review.line()
    page.keyboard.press("d")
    page.wait_for_selector("html[data-image='8']")
    assert "2 hidden below 0.66" in page.inner_text(".histogram output"), "the handle keeps its score"
    page.keyboard.press("a")
    page.wait_for_selector("html[data-image='7']")
    review.slide(0)
    assert review.line().startswith("#2 · pending"), "what is shown again is next"


def test_rejected_masks_are_gone_from_sight_until_asked_for(review, page):
    review.open(8)
    page.keyboard.press("Tab")
    review.press("r")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    review.click(40, 30)
    assert "Tab selects" in review.line(), "the right half cannot be clicked"
    page.keyboard.press("Shift+V")
    review.click(40, 30)
    assert review.line().startswith("#2 · rejected")


def test_typing_never_decides_and_names_go_to_masks(review, page):
    review.open(9)
    page.keyboard.press("+")
    page.keyboard.type("frog sofa")
    page.keyboard.press("Enter")
    review_state(page, "saved")
    assert review.states() == ["pending"] * 3, "f, r and s were letters"
    assert "frog sofa" in review.line()
    review.press("Tab", "1")
    names = {category["id"]: category["name"] for category in review.server.api("overview")["categories"]}
    assert [names[mask["category_id"]] for mask in review.masks()[:2]] == ["frog sofa", "object"]
    review.press("Tab", "y")
    assert names[review.masks()[2]["category_id"]] == "object"
    page.keyboard.press("9")
    review.wait_for_notice("No category has the key 9 yet")


def test_keys_rest_in_dialogs_and_on_other_screens(review, page):
    review.open(10)
    page.keyboard.press("?")
    assert page.is_visible("dialog.key-sheet")
    assert "Accept the mask" in page.inner_text("dialog.key-sheet")
    page.keyboard.press("f")
    page.keyboard.press("Escape")
    assert not page.is_visible("dialog.key-sheet")
    page.click("#tabs [role=tab][data-tab-id=queue]")
    page.keyboard.press("f")
    page.click("#tabs [role=tab][data-tab-id=review]")
    page.locator(".stage").wait_for()
    page.wait_for_timeout(500)
    assert review.states() == ["pending"] * 3
    page.click(".mask-row >> nth=0")
    review.press("f")
    assert review.states() == ["accepted", "pending", "pending"], "a clicked row does not keep the keys"
    page.click("[data-action=unsure]")
    review.press("r")
    assert review.states() == ["accepted", "unsure", "rejected"], "nor does a clicked button"


def test_the_screen_has_the_keys_once_it_was_chosen_by_mouse_or_key(review, page):
    review.open(12)
    page.click("#tabs [role=tab][data-tab-id=review]")
    page.keyboard.press("Tab")
    assert review.line().startswith("#2 ·")
    page.focus("#tabs [role=tab][data-tab-id=review]")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert review.line().startswith("#3 ·")


def test_a_held_key_decides_once(review, page):
    review.open(11)
    page.keyboard.down("f")
    page.keyboard.down("f")
    page.keyboard.down("f")
    page.keyboard.up("f")
    review_state(page, "saved")
    assert review.states() == ["accepted", "pending", "pending"]


def test_keys_of_other_keyboards(review, page):
    """Where a key writes no Latin letter its place counts; digits count where they need Shift."""
    review.open(11)
    press = """([key, code]) => document.dispatchEvent(
        new KeyboardEvent('keydown', {key, code, bubbles: true, cancelable: true}))"""
    page.evaluate(press, ["к", "KeyR"])
    review_state(page, "saved")
    assert review.states()[1] == "rejected"
    page.evaluate(press, ["&", "Digit1"])
    review_state(page, "saved")
    assert review.masks()[2]["category_id"] is not None


def test_the_focus_can_go_everywhere_by_keyboard(review, page):
    review.open(11)
    parts = ".tools, .image-head, .filmstrip, .histogram, .mask-list, .categories"
    seen = set()
    for _ in range(7):
        page.keyboard.press("F6")
        seen.add(page.evaluate("(parts) => document.activeElement.closest(parts)?.className.split(' ')[0]", parts))
    assert seen >= {"tools", "image-head", "filmstrip", "histogram", "mask-list", "categories"}


def test_the_view_zooms_where_the_pointer_is_and_comes_back(review, page):
    review.open(12)
    review.click(0, 0)
    x, y = review.place(0, 0)
    for _ in range(4):
        page.mouse.wheel(0, -200)
        page.wait_for_timeout(30)
    page.mouse.click(x, y)
    assert review.line().startswith("#1"), "the same pixel is still under the pointer: the next mask outwards"
    page.mouse.move(x + 60, y + 60)
    page.mouse.down()
    page.mouse.move(x + 160, y + 120, steps=4)
    page.mouse.up()
    assert review.line().startswith("#1"), "a drag moves the image and selects nothing"
    page.keyboard.press("Shift+Z")
    review.click(0, 0)
    assert review.line().startswith("#3")


def test_the_bare_image_while_a_key_is_held(review, page):
    review.open(12)
    page.keyboard.down("v")
    page.wait_for_selector(".layer.masks", state="hidden")
    page.keyboard.up("v")
    page.wait_for_selector(".layer.masks", state="visible")


def test_masks_are_painted_where_they_are(review, page):
    """Colours of the mask layer at image pixels: outside nothing, the pending fill inside, green once accepted."""
    review.open(15)
    page.keyboard.press("Escape")

    def colour(x, y):
        page.wait_for_timeout(100)
        box = page.locator(".stage").bounding_box()
        left, top = review.place(x, y)
        return page.evaluate(
            """([x, y]) => [...document.querySelector('.layer.masks').getContext('2d')
                .getImageData(Math.round(x), Math.round(y), 1, 1).data]""",
            [left - box["x"], top - box["y"]],
        )

    assert colour(5, 30) == [0, 0, 0, 0]
    assert 80 <= colour(10, 10)[3] <= 100, "35 % of 255"
    page.click(".mask-row >> nth=0")
    review.press("f")
    red, green, blue, alpha = colour(10, 10)
    assert green > max(red, blue)
    assert 45 <= alpha <= 57, "20 % of 255"
    page.keyboard.press("o")
    assert colour(10, 10)[3] == 0, "only outlines"


def test_touch_selects_pans_and_pinches(new_page, server):
    page = new_page(width=390, height=844, has_touch=True, is_mobile=True, device_scale_factor=2)
    review = Review(page, server)
    review.open(14)
    page.touchscreen.tap(*review.place(40, 30))
    assert review.line().startswith("#2")
    session = page.context.new_cdp_session(page)

    def touch(kind, *points):
        fingers = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(points)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers})

    x, y = review.place(24, 18)
    touch("touchStart", (x - 30, y))
    touch("touchStart", (x - 30, y), (x + 30, y))
    for spread in range(30, 150, 20):
        touch("touchMove", (x - spread, y), (x + spread, y))
    touch("touchEnd")
    page.wait_for_timeout(200)
    assert review.line().startswith("#2"), "a pinch selects nothing"
    page.touchscreen.tap(*review.place(30, 6))
    first = review.line()[:2]
    page.touchscreen.tap(*review.place(30, 6))
    assert {first, review.line()[:2]} == {"#1", "#2"}, "zoomed in around the centre, above it lie both halves"
    page.tap("[data-action=reject]")
    review_state(page, "saved")
    assert "rejected" in review.states()


def test_a_finger_that_rests_takes_the_next_larger_mask(new_page, server):
    page = new_page(width=820, height=1180, has_touch=True, is_mobile=True)
    review = Review(page, server)
    review.open(16)
    session = page.context.new_cdp_session(page)

    page.touchscreen.tap(*review.place(0, 0))
    assert review.line().startswith("#3"), "a tap takes the smallest"
    left, top = review.place(0, 0)
    session.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": left, "y": top, "id": 0}]})
    page.wait_for_function("document.querySelector('.mask-line').textContent.startsWith('#1')")
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    page.wait_for_timeout(300)
    assert review.line().startswith("#1"), "lifting the finger is no tap"


def test_the_picture_is_adjusted_and_the_masks_are_not(review, page):
    review.open(12)
    page.keyboard.press("Escape")
    colours = """() => ['picture', 'masks'].map((layer) => {
        const canvas = document.querySelector(`.layer.${layer}`);
        return [canvas.style.filter, canvas.getContext('2d').getImageData(300, 300, 1, 1).data.join()];
      })"""
    before = page.evaluate(colours)
    page.keyboard.press("Shift+ArrowUp")
    review.wait_for_notice("Brightness +5 %")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("PageUp")
    review.wait_for_notice("Gamma 1.08")
    picture, masks = page.evaluate(colours)
    assert picture == ['url("#picture-levels")', before[0][1]], "the filter does it; nothing is drawn again"
    assert masks == before[1]
    curve = [float(value) for value in page.get_attribute("#picture-levels feFuncG", "tableValues").split()]
    assert curve == sorted(curve)
    assert curve[32] > 0.5
    page.keyboard.press("d")
    page.wait_for_selector("html[data-image='13']")
    assert page.evaluate(colours)[0][0] == "", "the next image is as it is"
    page.keyboard.press("a")
    page.wait_for_selector("html[data-image='12']")
    assert page.evaluate(colours)[0][0] != "", "this one is as it was left"
    page.keyboard.press("Shift+O")
    page.get_by_label("Keep for the next images").check()
    page.keyboard.press("Escape")
    page.keyboard.press("d")
    page.wait_for_selector("html[data-image='13']")
    assert page.evaluate(colours)[0][0] != "", "kept for the next image"
    page.keyboard.press("Home")
    assert page.evaluate(colours)[0][0] == ""


def test_decisions_are_read_out(review, page):
    review.open(11)
    live = "document.querySelector('.review [aria-live]').textContent"
    page.click(".mask-row >> nth=2")
    page.keyboard.press("s")
    page.wait_for_function(f"{live}.startsWith('Mask 3 unsure. ')")
    review_state(page, "saved")


def test_enter_finishes_and_the_last_image_ends_the_queue(review, page, server):
    review.open(14)
    page.keyboard.press("Enter")
    page.wait_for_function("document.documentElement.dataset.image !== '14'")
    server.wait_for(lambda _now: server.api("images/14")["status"] == "done")
    for _ in range(IMAGES):
        before = page.get_attribute("html", "data-image")
        if before is None:
            break
        page.keyboard.press("Enter")
        page.wait_for_function("(before) => document.documentElement.dataset.image !== before", arg=before)
    assert "All images are done" in page.inner_text(".board")
    assert page.get_attribute(".board a >> nth=0", "href") == "#/export"
    assert server.api("overview")["images"]["done"] == IMAGES
    page.keyboard.press("Control+z")
    page.wait_for_selector(".board", state="hidden")
    assert server.api("overview")["images"]["done"] == IMAGES - 1


def test_names_are_suggested_from_masks_that_look_alike_and_given_by_a_key(review, page):
    """The stand-in's masks look the same on every image."""
    review.open(16)
    page.fill(".category-add input", "window")
    page.keyboard.press("Enter")
    page.wait_for_selector(".category-buttons button:has-text('window')[aria-pressed=true]")
    review.press("f")
    page.keyboard.press("d")  # made ready before anything had a name
    page.wait_for_selector("html[data-image='17']")
    page.wait_for_selector(".mask-line:has-text('looks like window (est. ')")
    review.number = 17
    assert page.inner_text(".mask-row .name >> nth=0") == "window?"
    assert page.is_visible(".category-buttons .is-likely:has-text('window')")
    review.press("Shift+Y")
    assert " · window · " in review.line()
    window = review.masks()[0]["category_id"]
    assert review.server.api(f"images/{review.number}")["instances"][0]["state"] == "pending"
    review.open(18)
    page.keyboard.press("Shift+N")
    assert page.is_checked(".category-naming input")
    assert "F names it so" in review.line()
    review.press("f")
    assert next((mask["state"], mask["category_id"]) for mask in review.masks()) == ("accepted", window)
    page.keyboard.press("Control+z")
    review.wait_for_notice("Undone: 1 mask accepted and named")
    assert next((mask["state"], mask["category_id"]) for mask in review.masks()) == ("pending", None)


def test_the_history_tells_what_was_decided_and_leads_to_the_mask(review, page):
    review.open(19)
    review.press("f", "r")
    page.keyboard.press("Control+z")
    review.wait_for_notice("Undone")
    page.keyboard.press("i")
    page.wait_for_selector(".history-panel:not([hidden])")
    rows = page.locator(".history-panel [role=option]")
    assert [text.split("\n")[0] for text in rows.all_inner_texts()][:2] == ["1 mask rejected", "1 mask accepted"]
    assert [("is-undone" in (row.get_attribute("class") or "")) for row in rows.all()][:2] == [True, False]
    before = rows.count()
    assert serious(page) == []
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert review.line().startswith("#1 · accepted")
    review.press("s")  # keys go on working, and the list hears of it
    page.wait_for_function(
        "(rows) => document.querySelectorAll('.history-panel [role=option]').length === rows", arg=before + 1
    )
    page.keyboard.press("Escape")
    assert page.is_hidden(".history-panel")
    assert review.states()[0] == "unsure"
