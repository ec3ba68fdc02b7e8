"""A person works on pushed masks in Label Studio's own page, in a real Chromium."""

import io
import time
from contextlib import contextmanager

import numpy as np
import pytest
from PIL import Image

from app.labelstudio.pull import PullRequest, pull
from freesolo.codecs import coco_rle
from tests.golden import golden_masks
from tests.integration.helpers import disc, here, make_case, pushed
from tests.integration.server import PASSWORD, USER
from tests.integration.test_web_pictures import web_server

LIGHT, DARK = 200, 60
SIZES = [(480, 640), (479, 641), (500, 300), (13, 17), (3000, 4000)]
"""(height, width)."""
TURNED = (44, 60)
"""Of the pictures with EXIF data, upright."""
UNTURN = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
"""EXIF orientation -> what makes the file's pixels of the upright ones."""


@pytest.fixture
def page(chromium, label_studio):
    """A page of somebody who is logged in."""
    context = chromium.new_context(viewport={"width": 1700, "height": 900})  # its tools lie beside the pictures
    context.set_default_timeout(40_000)
    page = context.new_page()
    page.goto(f"{label_studio.url}/user/login")
    page.fill("input[name=email]", USER)
    page.fill("input[name=password]", PASSWORD)
    page.press("input[name=password]", "Enter")
    page.wait_for_url("**/")
    yield page
    context.close()


