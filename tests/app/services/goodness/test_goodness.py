import pytest

from app.services import goodness, ingest, review
from app.services.goodness.tracker import learnt_without, tracker_of
from app.store.mask_columns import UNSEEN
from tests.app.helpers import make_folder
from tests.app.services.goodness.helpers import decide, fill

IMAGES, MASKS = 8, 12
GOOD = [index % 2 == 0 for index in range(MASKS)]


@pytest.fixture
def filled(ws, tmp_path):
    """Eight images with twelve masks each, every second one good: (workspace, {image id: [mask ids]})."""
    ingest.import_folder(ws, make_folder(tmp_path / "photos", [f"{index}.png" for index in range(IMAGES)]))
    return ws, {image: fill(ws, image, GOOD, seed=image) for image in range(1, IMAGES + 1)}


def judge(ws, masks, images):
    for image in images:
        states = {mask: "accepted" if good else "rejected" for mask, good in zip(masks[image], GOOD, strict=True)}
        decide(ws, image, states)


def test_without_decisions_the_score_decides(filled):
    ws, masks = filled
    found = goodness.of_images(ws, [1, 2])
    assert sorted(found) == sorted(masks[1] + masks[2])
    scores = {each.id: each.score for image in (1, 2) for each in review.load(ws, image).instances}
    assert sorted(found, key=found.__getitem__) == sorted(scores, key=scores.__getitem__)
    summary = goodness.summary(ws)
    assert (summary.calibrated, summary.quality) == (False, None)
    assert summary.sentence.startswith("Not yet calibrated: 0 accepted and 0 rejected masks")


def test_decisions_on_some_images_tell_about_the_others(filled):
    ws, masks = filled
    judge(ws, masks, range(1, 7))
    estimates = goodness.bring_up_to_date(ws)
    assert estimates.calibrated
    found = goodness.of_images(ws, [7, 8])
    good = [found[mask] for image in (7, 8) for mask in masks[image][::2]]
    bad = [found[mask] for image in (7, 8) for mask in masks[image][1::2]]
    assert min(good) > max(bad)
    summary = goodness.summary(ws)
    assert summary.calibrated
    assert summary.sentence.startswith("Calibrated on this project's decisions")
    assert (summary.accepted, summary.rejected) == (36, 36)


def test_decisions_on_images_that_are_left_out_teach_nothing(filled):
    ws, masks = filled
    judge(ws, masks, range(1, 6))
    before = learnt_without(ws, [6, 7]).p
    wrong = {mask: "rejected" if good else "accepted" for mask, good in zip(masks[6], GOOD, strict=True)}
    decide(ws, 6, wrong)
    assert (learnt_without(ws, [6, 7]).p == before).all()
    assert not (learnt_without(ws, []).p == before).all()
    assert not learnt_without(ws, [1, 2]).calibrated, "too few images are left"


def test_a_thread_follows_the_log(filled):
    ws, masks = filled
    judge(ws, masks, range(1, 7))
    assert not goodness.estimates(ws).calibrated, "the answer does not wait"
    tracker_of(ws)._thread.join(60)
    assert goodness.estimates(ws).calibrated


def test_new_masks_are_estimated_by_their_score_until_the_next_look(filled):
    ws, masks = filled
    judge(ws, masks, range(1, 7))
    goodness.bring_up_to_date(ws)
    new = set(fill(ws, 8, GOOD, seed=99)) - set(masks[8])
    found = goodness.of_images(ws, [8])
    scores = {each.id: each.score for each in review.load(ws, 8).instances}
    for mask in new:
        assert found[mask] == pytest.approx(0.01 + 0.98 * scores[mask])


def test_undo_takes_the_lesson_back(filled):
    ws, masks = filled
    judge(ws, masks, range(1, 7))
    assert goodness.bring_up_to_date(ws).calibrated
    for _ in range(36 - 10):
        review.undo(ws, "me")
        review.undo(ws, "me")
    assert not goodness.bring_up_to_date(ws).calibrated


def test_what_was_decided_unseen_is_not_learnt_from(filled):
    ws, masks = filled
    for image in range(1, 7):
        states = {mask: "accepted" if good else "rejected" for mask, good in zip(masks[image], GOOD, strict=True)}
        decide(ws, image, states, group=f"{UNSEEN}{image}")
    assert not goodness.bring_up_to_date(ws).calibrated
    with ws.store.read() as tx:
        assert tx.columns.unseen() == {mask for image in range(1, 7) for mask in masks[image]}
    decide(ws, 1, {masks[1][0]: "unsure"}, group="looked")
    with ws.store.read() as tx:
        assert masks[1][0] not in tx.columns.unseen()


def test_an_empty_workspace_has_no_estimates(ws):
    assert goodness.of_images(ws, []) == {}
    assert len(goodness.bring_up_to_date(ws).ids) == 0
