"""Click to mask: the laws that hold whatever is clicked, and that clicks on a photograph find the thing under them."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from freesolo.codecs import coco_rle
from freesolo.errors import CodecError
from freesolo.freemask import merge_tree
from freesolo.freemask.click_pool import collect
from freesolo.freemask.click_ranking import CUES, measure
from freesolo.freemask.clicks import Answer, Box, Click, ClickMap, answer, sampled
from freesolo.freemask.hierarchy import RegionHierarchy
from freesolo.freemask.settings import MergeCost
from freesolo.instances import Instances
from tests.freesolo.freemask.disc import MIDDLE, disc
from tests.freesolo.freemask.photographs import random_graph

SIZE = (60, 84)
COSTS = (MergeCost(features=1, colour=0.5, edge=0.5, size=0.25), MergeCost(features=2, colour=0, edge=0.5, size=0.5))


def make_map(seed: int) -> ClickMap:
    """30 regions of noise on a label map smaller than the image."""
    graph = random_graph(seed)
    trees = [merge_tree.build(graph, cost) for cost in COSTS]
    rng = np.random.default_rng(seed)
    hierarchy = RegionHierarchy(
        size=SIZE,
        labels=graph.labels,
        children=np.stack([tree.children for tree in trees]),
        scores=rng.standard_normal(len(COSTS) * (2 * len(graph) - 1)).astype(np.float32),
        features=graph.features.astype(np.float16),
        smoothing=1.5,
    )
    return ClickMap(hierarchy, rng.integers(0, 256, (*SIZE, 3), np.uint8))


MAPS = [make_map(seed) for seed in range(3)]
points = st.builds(Click, st.floats(0, SIZE[1] - 0.01), st.floats(0, SIZE[0] - 0.01), st.booleans())


@st.composite
def masks_of_boxes(draw: st.DrawFn) -> bytes:
    mask = np.zeros(SIZE, bool)
    for _ in range(draw(st.integers(1, 3))):
        top, left = draw(st.integers(0, SIZE[0] - 1)), draw(st.integers(0, SIZE[1] - 1))
        mask[top : top + draw(st.integers(1, 40)), left : left + draw(st.integers(1, 40))] = True
    return coco_rle.encode(mask)


def check_laws(found: Answer, clicks: list[Click]) -> None:
    """Of clicks on one pixel the last counts."""
    asked = {(int(click.y), int(click.x)): click.adds for click in clicks}
    assert len(found.masks) >= 1 or not any(asked.values())
    for mask in found.masks.decode():
        for place, adds in asked.items():
            assert mask[place] == adds
    n = len(found.masks)
    for k, (whole, part) in enumerate(zip(found.wholes, found.parts, strict=True)):
        assert whole is None or (0 <= whole < n and found.masks.areas[whole] > found.masks.areas[k])
        assert part is None or (0 <= part < n and found.masks.areas[part] < found.masks.areas[k])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(MAPS), st.lists(points, min_size=1, max_size=6), st.none() | masks_of_boxes(), st.booleans())
def test_every_click_gets_its_way(where: ClickMap, clicks: list[Click], base: bytes | None, proposed: bool) -> None:
    if base is None and not any(click.adds for click in clicks):
        clicks = [Click(40, 30, True), *clicks]
    proposals = None
    if proposed:
        boxes = np.zeros((2, *SIZE), bool)
        boxes[0, 10:50, 10:70] = boxes[1, 20:40, 20:50] = True
        proposals = Instances.from_masks(boxes, [0.9, 0.5])
    found = answer(where, clicks, base, proposals)
    check_laws(found, clicks)
    again = answer(where, clicks, base, proposals)
    assert again.masks.counts == found.masks.counts
    assert (again.wholes, again.parts) == (found.wholes, found.parts)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(MAPS), points, points, st.lists(points, max_size=3), st.none() | masks_of_boxes())
def test_a_box_of_any_size_has_an_answer_that_clicks_correct(
    where: ClickMap, corner: Click, opposite: Click, clicks: list[Click], base: bytes | None
) -> None:
    box = Box(
        min(corner.x, opposite.x) - 2,
        min(corner.y, opposite.y) - 2,
        max(corner.x, opposite.x) + 2,
        max(corner.y, opposite.y) + 2,
    )
    if not clicks:
        base = None
    found = answer(where, clicks, base, None, box)
    check_laws(found, clicks)
    assert clicks or len(found.masks), "without a click that removes there is always something"
    assert answer(where, clicks, base, None, box).masks.counts == found.masks.counts


@pytest.mark.parametrize("wrong", [0, 2])
def test_a_box_around_the_disc_is_the_disc_however_the_hand_shakes(wrong: int) -> None:
    picture, mask, hierarchy = disc()
    where = ClickMap(hierarchy, picture)
    box = Box(13 - wrong, 7 + wrong, 36 + wrong, 30 - wrong / 2)
    found = answer(where, [], None, None, box).masks.decode()
    np.testing.assert_array_equal(found[0], mask)


def test_only_a_proposal_that_fits_the_box_competes_and_it_keeps_its_own_pixels() -> None:
    masks = np.zeros((2, *SIZE), bool)
    masks[0, 10:50, 10:70] = masks[1, 20:40, 20:50] = True
    masks[0, 30, 40] = False
    proposals = Instances.from_masks(masks, [0.5, 0.9])
    found = answer(MAPS[0], [], None, proposals, Box(10, 10, 70, 50)).masks
    assert proposals.counts[0] in found.counts
    assert proposals.counts[1] not in found.counts


@pytest.mark.parametrize(
    ("box", "reason"),
    [(Box(5, 5, 5, 9), "empty"), (Box(9, 5, 5, 9), "wrong order"), (Box(90, 5, 99, 9), "outside the image")],
)
def test_a_box_that_is_none_is_told(box: Box, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        answer(MAPS[0], [], None, None, box)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(MAPS), st.lists(points, min_size=1, max_size=5))
def test_a_chain_of_corrections_keeps_all_clicks(where: ClickMap, clicks: list[Click]) -> None:
    clicks = [Click(40, 30, True), *clicks]
    base: bytes | None = None
    for count in range(1, len(clicks) + 1):
        found = answer(where, clicks[:count], base)
        check_laws(found, clicks[:count])
        base = found.masks.counts[0]


def test_two_clicks_share_a_region() -> None:
    """The region is split between them: each has the pixels nearest to it."""
    where = MAPS[0]
    region = int(where.sizes.argmax())
    ys, xs = np.nonzero(where.hierarchy.labels == region)
    scale = SIZE[1] / where.columns
    clicks = [
        Click((xs[at] + 0.5) * scale, (ys[at] + 0.5) * scale, adds)
        for at, adds in ((xs.argmin(), True), (xs.argmax(), False))
    ]
    mask = answer(where, clicks).masks.decode()[0]
    inside = mask[((ys + 0.5) * scale).astype(int), ((xs + 0.5) * scale).astype(int)]
    assert 0 < inside.sum() < len(inside)


def test_an_edit_keeps_the_pixels_it_does_not_mean() -> None:
    """Single pixels drawn by hand far from a click stay in the edited answers."""
    where = MAPS[1]
    base = np.zeros(SIZE, bool)
    base[5:30, 5:30] = True
    base[50:59:2, 70:83:2] = True
    found = answer(where, [Click(17, 20, False)], coco_rle.encode(base))
    assert len(found.masks)
    for mask in found.masks.decode():
        assert mask[50:59:2, 70:83:2].all()
        assert not mask[51:58:2, 71:82:2].any()


def test_a_proposal_that_fits_competes() -> None:
    """On noise no set of regions is as much of a thing as a disc around the click; its own pixels come back."""
    where = MAPS[2]
    disc = np.hypot(*(np.mgrid[: SIZE[0], : SIZE[1]] - np.array([30, 40])[:, None, None])) < 14
    proposals = Instances.from_masks(np.stack([disc, ~disc]), [0.9, 0.8])
    found = answer(where, [Click(40, 30, True)], None, proposals)
    assert proposals.counts[0] in found.masks.counts
    assert proposals.counts[1] not in found.masks.counts


def test_what_says_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one that adds"):
        answer(MAPS[0], [])
    with pytest.raises(ValueError, match="at least one that adds"):
        answer(MAPS[0], [Click(3, 3, False)])
    with pytest.raises(CodecError):
        answer(MAPS[0], [Click(3, 3, True)], b"!!")
    with pytest.raises(CodecError, match="sum to"):
        answer(MAPS[0], [Click(3, 3, True)], coco_rle.encode(np.ones((3, 3))))


@settings(max_examples=50, deadline=None)
@given(masks_of_boxes(), st.integers(1, 70), st.integers(1, 70))
def test_sampled_is_the_mask_at_the_middle_of_each_cell(code: bytes, rows: int, columns: int) -> None:
    mask = coco_rle.decode(code, SIZE)
    ys = ((np.arange(rows) + 0.5) * SIZE[0] / rows).astype(int)
    xs = ((np.arange(columns) + 0.5) * SIZE[1] / columns).astype(int)
    np.testing.assert_array_equal(sampled(code, SIZE, (rows, columns)), mask[ys][:, xs])


def test_a_disc_on_a_plain_ground_takes_one_click() -> None:
    """Regions alike inside and alike outside: the best guess is the disc, to the pixel."""
    picture, mask, hierarchy = disc()
    found = answer(ClickMap(hierarchy, picture), [Click(*MIDDLE, True)]).masks
    np.testing.assert_array_equal(found.decode()[0], mask)


def test_every_cue_is_finite() -> None:
    where = MAPS[0]
    base = where.hierarchy.labels.ravel()[:1]
    regions = np.isin(np.arange(len(where.sizes)), base)
    for clicks, start in (([Click(40, 30, True)], None), ([Click(40, 30, True), Click(10, 10, False)], regions)):
        pool = collect(where, clicks, start)
        cues = measure(where, clicks, start, pool)
        assert cues.shape == (len(pool.sets), len(CUES))
        assert np.isfinite(cues).all()


def test_clicks_load_no_torch() -> None:
    """The app's server answers them."""
    code = "import freesolo.freemask.clicks, sys; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
