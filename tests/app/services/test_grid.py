import pytest

from app.errors import NotFoundError
from app.services import categories, grid, review
from app.services.grid import Wanted
from app.services.review import Operation
from tests.app.services.goodness.helpers import decide
from tests.app.services.goodness.test_goodness import IMAGES, MASKS, filled, judge  # noqa: F401  (filled is a fixture)


def ids(found):
    return [row.id for row in found.rows]


def test_pending_masks_come_best_first(filled):  # noqa: F811
    ws, _ = filled
    found = grid.listed(ws, Wanted())
    assert found.total == IMAGES * MASKS == len(found.rows)
    assert not found.calibrated
    assert found.p == sorted(found.p, reverse=True)
    assert [row.score for row in found.rows] == sorted((row.score for row in found.rows), reverse=True)
    assert ids(grid.listed(ws, Wanted(order="worst")))[0] == ids(found)[-1]


def test_the_most_uncertain_are_nearest_to_a_half(filled):  # noqa: F811
    distances = [abs(p - 0.5) for p in grid.listed(filled[0], Wanted(order="uncertain")).p]
    assert distances == sorted(distances)


def test_estimates_order_the_list_once_there_are_decisions(filled):  # noqa: F811
    ws, masks = filled
    judge(ws, masks, range(1, 7))
    found = grid.listed(ws, Wanted())
    assert found.calibrated
    good = {mask for image in (7, 8) for mask in masks[image][::2]}
    assert set(ids(found)[:MASKS]) == good
    assert {row.state for row in found.rows} == {"pending"}


def test_a_list_is_filtered_by_state_category_and_estimate_and_cut(filled):  # noqa: F811
    ws, masks = filled
    category = categories.add(ws, "window").id
    decide(ws, 1, {masks[1][0]: "accepted", masks[1][1]: "unsure"})
    review.apply(ws, "me", [Operation("n", 1, "n", "category", masks[1][2], 0, category_id=category)])
    assert ids(grid.listed(ws, Wanted(states=("accepted",)))) == [masks[1][0]]
    assert set(ids(grid.listed(ws, Wanted(states=("accepted", "unsure"))))) == set(masks[1][:2])
    assert ids(grid.listed(ws, Wanted(category=category))) == [masks[1][2]]
    assert masks[1][2] not in ids(grid.listed(ws, Wanted(category=0)))
    assert min(grid.listed(ws, Wanted(minimum=0.6)).p) >= 0.6
    cut = grid.listed(ws, Wanted(), limit=5)
    assert (len(cut.rows), cut.total) == (5, IMAGES * MASKS - 2)


def test_a_group_lists_its_typical_masks_first_and_only_what_is_asked_for(filled):  # noqa: F811
    ws, masks = filled
    groups = grid.groups(ws)
    assert sum(group.pending for group in groups) == IMAGES * MASKS
    biggest = max(groups, key=lambda group: group.pending)
    members = ids(grid.listed(ws, Wanted(group=biggest.number)))
    assert len(members) == biggest.pending == biggest.masks
    image = next(image for image, of_image in masks.items() if members[0] in of_image)
    decide(ws, image, {members[0]: "rejected"})
    assert ids(grid.listed(ws, Wanted(group=biggest.number))) == members[1:]
    after = next(group for group in grid.groups(ws) if group.number == biggest.number)
    assert (after.pending, after.masks) == (biggest.pending - 1, biggest.masks)
    means = [group.p for group in grid.groups(ws, "worst") if group.pending > 20]
    assert means == sorted(means)


def test_like_a_mask_shows_that_mask_first_whatever_its_state(filled):  # noqa: F811
    ws, masks = filled
    decide(ws, 1, {masks[1][0]: "rejected"})
    found = grid.listed(ws, Wanted(like=masks[1][0]))
    assert ids(found)[0] == masks[1][0]
    assert all(row.state == "pending" for row in found.rows[1:])
    with pytest.raises(NotFoundError):
        grid.listed(ws, Wanted(like=10**6))


def test_masks_as_they_are_now(filled):  # noqa: F811
    ws, masks = filled
    decide(ws, 1, {masks[1][0]: "rejected"})
    rows = {row.id: row for row in grid.now(ws, [*masks[1][:2], 10**6])}
    assert [rows[mask].state for mask in masks[1][:2]] == ["rejected", "pending"]
    assert (len(rows), rows[masks[1][0]].revision) == (2, 1)


def test_six_thousand_decisions_in_many_requests_are_one_step(filled):  # noqa: F811
    """As bulk accept sends them: requests of 500, all of one group."""
    ws, masks = filled
    everything = [(image, mask) for image, of_image in masks.items() for mask in of_image]
    revisions = {mask: 0 for _, mask in everything}
    states = ("accepted", "rejected")
    sent, requests = 0, []
    while sent < 6000:
        state = states[(sent // len(everything)) % 2]
        requests.append([])
        for image, mask in everything:
            requests[-1].append(Operation(f"k{sent}", image, "unseen-1", "state", mask, revisions[mask], state))
            revisions[mask] += 1
            sent += 1
    decide(ws, 1, {}, group="earlier")
    for request in requests:
        assert len(review.apply(ws, "me", request).saved) == len(request)
    assert grid.listed(ws, Wanted()).total == 0
    undone = review.undo(ws, "me")
    assert grid.listed(ws, Wanted()).total == len(everything)
    assert f"{len(everything)} masks" in undone.what
    assert review.undo(ws, "me") is None
