"""The Quality screen in a real browser: numbers, lists that open masks, the map with its lasso, and the blind check by keys."""

import pytest

from tests.browser.review_page import proposed

IMAGES = 4


@pytest.fixture(scope="module")
def server(make_server, tmp_path_factory, chromium):
    """Four images with three masks each; of the first two the first mask is accepted and the second rejected."""
    server = proposed(make_server, tmp_path_factory.mktemp("quality"), chromium, IMAGES)
    operations = []
    for image_id in (1, 2):
        for mask, state in zip(server.api(f"images/{image_id}")["instances"], ("accepted", "rejected"), strict=False):
            name = f"quality-{mask['id']}"
            about = {"image_id": image_id, "instance_id": mask["id"], "revision": mask["revision"]}
            operations.append({"key": name, "group": name, "action": "state", "state": state, **about})
    server.api("decisions", json={"operations": operations})
    return server


@pytest.fixture
def quality(server, page):
    page.goto(f"{server.url}/#/quality")
    page.wait_for_selector(".is-map .quality-words:has-text('12 masks')")
    return page


def test_the_numbers_and_the_forecast_are_told(quality):
    figures = quality.locator(".quality-figure").all_inner_texts()
    assert [text.split("\n")[0] for text in figures] == ["–", "33 %", "2", "50 %"]
    assert "8 masks wait. A forecast needs 50 decisions" in quality.inner_text(".is-progress")
    assert quality.locator(".quality-bar span").count() == 3


def test_a_row_of_the_checks_opens_its_mask_in_review(quality, server):
    quality.wait_for_function("document.querySelector('[data-kind=border] .number').textContent === '2'")
    quality.click("[data-kind=border] summary")
    quality.click("[data-kind=border] a >> nth=1")
    quality.wait_for_selector("html[data-image='2']")
    quality.wait_for_function("document.querySelector('.mask-line').textContent.startsWith('#1 · accepted')")


def test_the_blind_check_goes_by_keys_and_changes_no_decision(quality, server):
    before = server.api("overview")["instances"]
    quality.click(".blind-start")
    for number in range(1, 5):
        quality.wait_for_function(f"document.querySelector('.blind-place').textContent === '{number} of 4'")
        quality.wait_for_selector(".blind-stage:not([data-shown=''])")
        quality.keyboard.press("f")
    quality.wait_for_selector(".is-blind .quality-words:has-text('2 of 4 masks judged as before: 50 %')")
    assert quality.locator(".is-blind .quality-rows small").all_inner_texts() == ["was rejected, now accepted"] * 2
    assert server.api("overview")["instances"] == before


def test_a_rope_around_points_opens_their_images_in_the_queue(quality):
    quality.locator("canvas.map").scroll_into_view_if_needed()
    box = quality.locator("canvas.map").bounding_box()
    corners = [(2, 2), (box["width"] - 2, 2), (box["width"] - 2, box["height"] - 2), (2, box["height"] - 2)]
    quality.mouse.move(box["x"] + 2, box["y"] + 2)
    quality.mouse.down()
    for x, y in corners[1:]:
        quality.mouse.move(box["x"] + x, box["y"] + y, steps=3)
    quality.mouse.up()
    quality.wait_for_selector(".queue-filters [data-status=picked][aria-pressed=true]")
    quality.wait_for_function(
        f"document.querySelectorAll('.queue-item.is-todo, .queue-item.is-doing').length === {IMAGES}"
    )


def test_the_map_goes_by_keys(quality):
    quality.focus("canvas.map")
    quality.keyboard.press("ArrowLeft")
    quality.keyboard.press("ArrowRight")
    quality.wait_for_selector(".map-preview:not([hidden])")
    quality.keyboard.press("Enter")
    quality.wait_for_function("location.hash.startsWith('#/review/')")
    quality.wait_for_selector("html[data-image]")


def test_a_ring_around_a_point_opens_the_images_of_its_masks_by_keys(quality):
    quality.focus("canvas.map")
    quality.keyboard.press("ArrowLeft")
    said = quality.locator(".map-preview span")
    alone = said.inner_text()
    quality.keyboard.press("+")
    assert said.inner_text().split()[1] in ("mask", "masks")
    quality.keyboard.press("Escape")
    assert said.inner_text() == alone
    for _ in range(30):
        quality.keyboard.press("+")
    assert said.inner_text() == "12 masks"
    quality.keyboard.press("Enter")
    quality.wait_for_selector(".queue-filters [data-status=picked][aria-pressed=true]")
    quality.wait_for_function(
        f"document.querySelectorAll('.queue-item.is-todo, .queue-item.is-doing').length === {IMAGES}"
    )


def test_names_are_text_and_never_code(server, page):
    evil = "<img src=x onerror=alert(1)>"
    page.on("dialog", lambda _dialog: pytest.fail("a name ran as code"))
    row = {"image_id": 1, "instance_id": 1, "name": evil, "detail": evil}
    kinds = ("overlap", "parts", "holes", "tiny", "border")
    answer = {"waiting": 0, "counts": dict.fromkeys(kinds, 1), "rows": {kind: [row] for kind in kinds}}
    page.route("**/api/quality/checks", lambda route: route.fulfill(json=answer))
    page.goto(f"{server.url}/#/quality")
    page.wait_for_selector(".is-checks .quality-rows a", state="attached")
    assert page.locator(".is-checks .name").first.text_content() == evil
    assert page.locator(".is-checks img").count() == 0


def test_the_screen_fits_a_phone(server, new_page):
    page = new_page(width=390, height=844)
    page.goto(f"{server.url}/#/quality")
    page.wait_for_selector(".is-map .quality-words:has-text('12 masks')")
    assert page.evaluate("document.querySelector('.quality').scrollWidth <= innerWidth")
