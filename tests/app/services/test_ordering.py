import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services import catalogue, ingest, looks, ordering, review
from app.services.ordering import entropy, farthest_first
from app.services.review import Operation
from app.store.records import NewInstance
from tests.app.helpers import make_folder, make_image

NAMES = ("a.png", "b.png", "c.png", "d.png")


@pytest.fixture
def four(ws, tmp_path):
    """Four images: a and b are alike, d is far off; c has the least certain masks, then b, a and d."""
    ingest.import_folder(ws, make_folder(tmp_path / "photos", NAMES))
    give(ws, 1, [1, 0, 0], 0.9, 0.9)
    give(ws, 2, [0.99, 0.1, 0], 0.7, 0.8, 0.8)
    give(ws, 3, [0.6, 0.8, 0], 0.5, 0.6, 0.4, 0.5)
    give(ws, 4, [0, 0, 1], 0.01)
    return ws


def give(ws, image_id, embedding, *scores):
    row = np.asarray(embedding, "<f2").tobytes()
    with ws.store.write() as tx:
        tx.instances.add_many(image_id, "p@1", [NewInstance("", (0, 0, 1, 1), 1, score, row) for score in scores])
        tx.images.change(image_id, proposer="p@1")
        tx.images.refresh([image_id])


def listed(ws, **wanted):
    return "".join(row.name[0] for row in catalogue.list_images(ws, **wanted).rows)


def decide_all(ws, image_id):
    masks = review.load(ws, image_id).instances
    review.apply(ws, "me", [Operation(f"k{m.id}", image_id, "g", "state", m.id, m.revision, "rejected") for m in masks])


@pytest.mark.parametrize(
    ("order", "names"),
    [("name", "abcd"), ("masks", "cbad"), ("pending", "cbad"), ("uncertain", "cbad"), ("diverse", "bdca")],
)
def test_each_order(four, order, names):
    assert ordering.arrange(four, order).order == order
    assert listed(four) == names


def test_smart_begins_with_what_is_typical_and_unsure_and_keeps_what_is_done_for_last(four):
    ordering.arrange(four, "smart")
    assert listed(four)[0] == "c"
    decide_all(four, 3)
    ordering.arrange(four, "smart")
    assert listed(four)[-1] == "c"


def test_the_order_holds_everywhere_and_does_not_move_while_somebody_works(four):
    ordering.arrange(four, "uncertain")
    assert [catalogue.neighbours(four, image_id).index for image_id in (3, 2, 1, 4)] == [0, 1, 2, 3]
    assert catalogue.neighbours(four, 2).previous == 3
    assert catalogue.neighbours(four, 2).next == 1
    assert catalogue.next_to_do(four) == 3
    assert catalogue.next_to_do(four, 3) == 2
    assert catalogue.next_to_do(four, 4) == 3
    decide_all(four, 3)
    assert listed(four) == "cbad"
    assert listed(four, status="todo") == "bad"
    assert catalogue.next_to_do(four, 4) == 2


def test_what_comes_later_stands_at_the_end_and_is_told(four, tmp_path):
    ordering.arrange(four, "uncertain")
    standing = ordering.standing(four)
    assert (standing.arrangement.order, standing.unplaced, standing.new_proposals) == ("uncertain", 0, False)
    make_image(tmp_path / "photos" / "0.png", seed=9)
    ingest.import_folder(four, tmp_path / "photos")
    assert listed(four) == "cbad0"
    assert ordering.standing(four).unplaced == 1
    give(four, 5, [1, 0, 0], 0.5)
    assert ordering.standing(four).new_proposals
    ordering.arrange(four, "uncertain")
    assert listed(four) == "0cbad"
    assert ordering.standing(four).unplaced == 0


def test_a_new_workspace_is_in_order_of_name(four):
    standing = ordering.standing(four)
    assert (standing.arrangement.order, standing.unplaced, standing.new_proposals) == ("name", 0, False)


@pytest.mark.parametrize(
    ("order", "alike", "names"),
    [
        ("uncertain", {1: 1, 3: 1}, "cabd"),
        ("masks", {1: 1, 3: 1}, "cabd"),
        ("diverse", {1: 1, 2: 1}, "adcb"),
        ("smart", {1: 1, 2: 1}, "cdab"),
    ],
)
def test_look_alikes_follow_the_first_of_them_or_come_last(four, order, alike, names):
    with four.store.write() as tx:
        tx.images.group(alike)
    ordering.arrange(four, order)
    assert listed(four) == names


def test_an_unreadable_image_has_no_place_and_is_not_missed(four):
    with four.store.write() as tx:
        tx.images.change(1, error="truncated")
        tx.images.refresh([1])
    ordering.arrange(four, "pending")
    assert listed(four) == "cbda"
    assert ordering.standing(four).unplaced == 0


def test_images_without_embeddings_follow_those_with(ws, tmp_path):
    ingest.import_folder(ws, make_folder(tmp_path / "photos"))
    give(ws, 2, [1, 0], 0.5)
    ordering.arrange(ws, "diverse")
    assert listed(ws) == "bac"
    looks.refresh(ws)
    ordering.arrange(ws, "diverse")
    assert listed(ws) == "bac"


def test_entropy_is_one_bit_at_a_half_and_none_at_the_ends():
    values = entropy(np.array([0.0, 0.11, 0.5, 1.0, 1.5]))
    assert values == pytest.approx([0, 0.4999, 1, 0, 0], abs=1e-3)


@given(st.integers(1, 30), st.integers(1, 40), st.integers(0, 1000))
def test_farthest_first_names_each_once_and_covers_well(count, centres, seed):
    rows = np.random.default_rng(seed).normal(size=(count, 4)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    order = farthest_first(rows, centres=centres)
    assert sorted(order) == list(range(count))
    gaps = [float((1 - rows[order[:k]] @ rows[order[k]]).min()) for k in range(1, min(count, centres))]
    assert all(later <= earlier + 1e-5 for earlier, later in itertools.pairwise(gaps))


def test_weights_bring_the_unsure_forward():
    rows = np.eye(4, dtype=np.float32)
    assert farthest_first(rows, np.array([1, 1, 3, 2], np.float32))[:2] == [2, 3]
