import numpy as np
import pytest

from app.services.training.decided import Judged
from app.services.training.judging import FIRST, Reached, choose, scored
from freesolo.instances import Instances


def masks(*boxes, scores=None):
    """(left, top, side) squares on 100 x 100 pixels."""
    planes = np.zeros((len(boxes), 100, 100), bool)
    for plane, (x, y, side) in zip(planes, boxes, strict=True):
        plane[y : y + side, x : x + side] = True
    return Instances.from_masks(planes, np.linspace(0.9, 0.1, len(boxes)) if scores is None else np.array(scores))


def judged(accepted, rejected=()):
    is_accepted = np.array([True] * len(accepted) + [False] * len(rejected), bool)
    return Judged(masks(*accepted, *rejected), is_accepted)


def test_a_proposer_that_finds_what_was_accepted_and_nothing_rejected_is_perfect():
    here = {1: judged([(0, 0, 40), (50, 50, 40)], [(0, 60, 20)]), 2: judged([(10, 10, 50)], [(70, 70, 20)])}
    reached = scored(here, {1: masks((0, 0, 40), (50, 50, 40)), 2: masks((10, 10, 50))})
    assert [reached.figures[name] for name in ("AP", "found", "accepted")] == pytest.approx([100, 100, 100])
    assert (reached.images, reached.objects) == (2, 3)
    assert reached.as_json()["intervals"]["AP"] == [100, 100]


def test_what_nobody_judged_counts_neither_way():
    here = {1: judged([(0, 0, 40)], [(60, 0, 30)])}
    plain = scored(here, {1: masks((0, 0, 40), (60, 0, 30), scores=[0.9, 0.3])})
    more = scored(here, {1: masks((0, 60, 30), (0, 0, 40), (60, 0, 30), scores=[0.95, 0.9, 0.3])})
    assert plain.figures == more.figures


def test_a_rejected_mask_that_ranks_higher_costs_precision_and_a_missed_one_is_not_found():
    here = {1: judged([(0, 0, 40), (0, 50, 40)], [(60, 0, 30)])}
    reached = scored(here, {1: masks((60, 0, 30), (0, 0, 40), scores=[0.9, 0.5])})
    assert reached.figures["found"] == 50
    assert reached.figures["AP"] == pytest.approx(100 * (0.5 * 1 / 2 + 0.5 * 2 / 3))
    assert reached.figures["accepted"] == 50


def test_an_object_is_accepted_once_in_a_good_outline_and_only_the_first_masks_count():
    here = {1: judged([(0, 0, 40), (50, 0, 40), (0, 50, 40)], [(60, 60, 9)])}
    found = masks((0, 0, 40), (0, 0, 39), (0, 50, 31), *[(60, 60, 9)] * FIRST, (50, 0, 40))
    assert scored(here, {1: found}).figures["accepted"] == pytest.approx(100 / FIRST)


def test_a_part_of_an_accepted_mask_that_was_rejected_is_told_apart_from_it():
    here = {1: judged([(0, 0, 40)], [(0, 0, 30)])}
    assert scored(here, {1: masks((0, 0, 39))}).figures["AP"] == 100
    assert scored(here, {1: masks((0, 0, 31))}).figures["found"] == 0


def test_what_was_rejected_is_an_outline_and_another_one_there_is_not_held_against():
    here = {1: judged([(60, 60, 40)], [(0, 0, 30)])}
    same = scored(here, {1: masks((0, 0, 29), (60, 60, 40))})
    other = scored(here, {1: masks((0, 0, 38), (60, 60, 40))})
    assert same.figures["AP"] == 50
    assert (other.figures["AP"], other.figures["accepted"]) == (100, 100)


def test_scores_that_tell_the_share_of_right_masks_are_calibrated():
    here = {1: judged([(0, 0, 40)], [(60, 60, 20)])}
    sure = scored(here, {1: masks((0, 0, 40), (60, 60, 20), scores=[1.0, 0.0])})
    wrong = scored(here, {1: masks((0, 0, 40), (60, 60, 20), scores=[0.5, 1.0])})
    assert sure.figures["calibration"] == pytest.approx(0)
    assert wrong.figures["calibration"] == pytest.approx(75)


def test_nothing_found_and_nothing_to_find_are_zero():
    nothing = {"AP": 0, "found": 0, "accepted": 0, "calibration": 0}
    assert scored({1: judged([])}, {1: masks((0, 0, 9))}).figures == nothing
    assert scored({}, {}).figures == nothing
    assert scored({1: judged([(0, 0, 40)])}, {}).figures["found"] == 0


def reached(ap, found, objects=20):
    return Reached({"AP": ap, "found": found}, {}, 3, objects)


@pytest.mark.parametrize(
    ("candidates", "name", "words"),
    [
        ({"solo": (60, 90), "union": (55, 95)}, "solo", "Used, as it is better: it tells accepted from rejected masks with AP 60"),
        ({"solo": (60, 60), "union": (55, 95)}, "union", "Used, as it is better"),
        ({"solo": (60, 60), "union": (70, 10)}, "old", "Not used, as it finds less"),
        ({"solo": (40, 90), "union": (50, 90)}, "old", "Not used, as it is no better"),
    ],
)  # fmt: skip
def test_the_best_that_finds_no_less_is_used(candidates, name, words):
    verdict = choose(("old", reached(50, 80)), {each: reached(*figures) for each, figures in candidates.items()})
    assert (verdict.name, verdict.is_new) == (name, name != "old")
    assert verdict.sentence.startswith(words)


@pytest.mark.parametrize(("objects", "is_used"), [(2, False), (40, True)])
def test_a_gain_that_a_quarter_of_an_accepted_mask_explains_is_none(objects, is_used):
    verdict = choose(("old", reached(53, 100, objects)), {"solo": reached(56, 100, objects)})
    assert verdict.is_new == is_used
    assert verdict.sentence.startswith("Used, as it is better" if is_used else "Not used, as it is no better")


@pytest.mark.parametrize(("objects", "name"), [(2, "union"), (40, "solo")])
def test_the_union_is_preferred_where_chance_explains_that_the_network_alone_is_better(objects, name):
    verdict = choose(
        ("old", reached(30, 100, objects)), {"union": reached(60, 90, objects), "solo": reached(65, 90, objects)}
    )
    assert (verdict.name, verdict.is_new) == (name, True)


def test_without_anything_to_compare_on_nothing_is_used():
    verdict = choose(("old", reached(0, 0, objects=0)), {"solo": reached(0, 0, objects=0)})
    assert not verdict.is_new
    assert "nothing can be compared: review more images" in verdict.sentence