def shapes(height, width):
    """Masks that no mirror and no turn maps onto themselves: a ring, two parts, a line, a pixel, a corner."""
    side = min(height, width)
    ring = disc(height, width, 0.35 * height, 0.3 * width, 0.25 * side) & ~disc(
        height, width, 0.35 * height, 0.3 * width, 0.1 * side
    )
    parts, line, pixel, corner = np.zeros((4, height, width), bool)
    parts[: height // 4, width * 2 // 3 : width * 5 // 6] = True
    parts[height // 2 : height * 3 // 4, width * 3 // 4 :] = True
    line[height * 5 // 6, width // 4 : width // 2] = True
    pixel[height - 2, width - 2] = True
    corner[height * 7 // 8 :, : width // 8] = True
    return [ring, parts, line, pixel, corner]


def drawn(masks):
    """The picture of dark objects that the masks are of."""
    return np.where(np.any(masks, axis=0), DARK, LIGHT).astype(np.uint8)


def turned(upright, orientation):
    """A JPEG file whose EXIF data turns it upright."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = Image.fromarray(upright).convert("RGB")
    if orientation in UNTURN:
        picture = picture.transpose(UNTURN[orientation])
    stream = io.BytesIO()
    picture.save(stream, "JPEG", exif=exif, quality=95)
    return stream.getvalue()


def golden():
    """(height, width) and all golden masks but the long one, side by side on one picture."""
    masks = [mask for mask in golden_masks().values() if mask.shape[1] < 60]
    placed = np.zeros((len(masks), 200, 250), bool)
    for place, mask in enumerate(masks):
        top, left = 1 + place // 4 * 50, 1 + place % 4 * 62
        placed[place, top : top + mask.shape[0], left : left + mask.shape[1]] = mask
    return placed.shape[1:], list(placed)


@pytest.fixture
def gallery(folder):
    """Pictures of all sizes and orientations, and one of the golden masks."""
    images = {f"{width}x{height}.png": ((height, width), shapes(height, width)) for height, width in SIZES}
    images |= {f"exif-{orientation}.jpg": (TURNED, shapes(*TURNED)) for orientation in range(1, 9)}
    images["golden.png"] = golden()
    pictures = {name: drawn(masks) for name, (_, masks) in images.items()}
    pictures |= {name: turned(picture, int(name[5])) for name, picture in pictures.items() if name.startswith("exif")}
    case = make_case(folder, images, pictures=pictures)
    yield case
    case.ws.close()


def make_two(folder):
    """A picture, 641 x 479, of a ring and a disc."""
    size = (479, 641)
    masks = [disc(*size, 150, 150, 80) & ~disc(*size, 150, 150, 40), disc(*size, 320, 440, 100)]
    return make_case(folder, {"two.png": (size, masks)}, pictures={"two.png": drawn(masks)})


@pytest.fixture
def two(folder):
    """`make_two` where Label Studio can read it."""
    case = make_two(folder)
    yield case
    case.ws.close()


PICTURE = "img[alt=image]"


def open_stream(page, label_studio, project):
    """The first task that nobody answered; its name."""
    with next_task(page) as shown:
        page.goto(f"{label_studio.url}/projects/{project}/data?labeling=1")
    return shown[0]


@contextmanager
def next_task(page):
    """Wait for the task that the page goes on to: a list that will hold its name, or None where there is no more."""
    before = page.evaluate("picture => document.querySelector(picture)?.src", PICTURE)
    shown = []
    with page.expect_response(lambda answer: "id=next_task" in answer.url) as asked:
        yield shown
    if not asked.value.ok:  # 404: all are answered
        shown.append(None)
        return
    page.wait_for_function(
        "([picture, before]) => { const now = document.querySelector(picture); return now && now.src !== before && now.complete; }",
        arg=[PICTURE, before],
    )
    shown.append(asked.value.json()["data"]["name"])


def painted(page):
    """The picture on the page with what lies on it, (h, w, 3)."""
    shot = Image.open(io.BytesIO(page.screenshot(clip=page.locator(PICTURE).bounding_box())))
    return np.asarray(shot.convert("RGB")).astype(int)


def disagreeing(pixels, objects, least_colour):
    """How many of the points looked at are a masked object on the page but background here, or the other way round.

    Points are the middles of the picture's pixels; of a larger picture the page's pixels that lie in one of either only.
    """
    shown, size = np.array(pixels.shape[:2]), np.array(objects.shape)
    wanted = objects
    if (shown < size).any():
        grid = [((np.arange(side) + 0.5) * of / side).astype(int) for side, of in zip(shown, size, strict=True)]
        wanted = objects[np.ix_(*grid)].astype(int)
    else:
        grid = [((np.arange(of) + 0.5) * side / of).astype(int) for side, of in zip(shown, size, strict=True)]
        pixels = pixels[np.ix_(*grid)]
    red, blue = pixels[..., 0], pixels[..., 2]
    masked = (blue - red > least_colour) & (red < (LIGHT + DARK) / 2)  # a mask beside its object is lighter
    plain = (abs(blue - red) <= least_colour) & (red > (LIGHT + DARK) / 2)
    wrong = np.where(wanted, ~masked, ~plain)
    if wanted is not objects:
        near = np.stack([np.roll(wanted, (y, x), (0, 1)) for y in (-1, 0, 1) for x in (-1, 0, 1)])
        wrong &= (near == wanted).all(0)
    return int(wrong.sum())


def wait_until_aligned(page, masks, least_colour=30, blur=0.01):
    """Masks are painted after the picture, without telling; ``blur``: part of their pixels that may look otherwise (corners).

    Returns what disagrees, and what would if the masks lay one pixel aside.
    """
    objects = np.any(masks, axis=0)
    deadline = time.monotonic() + 30
    while (found := disagreeing(pixels := painted(page), objects, least_colour)) > blur * objects.sum():
        assert time.monotonic() < deadline, f"{found} points of {objects.size} are not as they are here"
    return found, disagreeing(pixels, np.roll(objects, 1, 1), least_colour)


def submit_in(page):
    """Press Submit; the name of the next task."""
    with (
        next_task(page) as shown,
        page.expect_response(lambda answer: "/annotations" in answer.url and answer.request.method == "POST") as made,
    ):
        page.get_by_role("button", name="Submit").first.click()
    assert made.value.ok
    return shown[0]


def test_masks_of_every_size_and_orientation_lie_on_their_objects_and_come_back_untouched(
    gallery, client, label_studio, page
):
    before = {name: here(gallery, name) for name in gallery.masks}
    project = pushed(gallery, client).project.id
    left = dict(before)
    name = open_stream(page, label_studio, project)
    while name is not None:
        size = (gallery.image(name).height, gallery.image(name).width)
        found, aside = wait_until_aligned(page, [coco_rle.decode(counts, size) for counts in left.pop(name).values()])
        assert max(size) > 1000 or aside > 2 * found + 5, "one pixel aside would not be seen"
        name = submit_in(page)
    assert left == {}
    report = pull(gallery.ws, client, PullRequest())
    total = sum(map(len, before.values()))
    assert (dict(report.did), report.faults) == ({"accepted": total, "finished": len(before)}, [])
    assert {name: here(gallery, name) for name in before} == before
    assert not any(mask.edited for name in before for mask in gallery.of_image(name))


def test_polygons_lie_on_their_objects_and_come_back_untouched(two, client, label_studio, page):
    before = here(two, "two.png")
    project = pushed(two, client, shape="polygon").project.id
    open_stream(page, label_studio, project)
    masks = [coco_rle.decode(counts, (479, 641)) for counts in before.values()]
    wait_until_aligned(page, masks, least_colour=12, blur=0.05)  # its lines lie on both sides
    submit_in(page)
    report = pull(two.ws, client, PullRequest())
    assert (dict(report.did), report.faults) == ({"accepted": 2, "finished": 1}, [])
    assert here(two, "two.png") == before


def test_a_stroke_changes_its_mask_alone(two, client, label_studio, page):
    before = here(two, "two.png")
    project = pushed(two, client).project.id
    open_stream(page, label_studio, project)
    wait_until_aligned(page, [coco_rle.decode(counts, (479, 641)) for counts in before.values()])
    box = page.locator(PICTURE).bounding_box()
    page.get_by_text("object").last.click()  # the second region in the list
    y = 60
    spots = [(box["x"] + x * box["width"] / 641, box["y"] + y * box["height"] / 479) for x in (350, 400, 450, 500)]
    page.mouse.move(*spots[0])
    page.mouse.down()
    for spot in spots[1:]:
        page.mouse.move(*spot, steps=5)
    page.mouse.up()
    page.wait_for_timeout(500)
    submit_in(page)
    report = pull(two.ws, client, PullRequest())
    assert (report.did["accepted"], report.did["edited"], report.did["drawn"]) == (1, 1, 0)
    after = here(two, "two.png")
    [edited] = [mask_id for mask_id in before if after[mask_id] != before[mask_id]]
    old, new = (coco_rle.decode(each[edited], (479, 641)) for each in (before, after))
    assert not (old & ~new).any()
    ys, xs = np.nonzero(new & ~old)
    assert len(ys) > 100
    assert (ys.min() > y - 60, ys.max() < y + 60) == (True, True)
    assert (xs.min() > 350 - 60, xs.max() < 500 + 60) == (True, True)


def test_a_picture_from_a_web_server_is_shown_below_its_masks(tmp_path, client, label_studio, page):
    case = make_two(tmp_path)
    before = here(case, "two.png")
    with web_server(tmp_path / "photos") as url:
        project = pushed(case, client, way="url", address=url).project.id
        open_stream(page, label_studio, project)
        wait_until_aligned(page, [coco_rle.decode(counts, (479, 641)) for counts in before.values()])
        submit_in(page)
    report = pull(case.ws, client, PullRequest())
    assert (dict(report.did), here(case, "two.png")) == ({"accepted": 2, "finished": 1}, before)
    case.ws.close()
