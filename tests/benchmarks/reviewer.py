"""Actions a good mask costs a reviewer who knows what to find: a script presses real keys and moves a real mouse in Chromium.

Run by hand: ``python tests/benchmarks/reviewer.py COCO.json [--images 12] [--proposer union] [--seed 0] [--ways ...]``.
It looks for the human masks of at least ``--least`` of the image; a mask is good at IoU >= 0.75. An action is a key press, a click, or a
corner of a lasso: a hand stops at each. Each way begins with a fresh copy of the same workspace:

* ``proposals``: where a proposal is good, click until it is selected (the smallest mask first, then what lies around it), then F;
* ``clicks``: N, a click on the inmost point, further clicks on the inmost point of the largest error, or J, K or up to two Tabs where
  these show a good mask, Enter; after five clicks Esc, and the object is given up;
* ``boxes``: N, a box dragged around the object, each side wrong by some 3 % of the box, then further clicks, J, K and Tab as above; at most
  three clicks, since the two corners of the box are actions, too;
* ``proposals + clicks``, ``proposals + boxes``: the first where it can, else the other;
* ``as people work``: a proposal, else a box and at most two clicks, else a lasso by a person's corners: every object is obtained;
* ``as people worked``: the same with at most three clicks instead of the box and its clicks: what the app did before it took boxes;
* ``lasso, as drawn``: P and the corners that COCO's annotators set, the first one once more to close each outline: what drawing costs;
* ``lasso, fewest corners``: P and a lasso with the fewest corners that still is good: nobody can draw so, since it takes the truth to
  know which corners can be left out.

Enter at the end of an image counts, too.
"""

import argparse
import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from app.services import ingest, proposing
from app.services.workspace import Workspace
from freesolo.codecs import coco_rle
from tests.benchmarks import screen
from tests.browser.review_page import MARGIN
from tests.browser.test_main_job import review_state

GOOD = 0.75
CORNERS = 2
"""Actions that a box takes."""
MOST_CLICKS = 5
"""Actions of pointing, until the object is given up."""
PATIENCE = 3
"""Clicks after which a person who can draw draws; of a box one corner more than a click is forgiven."""
SHAKING = 0.03
"""Standard deviation of a side of a box, share of the box."""
WAYS = (
    "proposals",
    "clicks",
    "boxes",
    "proposals + clicks",
    "proposals + boxes",
    "as people worked",
    "as people work",
    "lasso, as drawn",
    "lasso, fewest corners",
)


def iou(a, b):
    return float((a & b).sum() / max((a | b).sum(), 1))


def inmost(region):
    """(x, y) of the pixel farthest from the border of a region, and the image's own border counts."""
    padded = np.pad(region, 1).astype(np.uint8)
    y, x = np.unravel_index(cv2.distanceTransform(padded, cv2.DIST_L2, 5).argmax(), padded.shape)
    return int(x) - 1, int(y) - 1


def fewest_corners(mask):
    """A polygon, (k, 2), with the fewest corners whose inside is good, or None where no single outline is."""
    outlines, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    outline = max(outlines, key=cv2.contourArea)
    best = None
    for epsilon in np.geomspace(0.5, 0.5 * max(mask.shape), 40):
        polygon = cv2.approxPolyDP(outline, epsilon, True)[:, 0]
        drawn = cv2.fillPoly(np.zeros(mask.shape, np.uint8), [polygon], 1).astype(bool)
        if len(polygon) > 2 and iou(drawn, mask) >= GOOD + 0.02 and (best is None or len(polygon) < len(best)):
            best = polygon
    return best


@dataclass(frozen=True)
class Thing:
    """An object to find."""

    mask: np.ndarray
    outlines: list
    """The polygons that a person drew: (k, 2) each."""


