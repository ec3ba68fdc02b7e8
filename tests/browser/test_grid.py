"""The Grid by keys: move, select, decide, name, undo, open in Review; and what it says when others were faster."""

import pytest

from tests.browser.review_page import proposed

IMAGES = 15
"""Forty-five masks: a full page and five."""


@pytest.fixture(scope="module")
def server(make_server, tmp_path_factory, chromium):
    return proposed(make_server, tmp_path_factory.mktemp("grid"), chromium, IMAGES)


@pytest.fixture
def grid(server, page):
    """The Grid with every mask pending."""
    while server.api("undo", json={})["image_id"] is not None:
        pass
    page.goto(f"{server.url}/#/grid")
    ready(page)
    return page


def ready(page):
    page.wait_for_selector("html[data-grid=ready], html[data-grid=saved]")
    page.wait_for_selector(".card-crop")


def press(page, *keys):
    for key in keys:
        page.keyboard.press(key)
    page.wait_for_selector("html[data-grid=saved]")


def cursor(page):
    return int(page.get_attribute(".at-cursor", "data-place"))


def classes(page, place):
    return page.get_attribute(f".card-crop[data-place='{place}']", "class").split()


def shown(page):
    return page.locator(".card-crop").evaluate_all("(cards) => cards.map((card) => Number(card.dataset.id))")


def notice(page, start):
    page.wait_for_function(
        "(start) => document.querySelector('.mask-grid .notice').textContent.startsWith(start)", arg=start
    )


def totals(server):
    return server.api("overview")["instances"]


def test_crops_come_best_first_with_pictures(grid, server):
    assert len(shown(grid)) == 40
    assert shown(grid) == server.api("grid")["ids"][:40]
    grid.wait_for_function(
        "[...document.querySelectorAll('.grid-crops img')].every((picture) => picture.complete && picture.naturalWidth > 0)"
    )
    assert "45 masks" in grid.inner_text(".grid-heading")
    assert "not yet calibrated" in grid.inner_text(".grid-heading")


def test_a_decided_crop_stays_in_its_place_and_the_cursor_goes_on(grid, server):
    before = shown(grid)
    press(grid, "f", "r", "s")
    assert shown(grid) == before
    assert [next(name for name in classes(grid, place) if name.startswith("is-")) for place in range(4)] == [
        "is-accepted",
        "is-rejected",
        "is-unsure",
        "is-pending",
    ]
    assert cursor(grid) == 3
    assert totals(server) == {"pending": 42, "accepted": 1, "rejected": 1, "unsure": 1}
    assert grid.locator("[data-saved]").text_content().startswith("Saved ")


def test_arrows_move_and_pages_turn(grid):
    columns = grid.evaluate(
        "getComputedStyle(document.querySelector('.grid-crops')).gridTemplateColumns.split(' ').length"
    )
    grid.keyboard.press("ArrowRight")
    grid.keyboard.press("ArrowDown")
    assert cursor(grid) == 1 + columns
    grid.keyboard.press("ArrowLeft")
    grid.keyboard.press("ArrowUp")
    assert cursor(grid) == 0
    grid.keyboard.press("End")
    assert cursor(grid) == 39
    grid.keyboard.press("PageDown")
    assert len(shown(grid)) == 5
    assert grid.inner_text(".grid-place") == "2 / 2"
    grid.keyboard.press("PageDown")
    notice(grid, "This is the last page.")
    grid.keyboard.press("ArrowLeft")
    assert (cursor(grid), len(shown(grid))) == (39, 40)
    grid.keyboard.press("Home")
    assert cursor(grid) == 0


def test_a_range_is_one_step_for_undo(grid, server):
    for _ in range(4):
        grid.keyboard.press("Shift+ArrowRight")
    assert grid.locator(".is-chosen").count() == 5
    press(grid, "f")
    assert totals(server)["accepted"] == 5
    notice(grid, "5 masks accepted.")
    grid.keyboard.press("Control+z")
    notice(grid, "Undone: 5 masks accepted.")
    assert totals(server)["accepted"] == 0
    assert grid.locator(".card-crop.is-accepted").count() == 0
    grid.keyboard.press("Control+Shift+Z")
    notice(grid, "Redone: 5 masks accepted.")
    assert grid.locator(".card-crop.is-accepted").count() == 5
    press(grid, "r")
    assert totals(server) == {"pending": 40, "accepted": 4, "rejected": 1, "unsure": 0}, (
        "revisions after redo are known"
    )


