"""A picture much larger than the screen: what it is drawn from, and that it shows the same either way."""

import numpy as np
import pytest
from PIL import Image

from app.services import ingest
from app.services.workspace import Workspace
from tests.app.helpers import new_instances
from tests.browser.review_page import Review

WIDTH, HEIGHT = 3000, 2000
COLOURS = np.array([[200, 30, 30], [30, 200, 30], [30, 30, 200], [200, 200, 30]], np.uint8)
SPY = """
window.drawn = [];
const draw = CanvasRenderingContext2D.prototype.drawImage;
CanvasRenderingContext2D.prototype.drawImage = function (source, ...rest) {
  if (this.canvas.classList?.contains('picture')) window.drawn.push(source.width);
  return draw.call(this, source, ...rest);
};
"""
PIXEL = """([x, y]) => {
  const canvas = document.querySelector('canvas.picture');
  return [...canvas.getContext('2d').getImageData(x * canvas.width, y * canvas.height, 1, 1).data.slice(0, 3)];
}"""


@pytest.fixture(scope="module")
def server(make_server, tmp_path_factory):
    """An app on two images of four quarters, each of one colour."""
    folder = tmp_path_factory.mktemp("large")
    (folder / "photos").mkdir()
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    quarters = COLOURS[2 * (rows >= HEIGHT // 2) + (columns >= WIDTH // 2)]
    workspace = Workspace.open(folder / "workspace")
    for number in (1, 2):
        quarters[0, 0, 0] = number  # no two files are the same
        Image.fromarray(quarters).save(folder / "photos" / f"{number}.png")
    ingest.import_folder(workspace, folder / "photos")
    mask = np.zeros((1, HEIGHT, WIDTH), bool)
    mask[0, 100:160, 100:160] = True
    with workspace.store.write() as tx:
        for image_id in (1, 2):
            tx.instances.add_many(image_id, "test@1", new_instances(mask, [0.9]))
            tx.images.change(image_id, proposer="test@1", proposer_name="test")
        tx.images.refresh([1, 2])
    workspace.close()
    return make_server(folder)


def corners(page):
    """Colours of the stage a third from its middle towards each corner."""
    return [page.evaluate(PIXEL, [x, y]) for y in (0.35, 0.65) for x in (0.35, 0.65)]


def test_whole_it_comes_from_a_copy_of_the_screens_size_and_close_from_itself(server, page):
    page.add_init_script(SPY)
    review = Review(page, server)
    review.open(1)
    stage = page.locator("canvas.picture").bounding_box()
    assert corners(page) == COLOURS.tolist()
    page.evaluate("window.drawn = []")
    page.keyboard.press("d")  # made ready beforehand
    page.wait_for_selector("html[data-image='2']")
    page.wait_for_function("window.drawn.length > 0")
    assert max(page.evaluate("window.drawn")) <= stage["width"]
    assert corners(page) == COLOURS.tolist()
    page.evaluate("window.drawn = []")
    page.keyboard.press("z")
    page.wait_for_function("window.drawn.length > 0")
    assert set(page.evaluate("window.drawn")) == {WIDTH}
    assert corners(page) == [COLOURS[0].tolist()] * 4
    page.keyboard.press("Shift+Z")
    page.wait_for_function("(width) => window.drawn.at(-1) <= width", arg=stage["width"])
    page.set_viewport_size({"width": 700, "height": 600})  # smaller than the copy
    page.wait_for_function("(width) => document.querySelector('canvas.picture').width < width", arg=stage["width"])
    assert max(page.evaluate("window.drawn.slice(-1)")) <= stage["width"]


def test_on_a_larger_screen_than_it_was_made_for_it_is_drawn_from_itself(server, page):
    page.add_init_script(SPY)
    page.set_viewport_size({"width": 800, "height": 600})
    review = Review(page, server)
    review.open(1)
    page.evaluate("window.drawn = []")
    page.set_viewport_size({"width": 1800, "height": 1300})
    page.wait_for_function("(width) => window.drawn.at(-1) === width", arg=WIDTH)
