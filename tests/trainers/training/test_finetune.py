"""`python -m trainers finetune`: from label-free weights to human masks, with classes and with few labels."""

import json
import shutil

import pytest
import torch
from typer.testing import CliRunner

from freesolo import proposers
from freesolo.errors import WeightsError
from freesolo.instances import Instances
from freesolo.solo.weights import load
from tests.trainers.training.conftest import TINY
from trainers.cli import cli
from trainers.training.showing import MASKS

SETTINGS = [word for setting in TINY for word in ("--set", setting)]


@pytest.fixture
def start(shapes, tmp_path):
    """Weights trained without labels, for a moment."""
    options = ["--out", str(tmp_path / "start"), *SETTINGS, "--steps", "1", "--threads", "1", "--events"]
    assert CliRunner().invoke(cli, ["train", str(shapes(2)), *options]).exit_code == 0
    return tmp_path / "start" / "solo.safetensors"


@pytest.fixture
def finetune(start, tmp_path):
    def run(annotations, *more, steps=3):
        options = ["--out", str(tmp_path / "run"), "--start", str(start), "--steps", str(steps), "--threads", "1"]
        options += ["--set", "checkpoint_every=100", "--set", "log_every=1", "--events", *more]
        done = CliRunner().invoke(cli, ["finetune", str(annotations), *options])
        return done.exit_code, done.stderr

    return run


def events(tmp_path, name):
    rows = map(json.loads, (tmp_path / "run" / "events.jsonl").read_text().splitlines())
    return [row for row in rows if row["event"] == name]


def test_classes_are_learned_on_top_of_everything_else(finetune, drawn, start, tmp_path):
    assert finetune(drawn(4), "--classes")[0] == 0
    card = load(tmp_path / "run" / "solo.safetensors").card
    assert (card.categories, card.network.classes) == (("left", "right"), 2)
    assert card.trained_on == "fine-tuned on 8 masks that people drew on 4 images"
    assert "embedding" not in events(tmp_path, "step")[0]["losses"]


def test_fixed_images_are_predicted_meanwhile_and_change_nothing(finetune, drawn, tmp_path):
    annotations = drawn(4)
    assert finetune(annotations, steps=7)[0] == 0
    before = load(tmp_path / "run" / "solo.safetensors").network.state_dict()
    shutil.rmtree(tmp_path / "run")
    names = [row["file_name"] for row in json.loads(annotations.read_text())["images"][:2]]
    paths = [next(annotations.parent.rglob(name)) for name in names]
    listing = tmp_path / "shown.jsonl"
    rows = [{"key": path.name, "path": str(path)} for path in (*paths, tmp_path / "gone.png")]
    listing.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert finetune(annotations, "--show", str(listing), steps=7)[0] == 0
    shown = events(tmp_path, "shown")
    assert [(row["step"], row["steps"]) for row in shown] == [(step, 7) for step in range(8)]
    assert [row["key"] for row in shown[0]["images"]] == names, "an image that is gone is left out"
    for row in shown[-1]["images"]:
        assert 0 < len(row["masks"]) <= MASKS
        Instances.from_counts(
            (row["height"], row["width"]), [code.encode() for code in row["masks"]], [1] * len(row["masks"])
        )
    after = load(tmp_path / "run" / "solo.safetensors").network.state_dict()
    assert all(torch.equal(after[name], value) for name, value in before.items())


def test_it_learns(finetune, drawn, tmp_path):
    assert finetune(drawn(6), "--lr", "0.01", steps=30)[0] == 0
    losses = [row["losses"]["loss"] for row in events(tmp_path, "step")]
    assert sum(losses[-5:]) < 0.8 * sum(losses[:5])


def test_few_images_and_few_masks(finetune, drawn, tmp_path):
    assert finetune(drawn(6), "--limit-images", "0.5")[0] == 0
    assert events(tmp_path, "start")[0]["images"] == 3
    assert "trained_on" not in events(tmp_path, "start")[0]
    code, said = finetune(drawn(6), "--limit-images", "7")
    assert (code, "up to the 6 images with masks" in said) == (2, True)


@pytest.mark.parametrize(("stride", "moves"), [("32", False), ("0", True)])
def test_frozen_layers_stay(finetune, drawn, start, tmp_path, stride, moves):
    assert finetune(drawn(4), "--freeze", stride, "--lr", "0.1")[0] == 0
    before, after = (load(path).network.state_dict() for path in (start, tmp_path / "run" / "solo.safetensors"))
    backbone = [name for name in before if name.startswith("backbone.")]
    assert any(not torch.equal(before[name], after[name]) for name in backbone) == moves
    assert any(not torch.equal(before[name], after[name]) for name in before if name not in backbone)


def test_weights_that_are_none_are_told(finetune, drawn, start, tmp_path):
    start.write_bytes(b"no")
    code, said = finetune(drawn(2))
    assert (code, "not a readable weights file" in said) == (1, True)


def test_scores_are_judged_beside_another_proposer(finetune, drawn, tmp_path):
    assert finetune(drawn(4), "--beside", "tests.trainers.fake:make", "--lr", "0.01", steps=30)[0] == 0
    weights = tmp_path / "run" / "solo.safetensors"
    quantiles = load(weights).card.score_quantiles
    assert set(quantiles) == {"solo", "teacher", "result"}
    assert all(list(values) == sorted(values) for values in quantiles.values())
    assert proposers.make(f"union:{weights}").identity.startswith("union-")


def test_a_union_needs_to_know_what_scores_are_worth(start):
    with pytest.raises(WeightsError, match="does not say what its scores are worth beside those of 'default'"):
        proposers.make(f"union:{start}")
