"""`python -m trainers selftrain` and what happens between its rounds."""

import json
import os
import re
import signal
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from freesolo.images import read_image
from freesolo.proposers import make
from freesolo.solo.weights import load
from tests.trainers import fake
from tests.trainers.training.conftest import TINY
from trainers.cli import cli
from trainers.commands import selftrain as command
from trainers.errors import UsageError
from trainers.fusing import QUANTILES, score_quantiles
from trainers.records import Record, latest
from trainers.results import ResultsFile
from trainers.training import loop, rounds
from trainers.training.rounds import Plan

SETTINGS = [word for setting in TINY for word in ("--set", setting)]


@pytest.fixture
def in_this_process(monkeypatch):
    """Extraction without worker processes, which take seconds to start; one test does with them."""

    def extracted(images, settings, reporter, stop):
        proposer = make(settings.proposer)
        with ResultsFile(settings.out, settings.resume) as results:
            for item in images:
                if not results.has(item.key, proposer.identity):
                    found = proposer.propose(read_image(Path(item.path)).pixels).instances
                    results.append(Record(item.key, item.path, proposer.identity, 0.1, found).to_line())
        return not stop()

    monkeypatch.setattr(command, "extract", extracted)


@pytest.fixture
def selftrain(tmp_path):
    """Runs it; returns the exit code and what it said."""

    def run(source, *more):
        out = tmp_path / "run"
        options = [
            "--out",
            str(out),
            *SETTINGS,
            "--batch",
            "2",
            "--steps",
            "4",
            "--lr",
            "0.03",
            "--threads",
            "1",
            "--events",
            *more,
        ]
        done = CliRunner().invoke(cli, ["selftrain", str(source), *options])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        # Proposers' libraries talk there, too; readers of events pass over what is none.
        run.told = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        return done.exit_code, done.stderr

    return run


def judged(monkeypatch, *figures):
    """Rounds are given these figures, one after the other."""
    left = list(figures)
    monkeypatch.setattr(rounds.Steadiness, "figure", lambda *_: left.pop(0))


def test_a_better_round_is_kept_and_calibrated(selftrain, shapes, tmp_path, monkeypatch):
    judged(monkeypatch, 0.4, 0.5)
    code, said = selftrain(shapes(6))
    assert (code, "round 1 is better (agreement with the mirrored image 0.5000 > 0.4000)" in said) == (0, True), said
    (told,) = [event for event in selftrain.told if event["event"] == "round"]
    assert (told["number"], told["by"]) == (1, "agreement with the mirrored image")
    assert (told["before"], told["now"]) == pytest.approx((0.4, 0.5))
    model = load(tmp_path / "run" / "solo.safetensors")
    assert model.card.trained_on.startswith("round 1: ")
    for name in ("solo", "teacher"):
        assert len(model.card.score_quantiles[name]) == QUANTILES
        assert (np.diff(model.card.score_quantiles[name]) >= 0).all()
    assert set(np.float32(model.card.score_quantiles["teacher"])) >= {np.float32(0.4), np.float32(0.9)}
    assert model.space is not None, "the map of the teacher's embeddings outlives the rounds"


@pytest.mark.usefixtures("in_this_process")
def test_a_worse_round_is_dropped_and_ends_the_rounds(selftrain, shapes, tmp_path, monkeypatch):
    judged(monkeypatch, 0.5, 0.5)
    source, listing = shapes(6), tmp_path / "shown.jsonl"
    listing.write_text(json.dumps({"key": "a", "path": str(tmp_path / "shapes" / "0.png")}))
    code, said = selftrain(source, "--rounds", "3", "--show", str(listing))
    assert code == 0
    shown = [event["step"] for event in selftrain.told if event["event"] == "shown"]
    assert shown == [0, 1, 2, 3, 4] * 2, "in both rounds"
    assert "round 1 is no better" in said
    assert load(tmp_path / "run" / "solo.safetensors").card.trained_on.startswith("round 0: 12 masks on 6 images")
    assert not (tmp_path / "run" / "round2").exists()


