from dataclasses import replace

import pytest

from app.errors import TrainError
from app.services import ingest
from app.services.training import methods
from app.services.training.methods import MOST_IMAGES, Facts
from app.services.training.snapshot import spread
from tests.app.helpers import make_folder

NOTHING = Facts(accepted=0, accepted_images=0, rejected=0, held=0, held_accepted=0, images=40, without_labels="")


def option(known, method):
    return next(option for option in methods.plan(known).options if option.method == method)


@pytest.mark.parametrize(
    ("known", "method", "words"),
    [
        (NOTHING, "selftrain", "There are no decisions yet, so Improve learns from the images alone."),
        (replace(NOTHING, rejected=7), "selftrain", "You have rejected 7 masks and accepted none, which shows it no object"),
        (replace(NOTHING, accepted=1), "selftrain", "1 accepted mask are too few"),
        (replace(NOTHING, accepted=5, accepted_images=2), "finetune", "The network goes on from the one in use, for 300 steps on your 5"),
        (replace(NOTHING, images=19), None, "Accept 5 more masks first"),
        (replace(NOTHING, accepted=4, without_labels="model-2"), None, "model-2 has learnt from the images alone already"),
    ],
)  # fmt: skip
def test_the_kind_follows_from_what_there_is_and_says_why(known, method, words):
    plan = methods.plan(known)
    assert (plan.method, plan.is_ready) == (method, method is not None)
    assert plan.sentence.startswith(words)


def test_every_kind_can_be_asked_for_or_says_what_it_lacks():
    assert [each.method for each in methods.plan(NOTHING).options] == ["finetune", "selftrain", "pretrain"]
    assert not option(NOTHING, "finetune").is_ready
    assert option(NOTHING, "pretrain").is_ready
    few = option(replace(NOTHING, images=3), "pretrain")
    assert (few.is_ready, few.sentence) == (
        False,
        "A training without labels needs 20 images, there are 3: import more.",
    )


def test_whether_it_can_be_compared_is_said_beforehand():
    assert "cannot be compared yet" in option(NOTHING, "selftrain").sentence
    compared = option(replace(NOTHING, held=2, held_accepted=3), "selftrain").sentence
    assert "compared with the present proposals on the 2 reviewed images that no training sees" in compared


def test_what_lacks_something_to_learn_from_is_refused(ws, tmp_path):
    ingest.import_folder(ws, make_folder(tmp_path / "photos"))
    with pytest.raises(TrainError, match=r"there is too little to learn from. Accept 5 more masks first"):
        methods.required(ws, None)
    with pytest.raises(TrainError, match="needs 20 images, there are 3: import more"):
        methods.required(ws, "pretrain")


def test_images_to_learn_from_are_spread_over_all(ws, tmp_path):
    ingest.import_folder(ws, make_folder(tmp_path / "photos", [f"{number}.png" for number in range(9)]))
    assert spread(ws, MOST_IMAGES) == list(range(1, 10))
    assert spread(ws, 3) == [1, 4, 7]
    assert spread(ws, 4) == [1, 4, 7]