def test_clicks_select_too(grid, server):
    grid.click(".card-crop[data-place='2']")
    grid.click(".card-crop[data-place='5']", modifiers=["Shift"])
    grid.click(".card-crop[data-place='9']", modifiers=["Control"])
    assert grid.locator(".is-chosen").count() == 5
    grid.keyboard.press(" ")
    assert grid.locator(".is-chosen").count() == 4
    press(grid, "s")
    assert totals(server)["unsure"] == 4
    grid.keyboard.press("Escape")
    assert grid.locator(".is-chosen").count() == 0


def test_the_rest_of_the_page_leaves_what_is_decided_and_the_next_page(grid, server):
    press(grid, "f", "f", "Shift+R")
    assert totals(server) == {"pending": 5, "accepted": 2, "rejected": 38, "unsure": 0}
    notice(grid, "38 masks of the page rejected.")
    grid.keyboard.press("PageDown")
    press(grid, "Shift+F")
    assert totals(server) == {"pending": 0, "accepted": 7, "rejected": 38, "unsure": 0}


def test_a_page_is_named_by_one_key(grid, server):
    grid.keyboard.press("Control+a")
    assert grid.locator(".is-chosen").count() == 40
    press(grid, "1")
    name = server.api("overview")["categories"][0]["name"]
    notice(grid, f"40 masks named {name}.")
    assert grid.inner_text(".card-crop[data-place='39'] .name") == name
    named = server.api(f"grid?category={server.api('overview')['categories'][0]['id']}")
    assert named["total"] == 40


def test_enter_opens_that_mask_in_review_and_back_shows_what_was_decided_there(grid, server):
    grid.keyboard.press("ArrowRight")
    mask = shown(grid)[1]
    grid.keyboard.press("Enter")
    grid.wait_for_selector("html[data-review=ready]")
    grid.wait_for_selector(f"#mask-{mask}[aria-selected=true]")
    grid.keyboard.press("r")
    grid.wait_for_selector("html[data-review=saved]")
    grid.evaluate("location.hash = '#/grid'")
    grid.wait_for_selector(f"#crop-{mask}.is-rejected")
    grid.keyboard.press("ArrowRight")
    press(grid, "f")
    assert totals(server)["accepted"] == 1


def test_look_alikes_are_judged_and_named_as_one(grid, server):
    grid.keyboard.press("l")
    ready(grid)
    # The stand-in gives every image the same three embeddings: all masks are one group, of which a page shows forty.
    grid.wait_for_selector(".grid-heading:has-text('Look-alikes 1 of 1: 45 masks')")
    press(grid, "Shift+R")
    assert totals(server)["rejected"] == 45
    grid.keyboard.press("Control+z")
    grid.wait_for_function("!document.querySelector('.card-crop.is-rejected')")
    assert totals(server)["rejected"] == 0
    grid.keyboard.press("l")
    ready(grid)
    assert "45 masks" in grid.inner_text(".grid-heading")


def test_more_like_this_from_the_grid_and_from_review(grid, server):
    first = shown(grid)[7]
    grid.click(".card-crop[data-place='7']")
    grid.keyboard.press("Shift+L")
    grid.wait_for_url(f"**/#/grid/like/{first}")
    grid.wait_for_function("(id) => document.querySelector('.card-crop')?.dataset.id === String(id)", arg=first)
    grid.keyboard.press("Escape")
    grid.wait_for_url("**/#/grid")
    grid.goto(f"{server.url}/#/review/1")
    grid.wait_for_selector("html[data-review=ready]")
    grid.keyboard.press("Shift+L")
    grid.wait_for_url("**/#/grid/like/*")


