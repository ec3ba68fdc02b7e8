"""The Grid of one person while another decides in Review or in a Grid of their own."""

import pytest

from tests.browser.review_page import Review, proposed
from tests.browser.test_grid import notice, press, ready, shown, totals

IMAGES = 15
SOON = 2000
"""Milliseconds within which others see a change, from when it was saved."""


@pytest.fixture(scope="module")
def server(make_server, tmp_path_factory, chromium):
    return proposed(make_server, tmp_path_factory.mktemp("grid-people"), chromium, IMAGES)


@pytest.fixture
def grid(server, page):
    while server.api("undo", json={})["image_id"] is not None:
        pass
    page.goto(f"{server.url}/#/grid")
    ready(page)
    return page


@pytest.fixture
def other(server, new_page):
    """Somebody in Review."""
    return Review(new_page(), server)


def place_of(server, grid, image, number):
    """Where the Grid has mask #``number`` of an image, and its id."""
    mask = server.api(f"images/{image}")["instances"][number - 1]["id"]
    return shown(grid).index(mask), mask


def becomes(page, mask, state):
    page.wait_for_selector(f"#crop-{mask}.is-{state}", timeout=SOON)


def test_what_another_decides_shows_where_it_is(grid, other, server):
    before = shown(grid)
    grid.keyboard.press("ArrowRight")
    other.open(3)
    _, mask = place_of(server, grid, 3, 1)
    other.press("f")
    becomes(grid, mask, "accepted")
    assert shown(grid) == before, "nothing jumps"
    assert grid.get_attribute(".at-cursor", "data-place") == "1"
    other.page.keyboard.press("Control+z")
    becomes(grid, mask, "pending")
    grid.click(f"#crop-{mask}")
    press(grid, "r")
    assert totals(server)["rejected"] == 1, "the revision is known: no conflict"
    other.page.wait_for_function("document.querySelector('.count.is-rejected b').textContent === '1'", timeout=SOON)


def test_two_grids_follow_each_other_page_by_page(grid, new_page, server):
    second = new_page()
    second.goto(f"{server.url}/#/grid")
    ready(second)
    press(second, "f", "r")
    first, next_one = shown(grid)[:2]
    becomes(grid, first, "accepted")
    becomes(grid, next_one, "rejected")
    grid.keyboard.press("PageDown")
    press(grid, "Shift+R")
    assert totals(server)["rejected"] == 6
    second.wait_for_timeout(SOON)
    second.keyboard.press("PageDown")
    assert second.locator(".card-crop.is-rejected").count() == 5, "a page that was not on the screen heard of it too"


def test_the_same_mask_decided_by_both_at_once_is_a_conflict(grid, other, server):
    grid.watch.expected.append("409")
    other.open(4)
    place, mask = place_of(server, grid, 4, 1)
    for _ in range(place):
        grid.keyboard.press("ArrowRight")
    grid.route("**/api/grid/now*", lambda route: None)  # the news does not arrive
    other.press("r")
    grid.keyboard.press("f")
    grid.wait_for_selector(".mask-grid .alert button")
    becomes(grid, mask, "rejected")
    assert totals(server)["accepted"] == 0


def test_other_pixels_are_another_picture_and_a_mask_taken_away_is_marked(grid, other, server):
    _, mask = place_of(server, grid, 5, 1)
    _, second = place_of(server, grid, 5, 2)
    picture = grid.get_attribute(f"#crop-{mask} img", "src")
    other.open(5)
    other.press("g")
    becomes(grid, mask, "accepted")
    assert grid.get_attribute(f"#crop-{mask} img", "src") != picture
    other.page.keyboard.press("Tab")
    other.page.keyboard.press("Shift+M")
    other.page.keyboard.press("Shift+Tab")
    other.press("m")
    becomes(grid, second, "gone")
    assert "no longer on its image" in grid.get_attribute(f"#crop-{second}", "aria-label")
    other.page.keyboard.press("Control+z")
    grid.wait_for_selector(f"#crop-{second}:not(.is-gone)", timeout=SOON + 1000)


def test_a_hidden_grid_asks_when_it_is_shown_again(grid, other, server):
    asked = []
    grid.on("request", lambda request: "/grid/now" in request.url and asked.append(request.url))
    _, mask = place_of(server, grid, 6, 1)
    grid.evaluate("location.hash = '#/queue'")
    grid.wait_for_selector("html[data-tab=queue]")
    grid.wait_for_timeout(500)
    asked.clear()
    other.open(6)
    other.press("s")
    grid.wait_for_timeout(SOON)
    assert asked == []
    grid.evaluate("location.hash = '#/grid'")
    becomes(grid, mask, "unsure")


def test_an_app_that_does_not_answer_is_asked_again(grid, other, server):
    grid.watch.expected += ["Failed to load resource", "ERR_FAILED"]
    _, mask = place_of(server, grid, 7, 1)
    grid.route("**/api/grid/now*", lambda route: route.abort())
    other.open(7)
    other.press("f")
    grid.wait_for_timeout(1500)
    grid.unroute("**/api/grid/now*")
    becomes(grid, mask, "accepted")


def test_an_undo_of_many_by_another_shows_at_once(grid, new_page, server):
    second = new_page()
    second.goto(f"{server.url}/#/grid")
    ready(second)
    press(second, "Shift+F")
    grid.wait_for_function("document.querySelectorAll('.card-crop.is-accepted').length === 40", timeout=SOON)
    second.keyboard.press("Control+z")
    notice(second, "Undone: 40 masks accepted.")
    grid.wait_for_function("document.querySelectorAll('.card-crop.is-accepted').length === 0", timeout=SOON)
