"""The hunt for missed objects in a real browser, on an image with merge trees."""

import sqlite3

import pytest

from tests.browser.review_page import Review, proposed
from tests.freesolo.freemask.test_missed import board

IMAGES = 2


@pytest.fixture
def review(make_server, tmp_path, chromium, page):
    """The stand-in's image 1 with a tree of sixteen regions stretched over it; all its masks are rejected."""
    server = proposed(make_server, tmp_path, chromium, IMAGES)
    tree = board({16: 0.0, 18: -2.0, 20: -3.0})
    tree = type(tree)(**{**vars(tree), "size": (36, 48)})
    folder = server.workspace / "hierarchies"
    folder.mkdir(exist_ok=True)
    (folder / "a.npz").write_bytes(tree.to_bytes())
    with sqlite3.connect(server.workspace / "workspace.db") as connection:
        connection.execute("UPDATE images SET hierarchy = 'a.npz' WHERE id = 1")
    connection.close()
    review = Review(page, server)
    review.open(1)
    return review


def test_places_are_outlined_when_all_is_decided_and_gone_through_by_keys(review):
    page = review.page
    assert page.get_attribute("html", "data-missed") == ""
    review.press("Shift+R")
    page.wait_for_selector("html[data-missed='5']")
    assert page.inner_text(".image-missed") == "5 places without a mask"
    page.keyboard.press("Shift+U")
    review.wait_for_notice("Place 1 of 5 without a mask")
    for left in (4, 3, 2, 1, 0):
        page.keyboard.press("r")
        page.wait_for_selector(f"html[data-missed='{left}']")
    page.wait_for_selector(".image-missed.is-complete:has-text('complete')")
    page.keyboard.press("Control+z")
    review.wait_for_notice("Undone: place without a mask dismissed.")
    page.wait_for_selector("html[data-missed='1']")
    assert review.states() == ["rejected"] * 3


def test_without_merge_trees_the_key_says_why(review):
    review.open(2)
    review.page.keyboard.press("Shift+U")
    review.wait_for_notice("there are no merge trees of this image")
