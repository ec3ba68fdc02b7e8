"""The mouse unplugged: every tool of the canvas by keys alone, and the pixels it makes."""

import itertools

import numpy as np
import pytest

from tests.browser.review_page import HEIGHT, WIDTH, proposed
from tests.browser.test_clicking import DISC, INSIDE, OUTSIDE, ClickReview
from tests.browser.test_clicking import server as discs  # noqa: F401  (a fixture)
from tests.browser.test_editing import DOT, RIGHT, TOP, Hand, bar, same
from tests.browser.test_settings import give, said

IMAGES = 11


@pytest.fixture(scope="module")
def server(make_server, tmp_path_factory, chromium):
    return proposed(make_server, tmp_path_factory.mktemp("crosshair"), chromium, IMAGES)


class Keys:
    """Ten fingers, no mouse."""

    def crosshair(self):
        """The pixel (for the lasso: the corner of pixels) that it is on, or None."""
        text = self.page.get_attribute(".stage", "data-crosshair")
        return None if text is None else tuple(map(int, text.split(",")))

    def go(self, x, y):
        """Move the crosshair there, pixel by pixel."""
        if self.crosshair() is None:
            self.page.keyboard.press("Control+ArrowLeft")
        at = self.crosshair()
        for by, less, more in ((x - at[0], "ArrowLeft", "ArrowRight"), (y - at[1], "ArrowUp", "ArrowDown")):
            for _ in range(abs(by)):
                self.page.keyboard.press(f"Control+{less if by < 0 else more}")
        assert self.crosshair() == (x, y)

    def put(self, *points, key=" "):
        for point in points:
            self.go(*point)
            self.page.keyboard.press(key)

    def hint(self):
        return self.page.inner_text(".mode:not(.click-bar) .hint")


class KeyHand(Keys, Hand):
    pass


class KeyClicks(Keys, ClickReview):
    pass


@pytest.fixture
def hand(server, page):
    return KeyHand(page, server)


def test_brush_and_eraser_paint_where_the_crosshair_goes(hand, page):
    hand.open(1)
    page.keyboard.press("b")
    hand.go(5, 30)
    assert "Space puts the brush down" in hand.hint()
    page.keyboard.press(" ")
    assert "Space lifts the brush" in hand.hint()
    hand.go(20, 30)
    page.keyboard.press(" ")
    painted = TOP | bar(5, 20, 30)
    same(hand.pixels(), [painted, RIGHT, DOT])
    hand.go(25, 30)  # the brush is up
    page.keyboard.press("e")
    assert hand.crosshair() == (25, 30)
    hand.put((10, 30))
    hand.go(12, 30)
    page.keyboard.press("Enter")  # lifts the eraser; again lays it down
    assert page.is_visible(".mode:not(.click-bar)")
    page.keyboard.press("Enter")
    assert page.is_hidden(".mode:not(.click-bar)")
    same(hand.pixels(), [painted & ~bar(10, 12, 30), RIGHT, DOT])
    for expected in (painted, TOP):
        hand.undo()
        same(hand.pixels(), [expected, RIGHT, DOT])


def test_escape_abandons_the_stroke_then_lays_the_tool_down(hand, page):
    hand.open(2)
    page.keyboard.press("b")
    hand.put((5, 30))
    hand.go(9, 30)
    page.keyboard.press("Escape")
    assert page.is_visible(".mode:not(.click-bar)")
    assert "Space puts the brush down" in hand.hint()
    page.keyboard.press("Escape")
    assert hand.crosshair() is None
    same(hand.pixels(), [TOP, RIGHT, DOT])
    page.keyboard.press("ArrowDown")  # without a tool arrows are what they are
    assert hand.line().startswith("#2")


def test_with_nothing_selected_the_brush_makes_a_mask(hand, page):
    hand.open(3)
    page.keyboard.press("Escape")
    page.keyboard.press("b")
    hand.put((2, 30), (8, 30))
    same(hand.pixels(), [TOP, RIGHT, DOT, bar(2, 8, 30)])


def test_lasso_adds_and_takes_away_by_corners(hand, page):
    hand.open(4)
    page.keyboard.press("p")
    hand.put((10, 18), (20, 18), (20, 26), (30, 30))
    assert "Backspace takes one back" in hand.hint()
    page.keyboard.press("Backspace")
    hand.put((10, 26))
    page.keyboard.press("Enter")
    added = TOP.copy()
    added[18:26, 10:20] = True
    same(hand.pixels(), [added, RIGHT, DOT])
    hand.put((0, 0), key="Shift+ ")
    hand.put((WIDTH, 0), (WIDTH, 4), (0, 4))
    page.keyboard.press("Enter")
    added[:4] = False
    same(hand.pixels(), [added, RIGHT, DOT])
    hand.put((1, 30), (6, 30))
    page.keyboard.press("Escape")  # the corners are forgotten
    same(hand.pixels(), [added, RIGHT, DOT])
    hand.undo()
    hand.undo()
    same(hand.pixels(), [TOP, RIGHT, DOT])


def test_cut_goes_along_a_line_of_corners(hand, page):
    hand.open(5)
    page.keyboard.press("c")
    hand.put((12, 0), (12, HEIGHT - 1))
    page.keyboard.press("Enter")
    hand.wait_for_notice("Split into 2 masks")
    first, *_, last = hand.pixels()
    assert not (first & last).any()
    np.testing.assert_array_equal(first | last, TOP)
    assert last[:18, :12].all()
    assert first[:18, 13:].all()


@pytest.fixture
def review(discs, page):  # noqa: F811
    return KeyClicks(page, discs)


