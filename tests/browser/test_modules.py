"""The browser's modules against references: the RLE codec, outlines, names, keys."""

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from freesolo.codecs import coco_rle
from tests.browser.review_page import Review, proposed
from tests.golden import golden_masks, thousand_masks

EVIL = "<img src=x onerror=alert(1)> ${alert(2)} `\"'"


@pytest.fixture(scope="module")
def server(make_server, tmp_path_factory, chromium):
    return proposed(make_server, tmp_path_factory.mktemp("modules"), chromium, 1)


@pytest.fixture
def modules(server, page):
    """A page that can import the app's modules."""
    page.goto(f"{server.url}/static/favicon.svg")
    page.goto(f"{server.url}/#/queue")
    page.wait_for_selector("html[data-tab=queue]")
    return page


def encoded(mask):
    counts = coco_rle.encode(mask)
    box = coco_mask.toBbox({"size": list(mask.shape), "counts": counts}).astype(int).tolist()
    return [counts.decode(), *mask.shape, box]


def random_masks(number):
    rng = np.random.default_rng(3)
    for _ in range(number):
        shape = rng.integers(1, 40, 2)
        mask = rng.random(shape) < rng.choice([0.05, 0.5, 0.95])
        if mask.any():
            yield mask


CODEC = """async (masks) => {
  const {decode, encode} = await import('/static/js/rle.js');
  return masks.map(([counts, height, width, box]) => {
    const bitmap = decode(counts, height, box);
    return [bitmap.data.reduce((sum, value) => sum + value, 0), encode(bitmap, height, width)];
  });
}"""


def test_rle_equals_pycocotools(modules):
    masks = [*golden_masks().values(), *random_masks(300), *thousand_masks()[::10]]
    results = modules.evaluate(CODEC, [encoded(mask) for mask in masks])
    for mask, (area, counts) in zip(masks, results, strict=True):
        assert area == mask.sum()
        assert counts == coco_mask.encode(np.asfortranarray(mask, np.uint8))["counts"].decode()


RINGS = """async (masks) => {
  const {decode} = await import('/static/js/rle.js');
  const {ringsOf, anchorOf} = await import('/static/js/review/outline.js');
  return masks.map(([counts, height, width, box]) => {
    const bitmap = decode(counts, height, box);
    return {rings: ringsOf(bitmap), anchor: anchorOf(bitmap)};
  });
}"""


def ring_area(corners):
    """Shoelace area of x0, y0, x1, y1, ...; positive clockwise, as y points down."""
    x, y = np.array(corners).reshape(-1, 2).T
    return float((x * np.roll(y, -1) - np.roll(x, -1) * y).sum() / 2)


def test_outlines_enclose_exactly_the_mask(modules):
    masks = [*golden_masks().values(), *random_masks(100)]
    for mask, result in zip(masks, modules.evaluate(RINGS, [encoded(mask) for mask in masks]), strict=True):
        areas = [ring_area(ring["corners"]) for ring in result["rings"]]
        assert sum(areas) == mask.sum()
        assert [area < 0 for area in areas] == [ring["hole"] for ring in result["rings"]]
        column, row = (int(side) for side in result["anchor"])
        assert mask[row, column], "the sign lies on the mask"


@pytest.mark.parametrize(
    ("name", "parts", "holes"),
    [("donut", 1, 1), ("nested island", 2, 1), ("two parts", 2, 0), ("two holes", 1, 2), ("diagonal", 16, 0)],
)
def test_parts_and_holes_are_counted(modules, name, parts, holes):
    rings = modules.evaluate(RINGS, [encoded(golden_masks()[name])])[0]["rings"]
    assert (sum(not ring["hole"] for ring in rings), sum(ring["hole"] for ring in rings)) == (parts, holes)


def test_every_key_is_in_the_table_once_and_none_is_the_browsers(modules):
    keymap = modules.evaluate("import('/static/js/review/keymap.js').then(({KEYMAP}) => KEYMAP)")
    with_tool = {key for binding in keymap if "needs" in binding for key in binding["keys"]}
    keys = [key for binding in keymap if "needs" not in binding for key in binding["keys"]]
    assert len(keys) == len(set(keys))
    assert len(with_tool) == sum(len(binding["keys"]) for binding in keymap if "needs" in binding)
    # what a tool in hand takes away has another key, is for the mouse, or can wait until the tool is laid down
    taken = {binding["action"] for binding in keymap if "needs" not in binding and with_tool & set(binding["keys"])}
    looks = {"brighter", "darker", "more-contrast", "less-contrast"}
    assert taken == {"next-mask", "previous-mask", "next-image", "previous-image", "pan"} | looks
    assert all(set(binding["keys"]) - with_tool for binding in keymap if binding["action"] in taken - looks - {"pan"})
    assert not {"Ctrl+w", "Ctrl+t", "Ctrl+n", "Ctrl+Tab"} & {*keys, *with_tool}
    assert len({binding["action"] for binding in keymap}) == len(keymap)
    wanted = {
        "f",
        "r",
        "Delete",
        "s",
        "Shift+F",
        "Shift+R",
        "Backspace",
        "Tab",
        "Shift+Tab",
        "d",
        "a",
        "u",
        "Enter",
        " ",
        "v",
        "w",
    }
    assert wanted | {
        "z",
        "Shift+Z",
        "o",
        ",",
        ".",
        "y",
        "Ctrl+z",
        "Ctrl+Shift+Z",
        "t",
        "/",
        "Escape",
        "?",
        *"0123456789",
    } <= set(keys)


def test_evil_names_are_text_in_review(server, page):
    page.on("dialog", lambda _dialog: pytest.fail("a name ran as code"))

    def rename(route):
        image = route.fetch().json()
        route.fulfill(json={**image, "name": EVIL, "note": EVIL})

    page.route("**/api/images/1", rename)
    review = Review(page, server)
    review.open(1)
    assert page.text_content(".image-name") == EVIL
    assert page.locator(".image-head img").count() == 0
    page.fill(".category-add input", EVIL)
    page.keyboard.press("Enter")
    page.wait_for_function("(name) => document.querySelector('.mask-line').textContent.includes(name)", arg=EVIL)
    assert page.locator(".side img").count() == 0
    assert EVIL in [category["name"] for category in server.api("overview")["categories"]]
