"""Runs of a few steps: what trains, what follows, what a killed run remembers, and what goes wrong."""

import math

import pytest
import torch

from freesolo.backbones import precision
from tests.trainers.training.contrastive.helpers import TINY, Heard, never, paint, trainer
from trainers.errors import UsageError
from trainers.training import checkpoint
from trainers.training.contrastive import loop
from trainers.training.mishaps import TrainingError


@pytest.fixture
def paths(tmp_path):
    return paint(tmp_path / "images", 5)


class Killed(BaseException):
    """As a process that is gone."""


class Deadly(Heard):
    """Dies when it hears of a step."""

    def __init__(self, step):
        super().__init__()
        self.last = step

    def step(self, report):
        super().step(report)
        if report.step == self.last:
            raise Killed


def state_of(run):
    return {name: value.clone() for name, value in run._model.state_dict().items()}


def test_one_step(paths, tmp_path):
    """Queries learn, keys follow a little, and the new keys are in the queues."""
    run = trainer(paths, tmp_path / "run", Heard(), TINY.model_copy(update={"steps": 1, "momentum": 0.75}))
    before = state_of(run)
    assert run.run(never)
    after, learnt = state_of(run), 0
    for name in before:
        if not name.startswith("query.") or not before[name].is_floating_point():
            continue
        key = "key." + name.removeprefix("query.")
        step = after[name] - before[name]
        learnt += bool(step.abs().max() > 0)
        share = 0.9 if "running" in name else 0.25  # statistics follow fast at the start: 1 - (1 + 0) / (10 + 0)
        assert torch.allclose(after[key] - before[key], share * step, atol=1e-6), name
    assert learnt > 50  # not all: the blocks' last normalisations start at 0 and hide what is before them
    images = run._batches.step(0).images
    for queue in ("whole", "dense"):
        assert after[f"{queue}.images"].tolist() == [*images.tolist(), -1, -1, -1]
        assert torch.equal(after[f"{queue}.keys"][2:], before[f"{queue}.keys"][2:])
        assert torch.allclose(after[f"{queue}.keys"].norm(dim=1), torch.ones(5), atol=1e-5)


def test_the_key_encoder_takes_no_gradient(paths, tmp_path):
    run = trainer(paths, tmp_path / "run", Heard())
    run.run(never)
    assert all(value.grad is None for value in run._model.key.parameters())
    assert all(value.grad is not None for value in run._model.query.parameters())


def test_learning_to_tell_images_apart(tmp_path):
    """Views that differ little of few images are soon known."""
    heard = Heard()
    easy = TINY.views.model_copy(update={"area": (0.9, 1.0), "jitter": 0, "grey": 0, "blur": 0, "flip": 0})
    changes = {"views": easy, "steps": 60, "batch": 4, "momentum": 0.99, "dimensions": 16, "hidden": 32}
    settings = TINY.model_copy(update={**changes, "checkpoint_every": 100})
    trainer(paint(tmp_path / "images", 8), tmp_path / "run", heard, settings).run(never)

    def mean(name, steps):
        return sum(heard.losses[step][name] for step in steps) / len(steps)

    filled, end = range(3, 11), range(51, 61)
    assert mean("loss", end) < mean("loss", filled) - 0.3
    assert mean("dense_accuracy", end) > mean("dense_accuracy", filled) + 0.2


@pytest.mark.parametrize("death", [3, 5])
def test_a_killed_run_goes_on_as_if_it_had_not_been(paths, tmp_path, death):
    whole, second = Heard(), Heard()
    straight = trainer(paths, tmp_path / "straight", whole)
    straight.run(never)
    killed = trainer(paths, tmp_path / "killed", Deadly(death))
    with pytest.raises(Killed):
        killed.run(never)
    resumed = trainer(paths, tmp_path / "killed", second)
    assert resumed.resume() == death - 1
    assert resumed.run(never)
    assert second.losses == {step: whole.losses[step] for step in range(death, 7)}
    wanted = state_of(straight)
    assert all(torch.equal(value, wanted[name]) for name, value in state_of(resumed).items())