def test_keys_set_the_corners_of_a_box(review, page):
    review.open(2)
    review.press("Shift+B")
    review.press("n")
    review.put((12, 7), key="Shift+B")
    review.press("Escape")  # takes the corner back, not the tool
    review.put((36, 30), (12, 7), key="Shift+B")
    review.wait_for_clicks(0)
    assert "New mask · box · guess 1 of" in review.line()
    review.press("Enter")
    np.testing.assert_array_equal(review.newest(), DISC)
    review.press("Escape", "b")
    review.go(12, 7)
    review.press("Shift+B")
    review.wait_for_notice("Boxes are for masks by click")


def test_a_new_mask_by_click_takes_no_mouse(review, page):
    review.open(1)
    review.press("n")
    review.put(INSIDE)
    review.wait_for_clicks(1)
    review.press("Enter")
    np.testing.assert_array_equal(review.newest(), DISC)
    review.put(INSIDE)
    review.wait_for_clicks(1)
    before = review.line()
    review.put(OUTSIDE)
    review.wait_for_clicks(2)
    review.press("Backspace")
    review.wait_for_clicks(1)
    assert review.line() == before
    review.put((18, 18), key="Shift+ ")
    review.wait_for_clicks(2)
    review.press("Enter")
    made = review.newest()
    assert made[INSIDE[1], INSIDE[0]]
    assert not made[18, 18]


def test_a_mask_is_refined_without_a_mouse(review, page):
    review.open(2)
    review.press("q")
    assert "by keys: arrows" in review.line()
    review.put((28, 12))  # the bite
    review.wait_for_clicks(1)
    review.press("Enter")
    page.wait_for_selector("html[data-review=saved]")
    np.testing.assert_array_equal(min(review.pixels().items())[1], DISC)


def test_steps_grow_while_a_key_is_held_and_the_view_follows(hand, page):
    hand.open(6)
    page.keyboard.press("b")
    page.keyboard.press("z")
    for _ in range(3):
        page.keyboard.press(">")
    hand.go(24, 10)
    page.keyboard.press("Shift+ArrowRight")
    assert hand.crosshair() == (29, 10)
    page.keyboard.down("ArrowLeft")
    places = [hand.crosshair()[0]]
    for _ in range(8):
        page.keyboard.down("ArrowLeft")
        places.append(hand.crosshair()[0])
    page.keyboard.up("ArrowLeft")
    steps = [before - after for before, after in itertools.pairwise(places)]
    assert steps == [1, 1, 1, 2, 2, 2, 2, 3]
    for _ in range(10):
        page.keyboard.press("Shift+ArrowRight")
    assert hand.crosshair() == (WIDTH - 1, 10)
    stage, cross = (page.locator(each).bounding_box() for each in (".stage", ".sketch .cross"))
    assert stage["x"] <= cross["x"] + cross["width"] / 2 <= stage["x"] + stage["width"]
    page.keyboard.press(" ")
    page.keyboard.press(" ")
    same(hand.pixels(), [TOP | bar(WIDTH - 1, WIDTH - 1, 10), RIGHT, DOT])


def test_a_mouse_that_moves_puts_the_crosshair_away_and_space_pans_again(hand, page):
    hand.open(7)
    page.keyboard.press("b")
    hand.go(5, 30)
    page.mouse.move(*hand.place(20, 20))
    page.mouse.move(*hand.place(21, 20))
    assert hand.crosshair() is None
    page.keyboard.down(" ")
    assert "pans" in page.get_attribute(".stage", "class")
    page.keyboard.up(" ")
    same(hand.pixels(), [TOP, RIGHT, DOT])
    hand.put((5, 30))  # where it was; while the brush is down a mouse that is touched changes nothing
    page.mouse.move(*hand.place(30, 20))
    hand.put((8, 30))
    same(hand.pixels(), [TOP | bar(5, 8, 30), RIGHT, DOT])


def test_a_press_of_the_mouse_goes_on_from_what_keys_began(hand, page):
    hand.open(8)
    page.keyboard.press("b")
    hand.put((2, 30))
    hand.drag((10, 32), (14, 32))  # the stroke of the keys ends as it is
    same(hand.pixels(), [TOP | bar(2, 2, 30) | bar(10, 14, 32), RIGHT, DOT])


def test_a_tool_taken_on_its_button_by_keys_leaves_the_keys_with_the_canvas(hand, page):
    hand.open(9)
    page.focus("[data-action=brush]")
    page.keyboard.press("Enter")
    hand.put((5, 30), (9, 30))
    same(hand.pixels(), [TOP | bar(5, 9, 30), RIGHT, DOT])


def test_the_keys_can_be_changed_and_are_on_the_sheet(hand, page):
    hand.open(10)
    page.keyboard.press("?")
    sheet = page.inner_text(".key-sheet")
    assert "move the crosshair" in sheet
    assert "put the brush down or lift it" in sheet
    page.keyboard.press("Escape")
    page.goto(f"{hand.server.url}/#/settings")
    page.wait_for_selector("html[data-tab=settings]")
    give(page, "put", "i")
    said(page, "I: Click at the crosshair")
    give(page, "put-away", "f")  # with the crosshair on the image only: no clash with Accept
    said(page, "F: The same, to take away")
    give(page, "move-far", "i")
    said(page, "I is already the key of “Click at the crosshair")
    hand.open(11)
    page.keyboard.press("b")
    hand.put((5, 30), (9, 30), key="i")
    same(hand.pixels(), [TOP | bar(5, 9, 30), RIGHT, DOT])
    page.keyboard.press("Escape")
    page.keyboard.press("f")
    page.wait_for_function("document.documentElement.dataset.review === 'saved'")
    assert hand.line().startswith("#2")