def box_around(mask, rng):
    """(left, top, right, bottom) as a hand draws it, pixels of the image that are its corners."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    box = np.array([columns[0], rows[0], columns[-1], rows[-1]], float)
    box += rng.normal(0, SHAKING, 4) * np.tile(box[2:] - box[:2], 2)
    return np.clip(box.round(), 0, np.tile(mask.shape[::-1], 2) - 1).astype(int).tolist()


@dataclass
class Hand:
    """Keys and mouse on the Review screen, counted."""

    page: object
    size: tuple
    actions: int = 0

    def press(self, key):
        self.actions += 1
        self.page.keyboard.press(key)

    def place(self, x, y):
        """Where an image pixel lies while the whole image is shown."""
        height, width = self.size
        box = self.page.locator(".stage").bounding_box()
        scale = min((box["width"] - 2 * MARGIN) / width, (box["height"] - 2 * MARGIN) / height)
        left = box["x"] + (box["width"] - width * scale) / 2
        top = box["y"] + (box["height"] - height * scale) / 2
        return left + (x + 0.5) * scale, top + (y + 0.5) * scale

    def click(self, x, y, button="left"):
        self.actions += 1
        self.page.mouse.click(*self.place(x, y), button=button)

    def box(self, left, top, right, bottom):
        self.actions += CORNERS
        self.page.mouse.move(*self.place(left, top))
        self.page.mouse.down()
        self.page.mouse.move(*self.place(right, bottom), steps=3)
        self.page.mouse.up()

    def lasso(self, polygon):
        self.actions += len(polygon)
        self.page.mouse.move(*self.place(*polygon[0]))
        self.page.mouse.down()
        for corner in polygon[1:]:
            self.page.mouse.move(*self.place(*corner), steps=3)
        self.page.mouse.up()

    def selected(self):
        """Id of the selected mask, or None."""
        name = self.page.locator(".mask-list").get_attribute("aria-activedescendant")
        return None if name is None else name.removeprefix("mask-")


def take_proposal(hand, proposals, taken, truth):
    """Accept a good proposal for the object; tells whether there was one that clicks reach."""
    good = {key for key, mask in proposals.items() if key not in taken and iou(mask, truth) >= GOOD}
    if not good:
        return False
    x, y = inmost(truth)
    for _ in range(sum(bool(mask[y, x]) for mask in proposals.values())):
        hand.click(x, y)
        chosen = hand.selected()
        if chosen in good:
            taken.add(chosen)
            hand.press("f")
            return True
    return False


def decoded(candidates, size):
    return [coco_rle.decode(each["counts"].encode("ascii"), size) for each in candidates]


def point_out(hand, truth, most, box=None):
    """Make the object's mask with a box, if any, and so many clicks at most; tells whether it became good."""
    hand.press("n")
    x, y, button = *inmost(truth), "left"
    for step in range(most + (box is not None)):
        with hand.page.expect_response("**/click") as waiting:
            if box is not None and step == 0:
                hand.box(*box)
            else:
                hand.click(x, y, button)
        answer = waiting.value
        if answer.status != 200:
            break
        candidates = answer.json()["candidates"]
        hand.page.wait_for_function("document.documentElement.dataset.candidates !== '0'")
        masks = decoded(candidates, hand.size)
        keys = keys_to_good(masks, candidates[0], truth)
        if keys is not None:
            for key in keys:
                hand.press(key)
            hand.press("Enter")
            hand.press("Escape")  # the tool stays for the next mask: laid down, so that each object starts alike
            return True
        x, y, button = correction(masks[0], truth)
    hand.press("Escape")
    return False


def keys_to_good(masks, first, truth):
    """The fewest keys from the best guess to a good one, or None."""
    steps = {0: (), first["whole"]: ("k",), first["part"]: ("j",)} | {k: ("Tab",) * k for k in (1, 2) if k < len(masks)}
    steps.pop(None, None)
    return min((keys for at, keys in steps.items() if iou(masks[at], truth) >= GOOD), key=len, default=None)


def correction(mask, truth):
    """Where to click next, and with which button: in the largest error."""
    missing, wrong = truth & ~mask, mask & ~truth
    largest = [
        max(cv2.connectedComponentsWithStats(part.astype(np.uint8))[2][1:, 4], default=0) for part in (missing, wrong)
    ]
    region, button = (missing, "left") if largest[0] >= largest[1] else (wrong, "right")
    return *inmost(region), button


def draw_lasso(hand, outlines):
    """A new mask of these outlines: each after the first adds to it."""
    hand.press("Escape")  # nothing selected: a new mask
    hand.press("p")
    for outline in outlines:
        hand.lasso(outline)
    hand.actions -= 1  # laying a lasso down is not asked of a person who draws on
    hand.page.keyboard.press("Escape")


