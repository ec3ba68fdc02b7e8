"""What people made of the masks comes back from a real Label Studio."""

import numpy as np
import pytest

from app.errors import ProjectGoneError
from app.labelstudio import regions
from app.labelstudio.pull import PullRequest, pull
from app.services import undo
from freesolo.codecs import coco_rle
from tests.integration.helpers import disc, here, make_case, predicted, pushed, submit, tasks, three_images

A, B, C = three_images()
SIZE = (48, 64)


def pulled(case, client, **options):
    return pull(case.ws, client, PullRequest(**options))


@pytest.fixture
def there(case, client):
    """The case, pushed: (project id, {name: task})."""
    project = pushed(case, client).project.id
    return project, tasks(client, project)


def untouched(task):
    """The regions of the prediction as the page submits them when nobody changed them."""
    return [{**region, "origin": "prediction"} for region in task["predictions"][0]["result"]]


def brush(mask, key, label="object"):
    found = regions.write(regions.PushedMask(1, coco_rle.encode(mask).decode(), label, 1.0), mask.shape, "brush")[0]
    return {**found, "id": key, "origin": "manual"}


def state_of(case, name):
    return {mask.id: mask.state for mask in case.of_image(name)}


def test_nothing_is_reviewed_until_somebody_submits(case, client, there):
    report = pulled(case, client)
    assert (report.images, dict(report.did)) == (0, {})
    assert set(state_of(case, A).values()) == {"pending"}


def test_untouched_masks_are_accepted_with_their_pixels_and_ids(case, client, there):
    before = here(case, A)
    submit(client, there[1][A], untouched(there[1][A]))
    report = pulled(case, client)
    assert (report.images, dict(report.did)) == (1, {"accepted": 2, "finished": 1})
    assert here(case, A) == before
    assert set(state_of(case, A).values()) == {"accepted"}
    assert not any(mask.edited for mask in case.of_image(A))
    assert case.image(A).status == "done"
    assert case.image(B).status == "todo"


def test_edited_deleted_drawn_and_named_masks(case, client, there):
    first, second = case.masks[A]
    result = untouched(there[1][A])
    smaller, drawn = disc(*SIZE, 20, 20, 6), disc(*SIZE, 40, 50, 5)
    client.patch(
        f"api/projects/{there[0]}",
        {
            "label_config": client.get(f"api/projects/{there[0]}")["label_config"].replace(
                "<Label ", '<Label value="cat"/><Label '
            )
        },
    )
    edited = {**brush(smaller, f"mask-{first}", "cat"), "origin": "prediction-changed"}
    submit(client, there[1][A], [edited, brush(drawn, "aB3_x-q1Z9")])
    assert len(result) == 2
    report = pulled(case, client)
    assert dict(report.did) == {"edited": 1, "named": 1, "rejected": 1, "drawn": 1, "finished": 1}
    [made] = [mask for mask in case.of_image(A) if mask.id not in (first, second)]
    assert case.mask(first).counts == coco_rle.encode(smaller).decode()
    assert (case.mask(first).state, case.mask(first).edited) == ("accepted", True)
    with case.ws.store.read() as tx:
        assert tx.categories.get(case.mask(first).category_id).name == "cat"
    assert case.mask(second).state == "rejected"
    assert (made.state, made.counts, made.source) == (
        "accepted",
        coco_rle.encode(drawn).decode(),
        "person:label-studio",
    )


def test_skipped_is_unsure_and_submitted_empty_is_reviewed(case, client, there):
    submit(client, there[1][A], [], skip=True)
    submit(client, there[1][B], [])
    submit(client, there[1][C], [])
    report = pulled(case, client)
    assert dict(report.did) == {"unsure": 2, "rejected": 1, "finished": 2}
    assert set(state_of(case, A).values()) == {"unsure"}
    assert not case.image(A).closed
    assert set(state_of(case, B).values()) == {"rejected"}
    assert case.image(C).status == "done"


def test_a_second_pull_and_a_push_after_it_find_nothing_to_do(case, client, there):
    submit(client, there[1][A], [*untouched(there[1][A])[:1], brush(disc(*SIZE, 40, 50, 5), "new")])
    pulled(case, client)
    with case.ws.store.read() as tx:
        last = tx.decisions.last_id()
    again = pulled(case, client)
    everything = pulled(case, client, everything=True)
    assert (again.images, everything.images) == (0, 0)
    with case.ws.store.read() as tx:
        assert tx.decisions.last_id() == last
    report = pushed(case, client)
    assert (report.sent, report.cleared, report.unchanged) == (0, 0, 3)


def test_an_annotation_that_changes_later_comes_back_again_and_nothing_twice(case, client, there):
    first, second = case.masks[A]
    drawn = brush(disc(*SIZE, 40, 50, 5), "new")
    made = submit(client, there[1][A], [*untouched(there[1][A])[:1], drawn])
    pulled(case, client)
    larger = brush(disc(*SIZE, 40, 50, 7), "new")
    client.patch(f"api/annotations/{made['id']}/", {"result": [*untouched(there[1][A]), larger]})
    report = pulled(case, client)
    assert (report.images, dict(report.did)) == (1, {"edited": 1, "accepted": 1})
    assert len(case.of_image(A)) == 3
    assert case.mask(second).state == "accepted"
    [mask] = [mask for mask in case.of_image(A) if mask.id not in (first, second)]
    assert mask.counts == coco_rle.encode(disc(*SIZE, 40, 50, 7)).decode()


