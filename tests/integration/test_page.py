"""A person works on pushed masks in Label Studio's own page, in a real Chromium."""

import io

import numpy as np
import pytest
from PIL import Image

from app.labelstudio.pull import PullRequest, pull
from app.services import ingest
from app.services.workspace import Workspace
from freesolo.codecs import coco_rle
from tests.app.helpers import new_instances
from tests.integration.helpers import Case, disc, here, pushed
from tests.integration.server import PASSWORD, USER

HEIGHT, WIDTH = 479, 641
LIGHT, DARK = 200, 60


@pytest.fixture
def page(chromium, label_studio):
    """A page of somebody who is logged in."""
    context = chromium.new_context(viewport={"width": 1300, "height": 900})
    context.set_default_timeout(40_000)
    page = context.new_page()
    page.goto(f"{label_studio.url}/user/login")
    page.fill("input[name=email]", USER)
    page.fill("input[name=password]", PASSWORD)
    page.press("input[name=password]", "Enter")
    page.wait_for_url("**/")
    yield page
    context.close()


@pytest.fixture
def gray(folder):
    """A picture of a dark ring and a dark disc, with their masks; its EXIF data turns it by 90 degrees, to 641 x 479."""
    (folder / "photos").mkdir(parents=True)
    ring = disc(HEIGHT, WIDTH, 150, 150, 80) & ~disc(HEIGHT, WIDTH, 150, 150, 40)
    masks = np.stack([ring, disc(HEIGHT, WIDTH, 320, 440, 100)])
    upright = np.where(masks.any(0), DARK, LIGHT).astype(np.uint8)
    exif = Image.Exif()
    exif[0x0112] = 6  # the file has what is right on top
    Image.fromarray(np.rot90(upright)).convert("RGB").save(folder / "photos" / "gray.jpg", exif=exif, quality=95)
    ws = Workspace.open(folder / "workspace")
    ingest.import_folder(ws, folder / "photos")
    with ws.store.write() as tx:
        tx.instances.add_many(1, "test@1", new_instances(masks))
        tx.images.change(1, proposer="test@1", proposer_name="test")
        tx.images.refresh([1])
    yield Case(ws, {"gray.jpg": [1, 2]})
    ws.close()


def open_task(page, label_studio, project):
    page.goto(f"{label_studio.url}/projects/{project}/data?labeling=1")
    page.get_by_role("button", name="Submit").first.wait_for()
    page.wait_for_function("document.querySelectorAll('canvas').length > 0")
    page.wait_for_timeout(2000)  # the masks are painted after the picture, without telling


def picture(page):
    """(left, top, right, bottom) of the picture on the page, and its pixels (h, w, 3)."""
    shot = np.asarray(Image.open(io.BytesIO(page.screenshot())).convert("RGB")).astype(int)
    plain = np.abs(shot - LIGHT).max(2) <= 2
    ys, xs = np.flatnonzero(plain.sum(1) > 200), np.flatnonzero(plain.sum(0) > 200)
    left, top, right, bottom = xs[0], ys[0], xs[-1] + 1, ys[-1] + 1
    return (left, top, right, bottom), shot[top:bottom, left:right]


def where_masks_lie(pixels):
    """How many pixels are masked objects, masked background, and objects without a mask."""
    coloured = pixels.max(2) - pixels.min(2) > 12  # masks are blue, polygons faintly
    dark = pixels[..., 0] < (LIGHT + DARK) / 2 - 30  # a mask over the light background is lighter
    return [int(each.sum()) for each in (coloured & dark, coloured & ~dark, ~coloured & dark)]


def submit_in(page):
    with page.expect_response(lambda answer: "/annotations" in answer.url and answer.request.method == "POST") as made:
        page.get_by_role("button", name="Submit").first.click()
    assert made.value.ok


@pytest.mark.parametrize("shape", ["brush", "polygon"])
def test_masks_lie_on_their_objects_and_come_back_untouched(gray, client, label_studio, page, shape):
    case = gray
    before = here(case, "gray.jpg")
    project = pushed(case, client, shape=shape).project.id
    open_task(page, label_studio, project)
    on_objects, beside, uncovered = where_masks_lie(picture(page)[1])
    assert on_objects > 50_000
    assert max(beside, uncovered) < 0.03 * on_objects
    submit_in(page)
    report = pull(case.ws, client, PullRequest())
    assert (dict(report.did), report.faults) == ({"accepted": 2, "finished": 1}, [])
    assert here(case, "gray.jpg") == before
    assert not any(mask.edited for mask in case.of_image("gray.jpg"))


def test_a_stroke_changes_its_mask_alone(gray, client, label_studio, page):
    case = gray
    before = here(case, "gray.jpg")
    project = pushed(case, client).project.id
    open_task(page, label_studio, project)
    (left, top, right, bottom), _ = picture(page)
    width, height = right - left, bottom - top
    page.get_by_text("object").last.click()  # the second region in the list
    y = 60
    spots = [(left + x * width / WIDTH, top + y * height / HEIGHT) for x in (350, 400, 450, 500)]
    page.mouse.move(*spots[0])
    page.mouse.down()
    for spot in spots[1:]:
        page.mouse.move(*spot, steps=5)
    page.mouse.up()
    page.wait_for_timeout(500)
    submit_in(page)
    report = pull(case.ws, client, PullRequest())
    assert (report.did["accepted"], report.did["edited"], report.did["drawn"]) == (1, 1, 0)
    after = here(case, "gray.jpg")
    [edited] = [mask_id for mask_id in before if after[mask_id] != before[mask_id]]
    old, new = (coco_rle.decode(each[edited], (HEIGHT, WIDTH)) for each in (before, after))
    assert not (old & ~new).any()
    ys, xs = np.nonzero(new & ~old)
    assert len(ys) > 100
    assert (ys.min() > y - 60, ys.max() < y + 60) == (True, True)
    assert (xs.min() > 350 - 60, xs.max() < 500 + 60) == (True, True)