def test_a_conflict_shows_theirs_and_can_be_insisted_on(grid, server):
    grid.watch.expected.append("409")
    listed = server.api("grid")
    theirs = {
        "key": "theirs",
        "group": "theirs",
        "action": "state",
        "state": "rejected",
        "revision": listed["revisions"][0],
    }
    theirs |= {"image_id": listed["image_ids"][0], "instance_id": listed["ids"][0]}
    server.api("decisions", json={"operations": [theirs]})
    grid.keyboard.press("f")
    grid.wait_for_selector(".mask-grid .alert button")
    assert "was changed elsewhere meanwhile: it is rejected now, you chose accepted." in grid.inner_text(
        ".mask-grid .alert"
    )
    assert "is-rejected" in classes(grid, 0)
    grid.click(".mask-grid .alert button >> text=Apply mine")
    grid.wait_for_selector(".card-crop[data-place='0'].is-accepted")
    server.wait_for(lambda now: now["instances"]["accepted"] == 1, seconds=15)


def test_without_an_answer_decisions_wait(grid, server):
    grid.watch.expected += ["Failed to load resource", "ERR_FAILED"]
    grid.route("**/api/decisions", lambda route: route.abort())
    grid.keyboard.press("f")
    grid.wait_for_selector("html[data-grid=error]")
    assert "Offline: 1 unsaved, retrying" in grid.inner_text(".mask-grid .alert")
    grid.unroute("**/api/decisions")
    grid.wait_for_selector("html[data-grid=saved]")
    assert totals(server)["accepted"] == 1


def test_keys_leave_typing_and_filters_alone(grid, server):
    grid.keyboard.press("+")
    grid.keyboard.type("frs")
    assert grid.input_value(".mask-grid .category-add input") == "frs"
    grid.keyboard.press("Escape")
    grid.focus(".mask-grid select[aria-label=State]")
    grid.keyboard.press("f")
    assert totals(server)["pending"] == 45


def test_filters_and_too_few_decisions_for_a_promise(grid):
    press(grid, "f", "r")
    grid.select_option(".mask-grid select[aria-label=State]", "accepted")
    grid.wait_for_function("document.querySelectorAll('.card-crop').length === 1")
    grid.select_option(".mask-grid select[aria-label=State]", "pending")
    grid.wait_for_function("document.querySelectorAll('.card-crop').length === 40")
    grid.evaluate("document.activeElement.blur()")
    grid.keyboard.press("b")
    grid.locator(
        ".grid-bulk", has_text="Nothing can be promised. Not yet calibrated: 1 accepted and 1 rejected"
    ).wait_for()
    grid.keyboard.press("b")
    grid.wait_for_selector(".grid-bulk", state="hidden")


def test_several_masks_get_the_names_that_they_probably_have_as_one_step(grid, server):
    grid.fill(".mask-grid .category-add input", "window")
    grid.keyboard.press("Enter")
    grid.wait_for_selector(".mask-grid .category-buttons button:has-text('window')[aria-pressed=true]")
    press(grid, "f")
    grid.wait_for_selector(".card-crop[data-place='1'] .name:has-text('window?')")
    suggested = server.api("suggestions?" + "&".join(f"ids={each}" for each in shown(grid)[1:]))
    assert len(suggested) >= IMAGES - 1, "the best masks of all images look the same"
    grid.keyboard.press("Control+a")
    press(grid, "Shift+Y")
    notice(grid, f"{len(suggested)} masks named window.")
    found = server.api("grid?state=pending&state=accepted")
    assert {each for each, name in zip(found["ids"], found["categories"], strict=True) if name} == {
        shown(grid)[0],
        *map(int, suggested),
    }
    grid.keyboard.press("Control+z")
    notice(grid, f"Undone: {len(suggested)} masks named")
    grid.keyboard.press("Shift+N")
    press(grid, "f")  # the page is still selected
    accepted = server.api("grid?state=accepted")["categories"]
    assert len(accepted) == 40
    assert accepted.count(None) == 39 - len(suggested)
