"""Masks by click on the Review screen: real keys, real clicks, a disc whose every pixel is known."""

import itertools

import numpy as np
import pytest
from PIL import Image

from app.services import ingest
from app.services.workspace import Workspace
from freesolo.codecs import coco_rle
from tests.app.helpers import new_instances
from tests.browser.review_page import Review
from tests.browser.test_main_job import review_state
from tests.freesolo.freemask.disc import HEIGHT, WIDTH, disc

INSIDE, OUTSIDE = (24, 18), (3, 3)
PICTURE, DISC, TREES = disc()
LEFT = DISC & (np.arange(WIDTH) < 20)
"""A part of the disc: mask #2; #1 is the disc with a bite, #3 nearly the same as #1."""


IMAGES = 17
"""One for each test, and one after the last."""
FRESH = itertools.count(1)


@pytest.fixture(scope="module")
def server(make_server, tmp_path_factory):
    """An app on discs with merge trees."""
    folder = tmp_path_factory.mktemp("clicks")
    bitten = DISC.copy()
    bitten[8:16, 24:32] = False
    again = bitten.copy()
    again[18, 24] = False
    workspace = Workspace.open(folder / "workspace")
    (folder / "photos").mkdir()
    for number in range(IMAGES):
        picture = PICTURE.copy()
        picture[0, 0, 2] = number  # no two files are the same
        Image.fromarray(picture).save(folder / "photos" / f"{number}.png")
    ingest.import_folder(workspace, folder / "photos")
    workspace.hierarchies.mkdir()
    (workspace.hierarchies / "disc.npz").write_bytes(TREES.to_bytes())
    with workspace.store.write() as tx:
        for image_id in range(1, IMAGES + 1):
            tx.instances.add_many(image_id, "test@1", new_instances([bitten, LEFT, again], [0.9, 0.5, 0.4]))
            tx.images.change(image_id, proposer="test@1", proposer_name="test", hierarchy="disc.npz")
        tx.images.refresh(list(range(1, IMAGES + 1)))
    workspace.close()
    return make_server(folder)


class ClickReview(Review):
    def press(self, *keys):
        """Not every key saves something."""
        for key in keys:
            self.page.keyboard.press(key)

    def wait_for_clicks(self, clicks):
        """So many clicks are drawn, and the last one is answered."""
        self.page.wait_for_selector(f"html[data-clicks='{clicks}']:not([data-candidates='0'])")

    def remove(self, x, y):
        self.page.mouse.click(*self.place(x, y), button="right")

    def drag(self, start, end):
        self.page.mouse.move(*self.place(*start))
        self.page.mouse.down()
        self.page.mouse.move(*self.place(*end), steps=3)
        self.page.mouse.up()

    def pixels(self):
        return {mask["id"]: coco_rle.decode(mask["counts"], (HEIGHT, WIDTH)) for mask in self.masks()}

    def newest(self):
        review_state(self.page, "saved")
        return max(self.pixels().items())[1]


@pytest.fixture
def review(server, page):
    review = ClickReview(page, server)
    review.open(next(FRESH))
    return review


@pytest.mark.parametrize("tool", ["n", "q", "b", "p"])
def test_the_bar_of_a_tool_covers_nothing_beside_it(review, tool):
    review.page.evaluate("document.querySelector('.image-name').textContent = 'a_very_long_name_'.repeat(5)")
    review.press(tool)
    review.page.wait_for_selector(".mode:not([hidden])")
    boxes = review.page.evaluate(
        """() => [...document.querySelectorAll('.image-head > :not(.mode), .mode > *')].map((each) => each.getBoundingClientRect())
          .filter(({width}) => width).map(({left, right}) => [left, right]).sort(([one], [other]) => one - other)"""
    )
    assert len(boxes) > 5
    assert all(right <= left + 1 for (_, right), (left, _) in itertools.pairwise(boxes))
    head = review.page.locator(".image-head").bounding_box()
    assert boxes[-1][1] <= head["x"] + head["width"]
    review.press("Escape")


def test_a_new_mask_takes_a_key_a_click_and_a_key(review):
    review.press("n")
    review.page.wait_for_selector(".click-bar:not([hidden])")
    review.click(*INSIDE)
    review.wait_for_clicks(1)
    assert "New mask · 1 click · guess 1 of" in review.line()
    assert len(review.masks()) == 3
    review.press("Enter")
    np.testing.assert_array_equal(review.newest(), DISC)
    assert len(review.masks()) == 4
    new = max(review.masks(), key=lambda mask: mask["id"])
    assert (new["state"], new["edited"], new["source"]) == ("accepted", True, "person:local")
    # the tool stays for the next object; Enter without a click lays it down
    review.press("Enter")
    review.page.wait_for_selector(".click-bar[hidden]", state="attached")
    review.press("Control+z")
    review.page.wait_for_function("document.querySelectorAll('.mask-row').length === 3")
    assert len(review.masks()) == 3


def test_a_box_around_an_object_is_a_mask_and_clicks_correct_it(review):
    review.press("n")
    review.drag((36, 30), (12, 6))  # from any corner to the opposite one
    review.wait_for_clicks(0)
    assert "New mask · box · guess 1 of" in review.line()
    first = review.line()
    review.remove(18, 18)
    review.wait_for_clicks(1)
    assert "New mask · box · 1 click · guess 1 of" in review.line()
    review.press("Backspace")
    review.page.wait_for_function("(text) => document.querySelector('.mask-line').textContent === text", arg=first)
    review.press("Enter")
    np.testing.assert_array_equal(review.newest(), DISC)