def test_a_stopped_run_keeps_the_step_it_reached(paths, tmp_path):
    run = trainer(paths, tmp_path / "run", Heard())
    assert not run.run(lambda: True)
    assert checkpoint.load(tmp_path / "run").step == 1


def test_the_checkpoint_holds_queues_and_both_encoders(paths, tmp_path):
    run = trainer(paths, tmp_path / "run", Heard())
    run.run(never)
    kept = checkpoint.load(tmp_path / "run").network
    assert kept.keys() == run._model.state_dict().keys()
    assert {name.split(".")[0] for name in kept} == {"query", "key", "whole", "dense"}
    assert kept["whole.cursor"].item() == 12 % 5


def test_other_settings_are_refused(paths, tmp_path):
    trainer(paths, tmp_path / "run", Heard()).run(never)
    with pytest.raises(UsageError, match="other settings"):
        trainer(paths, tmp_path / "run", Heard(), TINY.model_copy(update={"lr": 0.5})).resume()


def test_a_loss_that_is_no_number_names_the_images_and_keeps_the_checkpoint(paths, tmp_path):
    class Spoilt(Heard):
        def step(self, report):
            super().step(report)
            if report.step == 3:
                with torch.no_grad():
                    run._model.query.whole[0].weight.fill_(math.nan)

    run = trainer(paths, tmp_path / "run", Spoilt())
    with pytest.raises(TrainingError, match=rf"no number at step 4 \(images: {paths[0].parent}.*--lr"):
        run.run(never)
    kept = checkpoint.load(tmp_path / "run")
    assert kept.step == 2
    assert all(value.isfinite().all() for value in kept.network.values())


@pytest.mark.parametrize(
    "error", [MemoryError(), RuntimeError("CUDA out of memory. Tried"), RuntimeError("can't allocate memory")]
)
def test_memory_that_runs_out_suggests_a_smaller_batch(paths, tmp_path, monkeypatch, error):
    def fails(*_):
        raise error

    monkeypatch.setattr(loop, "info_nce", fails)
    with pytest.raises(TrainingError, match=r"step 1, with 2 images of up to 48 x 48 pixels; .*--batch"):
        trainer(paths, tmp_path / "run", Heard()).run(never)


def test_other_errors_stay_what_they_are(paths, tmp_path, monkeypatch):
    def fails(*_):
        raise RuntimeError("shapes differ")

    monkeypatch.setattr(loop, "info_nce", fails)
    with pytest.raises(RuntimeError, match="shapes differ"):
        trainer(paths, tmp_path / "run", Heard()).run(never)


def test_the_rate_is_in_proportion_to_the_images_of_a_step(paths, tmp_path):
    run = trainer(paths, tmp_path / "run", Heard(), TINY.model_copy(update={"warmup": 4, "steps": 8, "lr": 0.256}))
    assert run._rate(0) == pytest.approx(0.002 / 4)
    assert run._rate(4) == pytest.approx(0.001)
    assert run._rate(7) < 0.0001


def test_bfloat16_only_where_it_is_native(paths, tmp_path, monkeypatch):
    settings = TINY.model_copy(update={"precision": "bfloat16"})
    monkeypatch.setattr(loop, "native_bfloat16", lambda: False)
    with pytest.raises(UsageError, match="does not multiply bfloat16"):
        trainer(paths, tmp_path / "run", Heard(), settings)


@pytest.mark.skipif(not precision.native_bfloat16(), reason="this CPU has no bfloat16")
def test_bfloat16_gives_about_the_same_losses(paths, tmp_path):
    exact, short = Heard(), Heard()
    trainer(paths, tmp_path / "exact", exact).run(never)
    trainer(paths, tmp_path / "short", short, TINY.model_copy(update={"precision": "bfloat16"})).run(never)
    assert short.losses[1]["loss"] == pytest.approx(exact.losses[1]["loss"], abs=0.1)
    assert short.losses[1]["loss"] != exact.losses[1]["loss"]
