"""The bitmap functions behind the editing tools, in Chromium, against numpy, OpenCV, SciPy and scikit-image."""

import cv2
import numpy as np
import pytest
import scipy.ndimage
import skimage.draw

from tests.browser.test_modules import encoded, modules, random_masks, server  # noqa: F401
from tests.golden import golden_masks

CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
CORNERS = np.ones((3, 3), bool)

IN_PAGE = """async ([body, inputs]) => {
  const {decode, encode} = await import('/static/js/rle.js');
  const names = ['bitmap', 'regions', 'strokes'];
  const found = await Promise.all(names.map((name) => import(`/static/js/review/${name}.js`)));
  const tools = Object.assign({}, ...found);
  const dense = ({x, y, w, h, data}, {width, height}) => {
    const rows = [];
    for (let row = 0; row < h; row++) for (let column = 0; column < w; column++) if (data[row * w + column])
      rows.push((y + row) * width + x + column);
    return rows;
  };
  const read = ([counts, height, width, box]) => ({bitmap: decode(counts, height, box), image: {height, width}});
  const run = new Function('tools', 'input', 'read', 'dense', body);
  return inputs.map((input) => run(tools, input, read, dense));
}"""


@pytest.fixture
def run(modules):  # noqa: F811
    """Run a function body on each input: ``tools`` are the modules, ``read`` makes a bitmap, ``dense`` lists its pixels."""
    return lambda body, inputs: modules.evaluate(IN_PAGE, [body, inputs])


def masks():
    return [*golden_masks().values(), *random_masks(150)]


def mask_of(pixels, shape):
    found = np.zeros(shape, bool)
    found.reshape(-1)[pixels] = True
    return found


def one_by_one(run, body, given):
    """(mask, what the page made of it) for each mask."""
    results = run(f"const {{bitmap, image}} = read(input); {body}", [encoded(mask) for mask in given])
    return zip(given, results, strict=True)


def test_trim_and_area(run):
    body = """const wide = tools.placed(bitmap, {x: 0, y: 0, w: image.width, h: image.height});
              const {x, y, w, h} = tools.trim(wide);
              return [[x, y, w, h], dense(tools.trim(wide), image), tools.areaOf(wide)];"""
    for mask, (box, pixels, area) in one_by_one(run, body, masks()):
        assert box == encoded(mask)[3]
        assert (mask_of(pixels, mask.shape) == mask).all()
        assert area == mask.sum()
    assert run("return tools.trim({x: 3, y: 4, w: 2, h: 1, data: new Uint8Array(2)});", [0]) == [None]


def test_parts_are_connected_by_sides_largest_first(run):
    for mask, parts in one_by_one(run, "return tools.partsOf(bitmap).map((part) => dense(part, image));", masks()):
        number, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)
        sizes = sorted((int((labels == label).sum()) for label in range(1, number)), reverse=True)
        assert [len(part) for part in parts] == sizes
        for part in parts:
            assert len(set(labels.reshape(-1)[part])) == 1
        assert (mask_of(np.concatenate(parts), mask.shape) == mask).all()


def test_holes_are_filled_but_not_bays_that_are_open_over_a_corner(run):
    for mask, pixels in one_by_one(run, "return dense(tools.fillHoles(bitmap), image);", masks()):
        assert (mask_of(pixels, mask.shape) == scipy.ndimage.binary_fill_holes(mask, CORNERS)).all()


def test_grow_and_shrink_go_over_sides_and_leave_the_border_of_the_image(run):
    body = "return [tools.grow(bitmap, image), tools.shrink(bitmap, image)].map((each) => dense(each, image));"
    for mask, (grown, shrunk) in one_by_one(run, body, masks()):
        assert (mask_of(grown, mask.shape) == cv2.dilate(mask.astype(np.uint8), CROSS)).all()
        assert (mask_of(shrunk, mask.shape) == cv2.erode(mask.astype(np.uint8), CROSS)).all()


def test_union_and_subtract(run):
    rng = np.random.default_rng(5)
    pairs = []
    for _ in range(100):
        shape = rng.integers(2, 30, 2)
        pair = [rng.random(shape) < 0.3 for _ in range(2)]
        if all(mask.any() for mask in pair):
            pairs.append(pair)
    body = """const [a, b] = input.map(read);
              return [tools.union([a.bitmap, b.bitmap]), tools.subtract(a.bitmap, b.bitmap)].map((each) => dense(each, a.image));"""
    results = run(body, [[encoded(mask) for mask in pair] for pair in pairs])
    for (a, b), (both, rest) in zip(pairs, results, strict=True):
        assert (mask_of(both, a.shape) == (a | b)).all()
        assert (mask_of(rest, a.shape) == (a & ~b)).all()