def obtain(hand, proposals, taken, thing, way):
    """Try to get a good mask of the object in one of the `WAYS`."""
    truth = thing.mask
    if way == "lasso, fewest corners":
        outline = fewest_corners(truth)
        if outline is not None:
            draw_lasso(hand, [outline])
        return
    found = way.startswith(("proposals", "as people")) and take_proposal(hand, proposals, taken, truth)
    patience = PATIENCE if way.startswith("as people") else MOST_CLICKS
    if not found and (way.endswith("clicks") or way == "as people worked"):
        found = point_out(hand, truth, patience)
    elif not found and (way.endswith("boxes") or way == "as people work"):
        rng = np.random.default_rng(int(truth.sum()))
        clicks = patience - 1 if way == "as people work" else patience - CORNERS
        found = point_out(hand, truth, clicks, box_around(truth, rng))
    if not found and way.startswith(("as people", "lasso")):
        draw_lasso(hand, thing.outlines)


def review(page, server, number, size, things, way):
    """Work through one image; returns the actions."""
    page.goto(f"{server.url}/#/review/{number}")
    page.wait_for_selector(f"html[data-image='{number}']")
    review_state(page, "ready", "saved")
    hand = Hand(page, size)
    rows = server.api(f"images/{number}")["instances"]
    proposals = {str(row["id"]): coco_rle.decode(row["counts"].encode("ascii"), size) for row in rows}
    taken = set()
    for thing in things:
        obtain(hand, proposals, taken, thing, way)
    hand.press("Enter")
    review_state(page, "saved", "ready")
    return hand.actions


def obtained(server, number, size, things):
    """How many objects have an accepted mask of their own that is good."""
    rows = server.api(f"images/{number}")["instances"]
    masks = [coco_rle.decode(row["counts"].encode("ascii"), size) for row in rows if row["state"] == "accepted"]
    found = 0
    for thing in things:
        values = [iou(mask, thing.mask) for mask in masks]
        if values and max(values) >= GOOD:
            masks.pop(int(np.argmax(values)))
            found += 1
    return found


def sample(path, count, seed, least):
    """[(file, size, `Thing`s largest first)] of some images that have objects to find."""
    truth = json.loads(path.read_text())
    folder = path.parent / "images" if (path.parent / "images").is_dir() else path.parent
    rows = {image["id"]: [] for image in truth["images"]}
    for row in truth["annotations"]:
        if not row.get("iscrowd"):
            rows[row["image_id"]].append(row)
    chosen = []
    for place in np.random.default_rng(seed).permutation(len(truth["images"])):
        image = truth["images"][place]
        size = image["height"], image["width"]
        things = [thing_of(row["segmentation"], size) for row in rows[image["id"]]]
        things = sorted((thing for thing in things if thing.mask.mean() >= least), key=lambda thing: -thing.mask.sum())
        if things and len(chosen) < count:
            chosen.append((folder / image["file_name"], size, things))
    return chosen


def thing_of(polygons, size):
    mask = coco_rle.decode(coco_rle.parse(polygons, size), size)
    outlines = [np.reshape(polygon, (-1, 2)) - 0.5 for polygon in polygons]  # `Hand.place` names pixels by their middle
    return Thing(mask, [np.vstack([outline, outline[:1]]) for outline in outlines])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("truth", nargs="?", type=Path)
    parser.add_argument("--images", type=int, default=12)
    parser.add_argument("--proposer", default="union")
    parser.add_argument("--least", type=float, default=0.005)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=WAYS)
    options = parser.parse_args()
    if options.truth is None:
        print("Name a COCO file of labelled images.")
        return
    chosen = sample(options.truth, options.images, options.seed, options.least)
    objects = sum(len(things) for _, _, things in chosen)
    print(
        f"{len(chosen)} images, {objects} objects\n\n| way | good masks | actions | actions a good mask |\n| --- | ---: | ---: | ---: |"
    )
    with screen.at_work() as (folder, servers, browser):
        (folder / "photos").mkdir()
        for number, (path, _, _) in enumerate(chosen):
            shutil.copy(path, folder / "photos" / f"{number:04}{path.suffix}")
        workspace = Workspace.open(folder / "start")
        ingest.import_folder(workspace, folder / "photos")
        proposing.run(workspace, options.proposer)
        workspace.close()
        for way in options.ways:
            shutil.copytree(folder / "start", folder / way)
            server = servers(folder, workspace=folder / way, fake=False)
            page = browser.new_page(viewport=screen.WINDOW)
            page.set_default_timeout(60_000)
            actions = good = 0
            for number, (_, size, things) in enumerate(chosen, 1):
                actions += review(page, server, number, size, things, way)
                good += obtained(server, number, size, things)
            print(f"| {way} | {good} of {objects} | {actions} | {actions / max(good, 1):.1f} |", flush=True)
            page.close()
            server.end()


if __name__ == "__main__":
    main()
