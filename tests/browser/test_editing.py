"""Editing masks in a real browser: what each tool makes of the pixels, and that undo takes all of it back."""

import signal

import numpy as np
import pytest
import scipy.ndimage

from freesolo.codecs import coco_rle
from tests.browser.review_page import HEIGHT, WIDTH, Review, proposed
from tests.browser.served import deaf
from tests.browser.test_main_job import review_state

IMAGES = 12
TOP = np.zeros((HEIGHT, WIDTH), bool)
TOP[: HEIGHT // 2] = True
RIGHT = np.zeros((HEIGHT, WIDTH), bool)
RIGHT[:, WIDTH // 2 :] = True
DOT = np.zeros((HEIGHT, WIDTH), bool)
DOT[0, 0] = True


@pytest.fixture(scope="module")
def server(make_server, tmp_path_factory, chromium):
    return proposed(make_server, tmp_path_factory.mktemp("editing"), chromium, IMAGES)


class Hand(Review):
    """Hands on the canvas, and the pixels that the database has."""

    def drag(self, *points, release=True):
        """Press at the first image pixel, move over the others."""
        mouse = self.page.mouse
        mouse.move(*self.place(*points[0]))
        mouse.down()
        for point in points[1:]:
            mouse.move(*self.place(*point), steps=3)
        if release:
            mouse.up()

    def pixels(self):
        """Masks of the image as the database has them, in the order of their ids."""
        self.saved()
        masks = sorted(self.masks(), key=lambda mask: mask["id"])
        return [coco_rle.decode(mask["counts"], (HEIGHT, WIDTH)) for mask in masks]

    def saved(self):
        review_state(self.page, "ready", "saved")

    def undo(self):
        self.page.keyboard.press("Control+z")
        self.wait_for_notice("Undone")
        self.page.keyboard.press("Escape")


@pytest.fixture
def hand(server, page):
    return Hand(page, server)


def same(found, expected):
    assert [mask.sum() for mask in found] == [mask.sum() for mask in expected]
    for one, other in zip(found, expected, strict=True):
        assert (one == other).all()


def bar(first, last, row):
    """What a brush of one pixel paints along a row."""
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[row, first : last + 1] = True
    return mask


def test_brush_and_eraser_change_exactly_the_pixels_under_them(hand, page):
    hand.open(1)
    page.keyboard.press("b")
    assert page.inner_text(".mode b") == "Brush"
    assert page.get_attribute("[data-action=brush]", "aria-pressed") == "true"
    hand.drag((5, 30), (20, 30))
    assert "accepted, edited" in hand.line()
    painted = TOP | bar(5, 20, 30)
    same(hand.pixels(), [painted, RIGHT, DOT])
    page.keyboard.press("e")
    hand.drag((10, 30), (12, 30))
    hand.drag((0, 0), (47, 0))
    erased = painted & ~bar(10, 12, 30) & ~bar(0, 47, 0)
    same(hand.pixels(), [erased, RIGHT, DOT])
    first = hand.masks()[0]
    assert (first["edited"], first["state"], first["bbox"], first["area"]) == (
        True,
        "accepted",
        [0, 1, 48, 30],
        erased.sum(),
    )
    assert "3 parts" in hand.line()
    for expected in (painted & ~bar(10, 12, 30), painted, TOP):
        hand.undo()
        same(hand.pixels(), [expected, RIGHT, DOT])
    assert hand.masks()[0]["state"] == "pending"


def test_brush_size_has_keys_and_shows(hand, page):
    hand.open(2)
    page.keyboard.press("b")
    for _ in range(4):
        page.keyboard.press("]")
    size = page.inner_text(".mode output")
    assert size == "5 px"
    page.keyboard.press("[")
    assert page.inner_text(".mode output") == "4 px"
    page.mouse.move(*hand.place(10, 30))
    page.wait_for_function("document.querySelector('.sketch .cursor').getAttribute('r') === '2'")
    hand.drag((10, 28), (10, 28))
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    same(hand.pixels(), [TOP | (np.hypot(columns - 10, rows - 28) <= 2), RIGHT, DOT])
    hand.undo()


def test_with_nothing_selected_the_brush_makes_a_mask_that_can_be_worked_on_at_once(hand, page):
    hand.open(3)
    page.keyboard.press("Escape")
    waiting, held = [], True
    page.route("**/api/decisions", lambda route: waiting.append(route) if held else route.continue_())
    page.keyboard.press("b")
    hand.drag((2, 30), (8, 30))
    assert hand.line().startswith("#4 · accepted, edited · made by hand")
    hand.drag((2, 32), (8, 32))
    page.keyboard.press("1")
    assert "object" in hand.line()
    assert hand.counts() == {"pending": 3, "accepted": 1, "rejected": 0, "unsure": 0}
    held = False  # only now is anything answered
    for route in waiting:
        route.continue_()
    same(hand.pixels(), [TOP, RIGHT, DOT, bar(2, 8, 30) | bar(2, 8, 32)])
    made = max(hand.masks(), key=lambda mask: mask["id"])
    assert (made["source"], made["score"], made["category_id"]) == ("person:local", 1, 1)
    page.keyboard.press("Escape")
    page.keyboard.press("r")
    review_state(page, "saved")
    assert max(hand.masks(), key=lambda mask: mask["id"])["state"] == "rejected"
    for _ in range(4):
        hand.undo()
    same(hand.pixels(), [TOP, RIGHT, DOT])
    assert page.locator(".mask-row").count() == 3


def test_lasso_adds_takes_away_and_makes_a_mask(hand, page):
    hand.open(4)
    page.keyboard.press("p")
    square = [(2, 24), (10, 24), (10, 32), (2, 32)]  # pixels whose centre lies inside: columns 3 to 10 or so
    hand.drag(*square)
    added = hand.pixels()[0]
    assert (added & TOP).sum() == TOP.sum()
    assert 49 <= (added & ~TOP).sum() <= 81
    assert added[28, 6]
    page.keyboard.down("Alt")
    hand.drag((3, 2), (9, 2), (9, 8), (3, 8))
    page.keyboard.up("Alt")
    taken = hand.pixels()[0]
    assert not taken[5, 6]
    assert "1 hole" in hand.line()
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.keyboard.press("p")
    hand.drag((12, 24), (20, 24), (20, 32), (12, 32))
    assert "made by hand" in hand.line()
    assert hand.pixels()[3][28, 16]
    for _ in range(3):
        hand.undo()
    same(hand.pixels(), [TOP, RIGHT, DOT])


def test_cut_split_and_merge_are_one_step_each(hand, page):
    hand.open(5)
    page.keyboard.press("c")
    hand.drag((-1, 8), (48.5, 8))
    hand.wait_for_notice("Split into 2 masks")
    pieces = hand.pixels()
    assert len(pieces) == 4
    assert (pieces[0] | pieces[3] == TOP).all()
    assert not (pieces[0] & pieces[3]).any()
    assert {int(pieces[0].sum()), int(pieces[3].sum())} <= {48 * 8, 48 * 9, 48 * 10}
    page.keyboard.press("Escape")
    hand.click(40, 30)
    assert hand.line().startswith("#2")
    page.keyboard.press("Shift+M")  # by keys alone
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    assert hand.line().startswith("#1")
    page.keyboard.press("m")
    hand.wait_for_notice("2 masks are one now")
    same(hand.pixels(), [pieces[0] | RIGHT, DOT, pieces[3]])
    hand.undo()
    same(hand.pixels(), pieces)
    hand.undo()
    same(hand.pixels(), [TOP, RIGHT, DOT])


def test_shift_click_picks_masks_to_merge_and_a_click_puts_them_back(hand, page):
    hand.open(5)
    hand.click(10, 10)
    page.keyboard.down("Shift")
    hand.click(40, 30)
    page.keyboard.up("Shift")
    assert "2 masks picked" in page.inner_text(".notice")
    assert page.locator(".mask-row[aria-selected=true]").count() == 2
    hand.click(40, 30)
    assert page.locator(".mask-row[aria-selected=true]").count() == 1
    page.click(".mask-row >> nth=0", modifiers=["Shift"])
    page.keyboard.press("m")
    same(hand.pixels(), [DOT, TOP | RIGHT] if hand.masks()[0]["area"] == 1 else [TOP | RIGHT, DOT])
    hand.undo()


def test_holes_parts_grow_and_shrink(hand, page):
    hand.open(6)
    page.keyboard.press("h")
    assert "The mask has no holes." in page.inner_text(".notice")
    page.keyboard.press("e")
    hand.drag((20, 8), (24, 8))
    holed = TOP & ~bar(20, 24, 8)
    same(hand.pixels(), [holed, RIGHT, DOT])
    page.keyboard.press("h")
    same(hand.pixels(), [TOP, RIGHT, DOT])
    page.keyboard.press("g")
    page.keyboard.press("g")
    same(hand.pixels(), [scipy.ndimage.binary_dilation(TOP, iterations=2), RIGHT, DOT])
    page.keyboard.press("Shift+G")
    same(hand.pixels(), [scipy.ndimage.binary_dilation(TOP), RIGHT, DOT])
    page.keyboard.press("b")
    hand.drag((4, 30), (9, 30))
    page.keyboard.press("x")
    same(hand.pixels(), [scipy.ndimage.binary_dilation(TOP), RIGHT, DOT, bar(4, 9, 30)])
    hand.undo()
    page.keyboard.press("l")
    same(hand.pixels(), [scipy.ndimage.binary_dilation(TOP), RIGHT, DOT])
    for _ in range(7):
        hand.undo()
    same(hand.pixels(), [TOP, RIGHT, DOT])


def test_nothing_is_left_of_no_mask(hand, page):
    hand.open(7)
    page.click(".mask-row >> nth=2")
    page.keyboard.press("Shift+G")  # a corner of the image: over its border it does not shrink, but the other sides do
    hand.wait_for_notice("Nothing would be left of the mask")
    same(hand.pixels(), [TOP, RIGHT, DOT])
    assert hand.states() == ["pending"] * 3


def test_escape_ends_a_stroke_then_the_tool_and_enter_keeps_it(hand, page):
    hand.open(7)
    page.keyboard.press("b")
    hand.drag((5, 30), (20, 30), release=False)
    page.keyboard.press("Escape")
    page.mouse.up()
    assert page.is_visible(".mode"), "the first Esc takes the stroke back"
    page.keyboard.press("Escape")
    assert page.is_hidden(".mode")
    same(hand.pixels(), [TOP, RIGHT, DOT])
    page.keyboard.press("b")
    hand.drag((5, 30), (20, 30))
    page.keyboard.press("Enter")
    assert page.is_hidden(".mode")
    assert page.evaluate("document.documentElement.dataset.image") == "7"
    same(hand.pixels(), [TOP | bar(5, 20, 30), RIGHT, DOT])
    hand.undo()


def test_decisions_go_on_with_a_tool_in_hand_and_backspace_goes_back_to_the_edit(hand, page):
    hand.open(8)
    page.keyboard.press("b")
    hand.drag((5, 30), (8, 30))
    hand.drag((5, 32), (8, 32))
    page.keyboard.press("f")
    assert hand.line().startswith("#2 · pending"), "accepted already, so it goes on"
    hand.press("s")
    assert hand.states() == ["accepted", "unsure", "pending"]
    page.keyboard.press("Backspace")
    assert hand.line().startswith("#2 · unsure")
    page.keyboard.press("Backspace")
    assert hand.line().startswith("#1 · accepted, edited")
    assert page.is_visible(".mode")


def test_two_fingers_zoom_and_draw_nothing(server, new_page):
    page = new_page(390, 844, has_touch=True, is_mobile=True)
    hand = Hand(page, server)
    hand.open(9)
    page.evaluate("document.querySelector('[data-action=brush]').click()")
    before = page.get_attribute(".sketch-view", "transform")
    page.evaluate(
        """() => {
          const stage = document.querySelector('.stage .marks'), box = stage.getBoundingClientRect();
          const send = (type, id, x, y) => stage.dispatchEvent(new PointerEvent(type, {
            pointerId: id, pointerType: 'touch', button: type === 'pointermove' ? -1 : 0, bubbles: true,
            clientX: box.x + x, clientY: box.y + y}));
          send('pointerdown', 11, 150, 150); send('pointermove', 11, 160, 160);
          send('pointerdown', 12, 220, 220); send('pointermove', 12, 300, 300);
          send('pointerup', 12, 300, 300); send('pointermove', 11, 100, 100); send('pointerup', 11, 100, 100);
        }"""
    )
    page.wait_for_function(
        "(before) => document.querySelector('.sketch-view').getAttribute('transform') !== before", arg=before
    )
    same(hand.pixels(), [TOP, RIGHT, DOT])


def test_edits_of_two_tabs_conflict_and_overwrite_nothing(hand, new_page, page, server):
    page.watch.expected.append("409")
    other = Hand(deaf(new_page()), server)
    hand.open(10)
    other.open(10)
    page.keyboard.press("b")
    hand.drag((5, 30), (20, 30))
    hand.saved()
    theirs = TOP | bar(5, 20, 30)
    other.page.keyboard.press("e")
    other.drag((5, 5), (9, 5))
    other.page.wait_for_selector(".alert button")
    assert "was changed elsewhere meanwhile" in other.page.inner_text(".alert")
    assert "you gave it other pixels" in other.page.inner_text(".alert")
    same(hand.pixels(), [theirs, RIGHT, DOT])
    other.page.click(".alert button >> text=Apply mine")
    same(other.pixels(), [TOP & ~bar(5, 9, 5), RIGHT, DOT])
    other.drag((20, 5), (24, 5))
    same(other.pixels(), [TOP & ~bar(5, 9, 5) & ~bar(20, 24, 5), RIGHT, DOT])


def test_undo_of_edits_reaches_over_a_reload(hand, page):
    hand.open(11)
    page.keyboard.press("g")
    page.keyboard.press("Escape")
    page.keyboard.press("b")
    hand.drag((2, 30), (8, 30))
    drawn = hand.pixels()
    assert len(drawn) == 4
    page.reload()
    review_state(page, "ready")
    hand.undo()
    assert page.locator(".mask-row").count() == 3
    hand.undo()
    same(hand.pixels(), [TOP, RIGHT, DOT])
    for _ in range(2):
        page.keyboard.press("Control+Shift+Z")
        hand.wait_for_notice("Redone")
        page.keyboard.press("Escape")
    same(hand.pixels(), drawn)


def test_a_server_killed_in_a_burst_of_edits_loses_nothing(make_server, tmp_path, chromium, page):
    page.watch.expected += ["Failed to load resource", "ERR_CONNECTION"]
    server = proposed(make_server, tmp_path, chromium, 2)
    hand = Hand(page, server)
    hand.open(1)
    page.keyboard.press("b")
    hand.drag((5, 30), (9, 30))
    review_state(page, "saved")
    server.process.send_signal(signal.SIGKILL)
    server.process.wait()
    hand.drag((5, 32), (9, 32))
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.keyboard.press("b")
    hand.drag((12, 30), (18, 30))  # a new mask, and more of it before anybody answers
    hand.drag((12, 32), (18, 32))
    review_state(page, "error")
    kept = page.evaluate("Object.entries(localStorage)")
    page.context.close()

    again = make_server(tmp_path)
    restored = chromium.new_context()
    restored.add_init_script(
        f"for (const [name, value] of {kept!r}) if (!sessionStorage.restored) localStorage.setItem(name, value);"
        "sessionStorage.restored = 'yes';"
    )
    fresh = Hand(restored.new_page(), again)
    fresh.open(1)
    assert fresh.page.locator(".mask-row").count() == 4, "what was left unsaved is on the screen too"
    expected = [TOP | bar(5, 9, 30) | bar(5, 9, 32), RIGHT, DOT, bar(12, 18, 30) | bar(12, 18, 32)]
    same(fresh.pixels(), expected)
    restored.close()
