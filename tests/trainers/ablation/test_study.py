"""What variants share: scoring with and without classes, and being stopped."""

import numpy as np
import pytest

from freesolo.instances import Instances
from freesolo.proposers import Proposal
from tests.trainers.ablation.teacher import NAME, Teacher
from trainers.ablation import study
from trainers.ablation.draws import Scale, draw_all
from trainers.ablation.study import Stopped, Study
from trainers.scoring.truth import read_truth
from trainers.training.items import Selection
from trainers.training.settings import TrainSettings


@pytest.fixture
def draw(drawn, tmp_path):
    return draw_all(tmp_path / "images", read_truth(drawn(4), "masks"), Scale())[0]


class Named(Teacher):
    """Calls what it finds left and right, or the other way round."""

    def __init__(self, names):
        self._names = names

    def propose(self, image):
        found = super().propose(image).instances
        return Proposal(Instances.from_masks(found.decode(), found.scores, None, self._names))


def study_with(monkeypatch, tmp_path, proposer, signals=()):
    monkeypatch.setattr(study.SoloProposer, "from_file", lambda _: proposer)
    return Study(tmp_path, TrainSettings(), NAME, Selection(), signals)


def test_names_count_where_classes_do(draw, tmp_path, monkeypatch):
    right = study_with(monkeypatch, tmp_path, Named(["left", "right"]))
    assert right.scored(draw, tmp_path, classes=True)["AP"] == pytest.approx(100)
    wrong = study_with(monkeypatch, tmp_path, Named(["right", "left"]))
    assert wrong.scored(draw, tmp_path, classes=True)["AP"] == 0
    assert wrong.scored(draw, tmp_path)["AP"] == pytest.approx(100)


def test_finding_nothing_scores_nothing(draw, tmp_path, monkeypatch):
    class Blind:
        def propose(self, image):
            return Proposal(Instances.empty(image.shape[:2]))

    figures = study_with(monkeypatch, tmp_path, Blind()).scored(draw, tmp_path)
    assert set(figures.values()) == {0.0}
    assert {"AP", "AP50", "AR100", "AR_small"} <= set(figures)


def test_a_signal_stops_it_with_its_code(draw, tmp_path, monkeypatch):
    stopped = study_with(monkeypatch, tmp_path, Named(["left", "right"]), signals=[15])
    with pytest.raises(Stopped) as caught:
        stopped.scored(draw, tmp_path)
    assert caught.value.code == 143


def test_figures_of_a_killed_run_are_made_again_and_finished_ones_are_not(draw, tmp_path, monkeypatch):
    kept = study_with(monkeypatch, tmp_path, Teacher())

    def killed():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        kept.kept(tmp_path / "row", "x", draw, killed)
    assert kept.kept(tmp_path / "row", "x", draw, lambda: {"AP": 1.0}) == {"AP": 1.0}
    assert kept.kept(tmp_path / "row", "x", draw, killed) == {"AP": 1.0}


def test_draws_hold_out_what_is_scored_and_differ_by_seed(drawn, tmp_path):
    truth = read_truth(drawn(6), "masks")
    first, second = draw_all(tmp_path / "images", truth, Scale(repeats=2, images=2))
    for draw in (first, second):
        scored = {item.path for item in draw.scored.items}
        assert (len(scored), len(draw.train)) == (3, 2)
        assert not scored & {item.path for item in draw.train}
        assert all(draw.is_scored(path) for path in scored)
        assert not any(draw.is_scored(item.path) for item in draw.train)
    assert {item.path for item in first.scored.items} != {item.path for item in second.scored.items}
    assert draw_all(tmp_path / "images", truth, Scale(repeats=2, images=2)) == [first, second]


def test_with_images_of_its_own_the_truth_takes_none_away(drawn, tmp_path, photos):
    folder = photos(3)
    (draw,) = draw_all(folder, read_truth(drawn(4), "masks"), Scale(held=3))
    assert (len(draw.train), len(draw.scored.items)) == (3, 3)
    assert np.all([item.path.startswith(str(folder)) for item in draw.train])