def test_a_pull_is_one_step_of_undo(case, client, there):
    before = here(case, A)
    submit(
        client,
        there[1][A],
        [brush(disc(*SIZE, 20, 20, 6), f"mask-{case.masks[A][0]}"), brush(disc(*SIZE, 40, 50, 5), "n")],
    )
    submit(client, there[1][B], untouched(there[1][B]))
    pulled(case, client, who="Ann")
    assert undo.undo(case.ws, "Ann") is not None
    assert here(case, A) == before
    assert set(state_of(case, A).values()) == set(state_of(case, B).values()) == {"pending"}
    assert undo.undo(case.ws, "Ann") is None


def test_a_dry_run_changes_nothing(case, client, there):
    submit(client, there[1][A], untouched(there[1][A]))
    report = pulled(case, client, dry_run=True)
    assert dict(report.did) == {"accepted": 2, "finished": 1}
    assert set(state_of(case, A).values()) == {"pending"}
    assert pulled(case, client).did["accepted"] == 2


def disagree(case, client, there):
    """Here the first mask is rejected and the second edited; there the first is accepted, the second taken away."""
    first, second = case.masks[A]
    case.do("state", first, state="rejected")
    case.do("edit", second, counts=coco_rle.encode(disc(*SIZE, 30, 40, 3)).decode())
    submit(client, there[1][A], untouched(there[1][A])[:1])
    return first, second


def test_a_decision_made_here_is_never_overwritten_silently(case, client, there):
    first, second = disagree(case, client, there)
    for _ in range(2):  # told again until somebody chooses
        report = pulled(case, client)
        assert [(each.instance_id, each.ours, each.theirs, each.kept) for each in report.conflicts] == [
            (first, "rejected", "accepted", None),
            (second, "accepted", "rejected", None),
        ]
        assert report.conflicts[0].key == f"{case.image(A).id}:{first}"
        assert report.conflicts[0].task_url.endswith(f"?task={there[1][A]['id']}")
        assert (case.mask(first).state, case.mask(second).state) == ("rejected", "accepted")
        assert not case.image(A).closed


@pytest.mark.parametrize(
    ("resolution", "states"),
    [
        ("ours", ["rejected", "accepted"]),
        ("theirs", ["accepted", "rejected"]),
        ("both", ["rejected", "accepted", "accepted"]),
    ],
)
def test_each_resolution_of_conflicts(case, client, there, resolution, states):
    before = case.mask(case.masks[A][0]).counts
    disagree(case, client, there)
    report = pulled(case, client, resolution=resolution)
    assert [each.kept for each in report.conflicts] == [resolution] * 2
    masks = sorted(case.of_image(A), key=lambda mask: mask.id)
    assert [mask.state for mask in masks] == states
    if resolution == "both":
        assert masks[-1].counts == before
    assert case.image(A).closed
    assert not pulled(case, client).conflicts


def test_single_conflicts_are_chosen_by_their_keys(case, client, there):
    first, second = disagree(case, client, there)
    found = pulled(case, client).conflicts
    report = pulled(case, client, chosen={found[0].key: "theirs"})
    assert [each.kept for each in report.conflicts] == ["theirs", None]
    assert (case.mask(first).state, case.mask(second).state) == ("accepted", "accepted")
    report = pulled(case, client, chosen={found[1].key: "ours"})
    assert [(each.instance_id, each.kept) for each in report.conflicts] == [(second, "ours")]
    assert not pulled(case, client).conflicts


def test_decisions_that_agree_are_no_conflict(case, client, there):
    first, second = case.masks[A]
    case.do("state", first, state="accepted")
    case.do("state", second, state="rejected")
    submit(client, there[1][A], untouched(there[1][A])[:1])
    report = pulled(case, client)
    assert not report.conflicts
    assert (report.known, dict(report.did)) == (2, {"finished": 1})


def test_pixels_there_and_a_name_here_go_together(case, client, there):
    first = case.masks[A][0]
    with case.ws.store.write() as tx:
        made = tx.categories.add("cat", "#123456")
    case.do("category", first, category_id=made.id)
    smaller = disc(*SIZE, 20, 20, 6)
    submit(client, there[1][A], [brush(smaller, f"mask-{first}"), *untouched(there[1][A])[1:]])
    assert not pulled(case, client).conflicts
    assert case.mask(first).counts == coco_rle.encode(smaller).decode()
    assert case.mask(first).category_id == made.id


def test_of_several_annotations_the_latest_counts(case, client, there):
    submit(client, there[1][A], [])
    submit(client, there[1][A], untouched(there[1][A]))
    report = pulled(case, client)
    assert report.several == 1
    assert set(state_of(case, A).values()) == {"accepted"}


def test_what_cannot_be_read_is_told_and_left_as_it_is(case, client, there):
    first, second = untouched(there[1][A])
    other = {**first, "original_width": 65}
    submit(client, there[1][A], [other, second])
    report = pulled(case, client)
    assert [name for name, _ in report.faults] == [A]
    assert "made on a picture of 65 x 48" in report.faults[0][1]
    assert state_of(case, A) == {case.masks[A][0]: "pending", case.masks[A][1]: "accepted"}
    assert not case.image(A).closed


def test_a_project_that_is_not_there(case, client):
    with pytest.raises(ProjectGoneError, match="push first"):
        pulled(case, client)


@pytest.mark.parametrize("shape", ["brush", "polygon"])
def test_a_thousand_masks_come_back(folder, client, shape):
    from tests.golden import thousand_masks

    case = make_case(folder, {"many.png": ((40, 50), list(thousand_masks()))})
    project = pushed(case, client, shape=shape).project.id
    assert predicted(client, project, "many.png") == here(case, "many.png")
    before = here(case, "many.png")
    task = tasks(client, project)["many.png"]
    submit(client, task, untouched(task))
    report = pulled(case, client)
    assert report.did["accepted"] == len(np.unique(list(before)))
    assert here(case, "many.png") == before
    case.ws.close()
