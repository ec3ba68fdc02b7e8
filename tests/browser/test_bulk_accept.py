"""Accept many: the promise, the blind audit, the commit, and that one undo takes all of it back."""

import re

import pytest

from app.services import ingest
from app.services.workspace import Workspace
from tests.app.helpers import make_folder
from tests.app.services.goodness.helpers import decide, fill
from tests.browser.test_grid import notice, press, ready, totals

IMAGES, JUDGED = 16, 8
GOOD = [True, False] * 6
"""Of the masks of each image every second one is good, and their embeddings tell."""
AUDIT = 20


@pytest.fixture
def server(make_server, tmp_path):
    """An app on sixteen images of which eight are judged: enough for estimates of the others."""
    workspace = Workspace.open(tmp_path / "workspace")
    ingest.import_folder(workspace, make_folder(tmp_path / "photos", [f"{k:02}.png" for k in range(IMAGES)]))
    for image in range(1, IMAGES + 1):
        masks = fill(workspace, image, GOOD, seed=image)
        if image <= JUDGED:
            states = ("accepted" if good else "rejected" for good in GOOD)
            decide(workspace, image, dict(zip(masks, states, strict=True)), who="local")
    workspace.close()
    return make_server(tmp_path)


@pytest.fixture
def grid(server, page):
    page.goto(f"{server.url}/#/grid")
    ready(page)
    return page


def offer(page):
    """Open the bar; returns how many masks it offers."""
    page.keyboard.press("b")
    return told(page, page.locator(".grid-bulk .bulk-promise"))


def told(page, promise):
    """(masks, wrong, low, high) of a promise."""
    promise.wait_for()
    found = re.search(r"(\d+) masks, about (\d+) wrong \((\d+)–(\d+)\)", promise.inner_text())
    assert found, promise.inner_text()
    return tuple(map(int, found.groups()))


def begin_audit(page):
    page.keyboard.press("Enter")  # the slider has the focus
    page.locator(".grid-bulk", has_text=f"{AUDIT} left").wait_for()
    page.wait_for_function(f"document.querySelectorAll('.card-crop').length === {AUDIT}")


def test_a_promise_is_checked_blind_kept_and_undone_as_one_step(grid, server):
    before = totals(server)
    assert before == {"pending": 96, "accepted": 48, "rejected": 48, "unsure": 0}
    count, wrong, low, high = offer(grid)
    assert AUDIT < count <= 96
    assert low <= wrong <= high < count
    begin_audit(grid)
    assert set(grid.locator(".card-crop b").all_inner_texts()) == {""}, "the audit is blind"
    assert grid.inner_text(".grid-heading") == ""
    assert "%" not in grid.inner_text(".mask-grid .mask-line")
    grid.keyboard.press("Shift+F")
    notice(grid, "Look at each of these")
    press(grid, "r", *"f" * (AUDIT - 1))
    grid.locator(".grid-bulk", has_text=f"You judged {AUDIT}: {AUDIT - 1} good, 1 wrong.").wait_for()
    rest, *_ = told(grid, grid.locator(".grid-bulk strong"))
    assert rest == count - AUDIT
    assert totals(server)["accepted"] == 48 + AUDIT - 1, "nothing more before the person says so"
    grid.locator(".grid-bulk button:focus", has_text=f"Accept the other {rest}").wait_for()
    grid.keyboard.press("Enter")
    notice(grid, f"{rest} masks accepted. Ctrl+Z takes all of them back.")
    assert totals(server) == {"pending": 96 - count, "accepted": 48 + count - 1, "rejected": 49, "unsure": 0}
    grid.keyboard.press("Control+z")
    notice(grid, f"Undone: {rest} masks accepted.")
    assert totals(server) == {"pending": 96 - AUDIT, "accepted": 48 + AUDIT - 1, "rejected": 49, "unsure": 0}
    grid.keyboard.press("Control+Shift+Z")
    notice(grid, f"Redone: {rest} masks accepted.")
    assert totals(server)["pending"] == 96 - count


def test_a_higher_threshold_takes_fewer_masks(grid):
    count, *_ = offer(grid)
    grid.keyboard.press("End")
    promise = grid.locator(".grid-bulk .bulk-promise")
    assert told(grid, promise)[0] < count
    assert "estimate of at least 9" in grid.inner_text(".bulk-threshold")


def test_an_audit_that_is_taken_back_asks_again_and_stopping_accepts_nothing(grid, server):
    offer(grid)
    begin_audit(grid)
    press(grid, *"f" * AUDIT)
    grid.locator(".grid-bulk", has_text=f"You judged {AUDIT}").wait_for()
    grid.keyboard.press("Control+z")
    grid.locator(".grid-bulk", has_text="1 left").wait_for()
    assert totals(server)["accepted"] == 48 + AUDIT - 1
    grid.locator(".grid-bulk button", has_text="Stop").click()
    grid.wait_for_selector(".grid-bulk", state="hidden")
    ready(grid)
    assert totals(server)["accepted"] == 48 + AUDIT - 1
    assert grid.inner_text(".grid-heading") != ""