def test_clicks_correct_and_are_taken_back(review):
    review.press("n")
    review.click(*INSIDE)
    review.wait_for_clicks(1)
    first = review.line()
    review.click(*OUTSIDE)
    review.wait_for_clicks(2)
    assert review.line() != first
    review.press("Backspace")
    review.wait_for_clicks(1)
    assert review.line() == first
    review.remove(18, 18)
    review.wait_for_clicks(2)
    review.press("Enter")
    made = review.newest()
    assert made[18, 24]
    assert not made[18, 18]


def test_shift_takes_away_and_the_bar_does_what_keys_do(review):
    review.press("n")
    review.click(*INSIDE)
    review.wait_for_clicks(1)
    review.page.keyboard.down("Shift")
    review.click(18, 18)
    review.page.keyboard.up("Shift")
    review.wait_for_clicks(2)
    review.page.click(".click-bar >> text=↶")
    review.wait_for_clicks(1)
    review.page.click(".click-bar >> text=take away")
    review.click(30, 18)
    review.wait_for_clicks(2)
    review.page.click(".click-bar >> text=Keep")
    made = review.newest()
    assert made[18, 24]
    assert not made[18, 30]


def test_refine_gives_the_mask_what_was_clicked(review):
    before = review.pixels()
    review.press("q")
    review.click(28, 12)  # into the bite
    review.wait_for_clicks(1)
    assert "Refine #1" in review.line()
    review.press("Enter")
    review_state(review.page, "saved")
    after = review.pixels()
    changed = [key for key in before if (before[key] != after[key]).any()]
    assert len(changed) == 1
    np.testing.assert_array_equal(after[changed[0]], DISC)
    mask = next(mask for mask in review.masks() if mask["id"] == changed[0])
    assert (mask["state"], mask["edited"]) == ("accepted", True)
    review.press("Control+z")
    review.page.wait_for_selector(".mask-row.is-pending[aria-selected=true]")
    np.testing.assert_array_equal(review.pixels()[changed[0]], before[changed[0]])


def test_part_whole_and_other_guesses_are_a_key_away(review):
    review.press("n")
    review.click(*INSIDE)
    review.wait_for_clicks(1)
    shown = review.line()
    review.press("j")
    part = review.line()
    assert part != shown
    review.press("k")
    review.press("1")
    assert review.line() == shown
    review.press("Tab")
    assert "guess 2 of" in review.line()
    review.press("Shift+Tab")
    assert review.line() == shown
    review.press("j", "Enter")
    made = review.newest()
    assert made[18, 24]
    assert 0 < made.sum() < DISC.sum()


def test_escape_keeps_nothing_and_another_image_ends_the_tool(review):
    review.press("n")
    review.click(*INSIDE)
    review.wait_for_clicks(1)
    review.press("Escape")
    assert review.page.locator(".click-bar").is_hidden()
    assert "score" in review.line()  # the mask that was selected before
    review.press("q")
    review.click(28, 12)
    review.wait_for_clicks(1)
    review.press("d")
    review.page.wait_for_selector(f"html[data-image='{review.number + 1}']")
    assert review.page.locator(".click-bar").is_hidden()
    assert [mask["edited"] for mask in review.masks()] == [False] * 3


def test_what_is_told_while_an_image_is_made_ready_stays(review):
    held = []
    review.page.route("**/click/prepare", lambda route: held.append(route))
    review.press("Escape", "n")
    review.wait_for_notice("Preparing this image for clicks")
    review.remove(*INSIDE)
    review.wait_for_notice("Begin with a click on the object")
    with review.page.expect_response("**/click/prepare"):
        for route in held:
            route.continue_()
    review.page.wait_for_timeout(200)
    review.wait_for_notice("Begin with a click on the object")


def test_refine_without_a_mask_and_a_first_click_that_removes_are_told(review):
    review.press("Escape", "q")
    review.wait_for_notice("Select a mask to refine")
    review.press("n")
    review.remove(*INSIDE)
    review.wait_for_notice("Begin with a click on the object")


def test_clicks_wait_while_the_app_does_not_answer(review):
    review.page.watch.expected += ["Failed to load resource", "ERR_FAILED"]
    review.press("n")
    review.page.route("**/click", lambda route: route.abort())
    review.click(*INSIDE)
    review.wait_for_notice("The app does not answer. Your clicks stay here")
    review.page.unroute("**/click")
    review.press("Enter")
    review.wait_for_clicks(1)
    review.press("Enter")
    np.testing.assert_array_equal(review.newest(), DISC)


def test_keys_find_parts_and_wholes_among_the_masks(review):
    assert "#1" in review.line()
    review.press("j")
    assert "#2" in review.line()
    review.press("j")
    review.wait_for_notice("No mask lies inside")
    review.press("k")
    assert "#1" in review.line()
    review.press("k")
    review.wait_for_notice("No mask lies around")


def test_the_list_says_which_masks_lie_in_which(review):
    rows = review.page.locator(".mask-row .place")
    rows.nth(2).filter(has_text="= #1").wait_for()
    assert rows.all_inner_texts() == ["+1", "in #1", "= #1"]
