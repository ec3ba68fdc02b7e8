"""What a push has to do, without a server: what is here against what is there."""

from types import SimpleNamespace

import pytest

from app.labelstudio.planning import Sides, There
from app.store.records import LabelStudioLink

NOW = "freesolo@now"


def sides(number, there=(), changed=(), empty=(), pulled=(), version=NOW):
    """So many images; those ``there`` were pushed under a name, all but the ``changed`` as they are here."""
    links = {
        k: LabelStudioLink(
            "1:x", k, 100 + k, version, f"{k}{'-old' if k in changed else ''}", {}, "1 x" * (k in pulled)
        )
        for k in there
    }
    return Sides(
        [SimpleNamespace(id=k) for k in range(number)],
        {k: str(k) for k in range(number)},
        {k: int(k not in empty) for k in range(number)},
        {k: There(100 + k, frozenset({version})) for k in there},
        links,
    )


def ids(images):
    return [image.id for image in images]


def test_the_first_push_sends_all_masks_and_makes_tasks_of_images_without_any():
    plan = sides(4, empty=[3]).plan("")
    assert (ids(plan.new), ids(plan.send), plan.clear, plan.unchanged) == ([0, 1, 2, 3], [0, 1, 2], [], 0)
    assert plan.version.startswith("freesolo@")
    assert sides(4, empty=[3]).plan("").version == plan.version, "the same content has the same name"


def test_the_same_again_is_nothing_to_do():
    plan = sides(3, there=range(3)).plan(NOW)
    assert (plan.version, plan.new, plan.send, plan.clear, plan.unchanged) == (NOW, [], [], [], 3)


@pytest.mark.parametrize(("changed", "stays"), [([4, 5], True), ([4, 5, 6], False)])
def test_few_changes_keep_the_name_and_many_take_a_new_one(changed, stays):
    plan = sides(20, there=range(20), changed=changed).plan(NOW)
    assert (plan.version == NOW, plan.wipe) == (stays, False)
    assert ids(plan.send) == (changed if stays else list(range(20)))


def test_masks_that_are_gone_here_go_there_and_other_peoples_predictions_do_not_count():
    plan = sides(2, there=[0, 1], changed=[0], empty=[0]).plan(NOW)
    assert (ids(plan.clear), plan.send, plan.unchanged) == ([0], [], 1)
    assert sides(2, there=[0, 1], changed=[0], empty=[0], version="their-model").plan("").clear == []


def test_what_was_pulled_is_not_sent_again_under_another_name():
    plan = sides(2, there=[0, 1], pulled=[0], version="freesolo@before").plan("")
    assert ids(plan.send) == [1]


def test_a_name_that_is_out_of_date_as_a_whole_is_emptied_first():
    first = sides(20).plan("").version
    plan = sides(20, there=range(20), changed=range(1, 20), version=first).plan(first)
    assert (plan.version, plan.wipe, len(plan.send)) == (first, True, 19)
