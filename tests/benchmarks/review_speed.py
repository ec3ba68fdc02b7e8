"""How fast a person can review, in real Chromium with the real server: one table, p50 and p95 in milliseconds.

Run by hand: ``python tests/benchmarks/review_speed.py [--rounds 40] [--images 100000] [--json]``. `canvas.py` measures single
events on the canvas; this one measures what a person waits for:

* a key to the next mask on the screen, with 40 masks and with 300 in one image;
* the next image, prefetched and cold, 12 megapixels;
* a page of 40 crops in the Grid, from 80 images of 1600x1200: never drawn before, and seen before;
* 1,000 decisions typed as fast as keys repeat: how many are saved, and when;
* a workspace of 100,000 images: from opening the page to the first image that can be reviewed.
"""

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from app.services import ingest
from app.services.workspace import Workspace
from tests.benchmarks import canvas, screen
from tests.benchmarks.import_folder import make_photographs

LARGE = (4000, 3000)
CROWD = 300
TYPED = 1000
GRID_IMAGES, GRID_MASKS = 80, 5
GRID_PAGES = GRID_IMAGES * GRID_MASKS // 40
KEYS_A_SECOND = 30
"""What keyboards repeat at."""
REACH = {
    "key to next mask": 40,
    "hover, 300 masks": 50,
    "select, 300 masks": 50,
    "accept, 300 masks": 50,
    "accept, 300 masks, picture adjusted": 50,
    "next image, prefetched": 50,
    "next image, cold, 12 MP": 600,
    "Grid page, cold": 1000,
    "Grid page, cached": 100,
    "1,000 decisions: saved after the last key": 3000,
    "100,000 images: first one reviewable": 2000,
}
NEXT = {
    "next image, prefetched": "new Promise((later) => setTimeout(later, 2500)).then(() => opened(() => press('d')))",
    "next image, cold, 12 MP": "opened(() => { location.hash = `#/review/${window.coldImage}`; })",
}
TURN = """(key) => new Promise((done) => {
  const begin = performance.now();
  press(key);
  const pictures = [...document.querySelectorAll('.card-crop img')];
  const look = () => pictures.every((picture) => picture.complete && picture.naturalWidth)
    ? frameAfter(() => {}).then(() => done(performance.now() - begin))
    : requestAnimationFrame(look);
  look();
})"""
"""Another page of the Grid, until all its crops are there and painted."""
TYPE = """async ([number, pause]) => {
  // `f` and `r` in turn on every mask that comes; the last image is gone through again, so that there is always one.
  const keys = ['f', 'r', 's'];
  for (let count = 0; count < number; count++) {
    press(keys[count % 3]);
    await new Promise((later) => setTimeout(later, pause));
  }
  const begin = performance.now();
  while (document.documentElement.dataset.review !== 'saved') await new Promise((later) => setTimeout(later, 10));
  return performance.now() - begin;
}"""


def events(page, server, rounds):
    """Keys and pointer on one image."""
    found = {}
    screen.open_image(page, server.url, 1)
    found["key to next mask"] = screen.measure(page, canvas.SCRIPTS["next mask"], rounds)
    screen.open_image(page, server.url, 2)
    for what, script in (("hover", "hover"), ("select", "click"), ("accept", "accept")):
        found[f"{what}, 300 masks"] = screen.measure(page, canvas.SCRIPTS[script], rounds)
    page.evaluate(
        "press('ArrowUp', {shiftKey: true})"
    )  # brighter: a filter on the picture, which must cost nothing here
    page.wait_for_timeout(200)
    found["accept, 300 masks, picture adjusted"] = screen.measure(page, canvas.SCRIPTS["accept"], rounds)
    return found


def next_images(page, server, small, large):
    """From one 12-megapixel image to the next."""
    found = {}
    screen.open_image(page, server.url, small + 1)
    half = large // 2
    found["next image, prefetched"] = screen.figure(
        [page.evaluate(NEXT["next image, prefetched"]) for _ in range(half - 1)]
    )
    times = []
    for image in range(small + half + 1, small + large + 1):  # far from what the neighbours made ready
        page.evaluate("(image) => { window.coldImage = image }", image)
        screen.open_image(page, server.url, 1)
        page.evaluate("(image) => { window.coldImage = image }", image)
        times.append(page.evaluate(NEXT["next image, cold, 12 MP"]))
    found["next image, cold, 12 MP"] = screen.figure(times)
    return found


def grid_pages(page, server):
    """Through the Grid to its last page, each asked for as soon as the one before is there, and back over what was seen."""
    page.goto("about:blank")
    page.goto(f"{server.url}/#/grid")
    page.wait_for_selector("html[data-grid=ready]", timeout=60_000)
    page.evaluate(screen.HELPERS)
    page.evaluate(TURN, "Home")  # waits for the first page
    cold = [page.evaluate(TURN, "PageDown") for _ in range(GRID_PAGES - 1)]
    page.wait_for_timeout(1500)
    cached = [page.evaluate(TURN, "PageUp") for _ in range(GRID_PAGES - 1)]
    return {"Grid page, cold": screen.figure(cold), "Grid page, cached": screen.figure(cached)}


def typed(page, server):
    """A thousand decisions on a thousand masks, and whether each is in the database."""
    screen.open_image(page, server.url, 3)
    waited = page.evaluate(TYPE, [TYPED, 1000 / KEYS_A_SECOND])
    saved = server.api("images/3")["instances"]
    lost = sum(mask["state"] == "pending" for mask in saved)
    assert lost == 0, f"{lost} of {TYPED} decisions were lost"
    return {"1,000 decisions: saved after the last key": screen.figure([waited])}


def many_images(browser, servers, folder, number):
    """From the address to the first image with its masks, in a new browser; the app runs already."""
    folder.mkdir()
    make_photographs(folder / "photos", number, 160, 120)
    workspace = Workspace.open(folder / "workspace")
    ingest.import_folder(workspace, folder / "photos")
    screen.add_masks(workspace, 1, screen.MASKS, (160, 120))
    workspace.close()
    server = servers(folder, fake=False)
    times = []
    for _ in range(5):
        context = browser.new_context(viewport=screen.WINDOW)
        page = context.new_page()
        begin = time.monotonic()
        page.goto(f"{server.url}/#/review", wait_until="commit")
        page.wait_for_selector("html[data-review=ready]", timeout=60_000)
        times.append(1000 * (time.monotonic() - begin))
        context.close()
    return {f"{number:,} images: first one reviewable": screen.figure(times)}


def measure(rounds, images):
    """All figures by what was done: on small images (the second has 300 masks, the third 1,000), on large ones, on very many."""
    small, large = 4, 16
    masks = {2: CROWD, 3: TYPED}
    with screen.at_work() as (folder, servers, browser):
        sizes = [screen.SIZE] * small + [LARGE] * large
        screen.fill(folder / "some", [(size, masks.get(k, screen.MASKS)) for k, size in enumerate(sizes, 1)])
        server = servers(folder / "some", fake=False)
        page = browser.new_page(viewport=screen.WINDOW)
        found = events(page, server, rounds) | next_images(page, server, small, large) | typed(page, server)
        screen.fill(folder / "grid", [(screen.SIZE, GRID_MASKS)] * GRID_IMAGES)
        found |= grid_pages(page, servers(folder / "grid", fake=False))
        page.close()
        return found | many_images(browser, servers, folder / "many", images)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    screen.report(measure(arguments.rounds, arguments.images), REACH, arguments.json)


if __name__ == "__main__":
    main()