@pytest.mark.usefixtures("in_this_process")
def test_the_second_round_learns_from_the_union_or_from_predictions(selftrain, shapes, tmp_path, monkeypatch):
    judged(monkeypatch, 0.1, 0.2)
    selftrain(shapes(6))
    folder = tmp_path / "run" / "round1"
    assert {record.proposer for record in latest(folder / "targets.jsonl")} == {
        f"union(teacher@1+solo:{load(tmp_path / 'run' / 'round0' / 'solo.safetensors').identity})"
    }
    judged(monkeypatch, 0.1, 0.2)
    selftrain(shapes(6), "--targets", "predictions", "--no-resume")
    assert (folder / "targets.jsonl").read_bytes() == (folder / "predictions.jsonl").read_bytes()


@pytest.mark.usefixtures("in_this_process")
def test_images_are_kept_out_to_compare_rounds(selftrain, shapes, tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(rounds.Steadiness, "figure", lambda self, weights, held: seen.append(held) or len(seen))
    assert selftrain(shapes(40))[0] == 0
    events = map(json.loads, (tmp_path / "run" / "round0" / "events.jsonl").read_text().splitlines())
    assert next(row["images"] for row in events if row["event"] == "start") == 38
    assert [len(held) for held in seen] == [2, 2]
    trained = {record.path for record in latest(tmp_path / "run" / "round1" / "predictions.jsonl")}
    assert not trained & {str(path) for path in seen[0]}


@pytest.mark.usefixtures("in_this_process")
def test_a_folder_gets_its_first_masks_from_the_teacher(selftrain, shapes, tmp_path, monkeypatch):
    judged(monkeypatch, 0.1)
    shapes(3)
    assert selftrain(tmp_path / "shapes", "--teacher", fake.NAME, "--rounds", "0")[0] == 0
    assert len(list(latest(tmp_path / "run" / "coarse.jsonl"))) == 3


@pytest.mark.usefixtures("in_this_process")
def test_a_stopped_run_goes_on_where_it_was(selftrain, shapes, tmp_path, monkeypatch):
    judged(monkeypatch, 0.1, 0.2)
    original = loop.Trainer._step
    calls = []

    def interrupted(self, *given):
        calls.append(1)
        if len(calls) == 6:
            os.kill(os.getpid(), signal.SIGTERM)
        return original(self, *given)

    monkeypatch.setattr(loop.Trainer, "_step", interrupted)
    assert selftrain(shapes(6))[0] == 128 + signal.SIGTERM
    assert not (tmp_path / "run" / "solo.safetensors").exists()
    judged(monkeypatch, 0.1, 0.2)
    assert selftrain(shapes(6))[0] == 0
    assert len(calls) == 8, "four steps of round 0, two and two of round 1"


@pytest.mark.usefixtures("in_this_process")
def test_rounds_are_compared_by_human_masks_where_there_are_any(selftrain, shapes, drawn, tmp_path):
    code, said = selftrain(shapes(4), "--truth", str(drawn(3)))
    assert (code, "round 1 is" in said, "(AP " in said) == (0, True, True), said


def test_human_masks_of_other_images_are_told(selftrain, shapes, drawn, tmp_path):
    code, said = selftrain(shapes(4), "--truth", str(drawn(2)), "--truth-images", str(tmp_path / "elsewhere"))
    assert code == 2
    assert re.search(r"none of the 2 images of .*coco.json is in .*elsewhere", said)


def test_as_many_targets_as_before_are_chosen(shapes):
    results = shapes(10)
    assert Plan(top=5).selection(results, before=10).min_score == pytest.approx(0.9)
    assert Plan(top=5).selection(results, before=11).min_score == pytest.approx(0.4)
    assert Plan(top=5).selection(results, before=999).min_score == pytest.approx(0.4)
    assert Plan(min_score=0.3).selection(results, before=1).min_score == 0.3


def test_quantiles_of_some_images(shapes, tmp_path):
    results = shapes(2)
    assert score_quantiles(results)[[0, -1]] == pytest.approx([0.4, 0.9])
    with pytest.raises(UsageError, match="holds no mask"):
        score_quantiles(results, {"/elsewhere"})