def test_a_brush_covers_the_pixels_near_its_way(run):
    rng = np.random.default_rng(6)
    height, width = 40, 50
    strokes = [
        [rng.uniform(-5, 55, (4, 2)).tolist(), float(size), [width, height]]
        for size in (1, 1, 2, 3, 4.5, 7, 12, 30)
        for _ in range(12)
    ]
    strokes.append([[[3.01, 3.99], [3.01, 3.99]], 1.0, [width, height]])
    body = """const [points, size, [width, height]] = input, image = {width, height};
              let bitmap = {x: 10, y: 10, w: 0, h: 0, data: new Uint8Array(0)};
              points.forEach((point, k) => {
                const from = points[Math.max(0, k - 1)], box = tools.boxOf(from, point, size, image);
                if (box.w <= 0 || box.h <= 0) return;
                bitmap = tools.roomFor(bitmap, box, image);
                tools.stamp(bitmap, from, point, size, 1);
              });
              return dense(bitmap, image);"""
    rows, columns = np.mgrid[:height, :width] + 0.5
    for (points, size, _), pixels in zip(strokes, run(body, strokes), strict=True):
        corners = np.floor(points) + 0.5
        expected = np.zeros((height, width), bool)
        for a, b in zip(corners[[0, *range(len(corners) - 1)]], corners, strict=True):
            way = b - a
            along = ((columns - a[0]) * way[0] + (rows - a[1]) * way[1]) / max(way @ way, 1)
            along = np.clip(along, 0, 1)
            distance = np.hypot(columns - a[0] - along * way[0], rows - a[1] - along * way[1])
            expected |= distance <= size / 2 + 1e-9
        differing = mask_of(pixels, expected.shape) ^ expected
        assert differing.sum() <= 2, "rounding may decide a pixel that lies exactly on the edge"
    assert run(body, strokes[-1:]) == [[3 * width + 3]]


def test_a_loop_encloses_what_scikit_image_fills(run):
    rng = np.random.default_rng(7)
    height, width = 40, 50
    loops = []
    for _ in range(60):
        angles = np.sort(rng.uniform(0, 2 * np.pi, 9))
        radii = rng.uniform(2, 30, 9)
        centre = rng.uniform(5, 35, 2)
        loops.append((centre + np.stack([np.cos(angles), np.sin(angles)], 1) * radii[:, None]).tolist())
    body = """const image = {width: 50, height: 40}, found = tools.enclosed(input, image);
              return found ? dense(found, image) : [];"""
    for loop, pixels in zip(loops, run(body, loops), strict=True):
        x, y = np.array(loop).T
        expected = np.zeros((height, width), bool)
        expected[skimage.draw.polygon(y - 0.5, x - 0.5, (height, width))] = True
        assert (mask_of(pixels, expected.shape) == expected).all()


def test_a_loop_that_crosses_itself_leaves_no_hole(run):
    star = [[25 + 18 * np.cos(a), 20 + 18 * np.sin(a)] for a in np.arange(5) * 4 * np.pi / 5]
    body = "return dense(tools.enclosed(input, {width: 50, height: 40}), {width: 50, height: 40});"
    mask = mask_of(run(body, [star])[0], (40, 50))
    assert mask[20, 25], "even-odd would leave the middle empty"
    assert (scipy.ndimage.binary_fill_holes(mask) == mask).all()


CUT = """const {bitmap, image} = read(input[0]), pieces = tools.cut(bitmap, input[1]);
         return pieces && pieces.map((piece) => dense(piece, image));"""


def test_a_cut_loses_no_pixel_and_separates_by_the_line(run):
    rng = np.random.default_rng(8)
    inputs, given = [], []
    for _ in range(80):
        mask = scipy.ndimage.gaussian_filter(rng.random((30, 40)), 2) > 0.49
        if mask.any():
            given.append(mask)
            inputs.append([encoded(mask), (rng.uniform(-5, 45, (2, 2))).tolist()])
    cuts = 0
    for mask, pieces in zip(given, run(CUT, inputs), strict=True):
        if pieces is None:
            continue
        cuts += 1
        pixels = np.concatenate(pieces)
        assert len(pixels) == len(set(pixels)), "no pixel belongs to two pieces"
        assert (mask_of(pixels, mask.shape) == mask).all()
        for piece in pieces[1:]:
            assert cv2.connectedComponents(mask_of(piece, mask.shape).astype(np.uint8), connectivity=4)[0] == 2
    assert cuts > 20


def test_a_straight_cut_through_a_square(run):
    mask = np.zeros((20, 20), bool)
    mask[4:16, 4:16] = True
    inputs = [
        [encoded(mask), [[0.5, 9.5], [19.5, 9.5]]],
        [encoded(mask), [[0.5, 9.5], [10.5, 9.5]]],
        [encoded(mask), [[2.5, 0.5], [2.5, 19.5]]],
    ]
    through, half, beside = run(CUT, inputs)
    assert [len(piece) for piece in through] == [72, 72], "the row under the line goes to one side as a whole"
    assert half is None, "a line that ends inside cuts nothing off"
    assert beside is None


def test_islands_that_a_cut_does_not_touch_stay_with_the_rest(run):
    mask = np.zeros((20, 30), bool)
    mask[2:12, 2:12] = mask[15:18, 20:25] = True
    rest, piece = run(CUT, [[encoded(mask), [[0.5, 8.5], [14.5, 8.5]]]])[0]
    island = mask.copy()
    island[:14] = False
    assert (mask_of(rest, mask.shape) & island).sum() == island.sum()
    assert not (mask_of(piece, mask.shape) & island).any()
