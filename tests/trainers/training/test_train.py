"""`python -m trainers train`: resumable to the last digit, and with a sentence for all that goes wrong."""

import json
import os
import signal
import subprocess
import sys
import time

import cv2
import numpy as np
import psutil
import pytest
import torch
import yaml
from typer.testing import CliRunner

from freesolo.backbones.pretrained_file import to_bytes
from freesolo.backbones.timm_models import make_timm
from freesolo.solo.weights import load
from tests.trainers.small_disk import small_disk
from tests.trainers.training.conftest import TINY
from trainers.cli import cli
from trainers.training import checkpoint, loop

SETTINGS = [word for setting in TINY for word in ("--set", setting)]


def arguments(masks, out, *more):
    return ["train", str(masks), "--out", str(out), *SETTINGS, "--batch", "2", "--steps", "6", "--threads", "1", *more]


@pytest.fixture
def train(tmp_path):
    """Trains in a folder of ``tmp_path``; returns the exit code and the last line of what it said."""

    def run(masks, *more, out="run"):
        done = CliRunner().invoke(cli, arguments(masks, tmp_path / out, "--events", *more))
        said = done.stderr.strip().splitlines()
        return done.exit_code, said[-1] if said else ""

    return run


def steps(folder):
    """Losses by step."""
    rows = map(json.loads, (folder / "events.jsonl").read_text().splitlines())
    return {row["step"]: row["losses"]["loss"] for row in rows if row["event"] == "step"}


def weights(folder):
    return load(folder / "solo.safetensors").network.state_dict()


def same(one, other):
    return all(torch.equal(value, other[name]) for name, value in one.items())


def test_training_lowers_the_loss_and_gives_a_proposer(train, shapes, tmp_path):
    assert train(shapes(6), "--steps", "30", "--set", "warmup=2", "--lr", "0.01") == (0, "")
    losses = list(steps(tmp_path / "run").values())
    assert np.mean(losses[-5:]) < 0.8 * np.mean(losses[:5])
    card = load(tmp_path / "run" / "solo.safetensors").card
    assert card.trained_on == "12 masks on 6 images (shapes.jsonl)"
    assert list((tmp_path / "run" / "tensorboard").iterdir())


def test_a_stopped_run_goes_on_as_if_it_had_not_been(train, shapes, tmp_path, monkeypatch):
    masks = shapes()
    assert train(masks, out="whole")[0] == 0
    original = loop.Trainer._step

    def interrupted(self, network, batch, step):
        if step == 3:
            os.kill(os.getpid(), signal.SIGINT)
        return original(self, network, batch, step)

    monkeypatch.setattr(loop.Trainer, "_step", interrupted)
    assert train(masks)[0] == 128 + signal.SIGINT
    assert list(steps(tmp_path / "run")) == [1, 2, 3, 4]
    monkeypatch.undo()
    assert train(masks)[0] == 0
    assert steps(tmp_path / "run") == steps(tmp_path / "whole")
    assert same(weights(tmp_path / "run"), weights(tmp_path / "whole"))


def test_a_killed_run_goes_on_from_its_last_checkpoint(train, shapes, tmp_path):
    masks = shapes()
    assert train(masks, "--steps", "40", out="whole")[0] == 0
    command = [sys.executable, "-m", "trainers"]
    command += arguments(masks, tmp_path / "run", "--events", "--steps", "40")
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            if json.loads(line)["event"] == "checkpoint" and json.loads(line)["step"] >= 4:
                process.kill()
    reached = checkpoint.load(tmp_path / "run").step
    assert 4 <= reached < 40
    assert train(masks, "--steps", "40")[0] == 0
    assert steps(tmp_path / "run") == steps(tmp_path / "whole")
    assert same(weights(tmp_path / "run"), weights(tmp_path / "whole"))


def test_another_run_s_folder_is_not_gone_on_with(train, shapes, tmp_path):
    assert train(shapes(), "--steps", "2")[0] == 0
    code, said = train(shapes(), "--steps", "2", "--lr", "0.5")
    assert (code, "holds a run with other settings (see its settings.yaml)" in said) == (2, True)
    assert train(shapes(), "--steps", "2", "--lr", "0.5", "--no-resume")[0] == 0
    assert yaml.safe_load((tmp_path / "run" / "settings.yaml").read_text())["lr"] == 0.5


def test_a_damaged_checkpoint_is_told(train, shapes, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "checkpoint.pt").write_bytes(b"PK no")
    code, said = train(shapes())
    assert (code, "checkpoint.pt is damaged" in said) == (2, True)


def test_a_loss_that_is_no_number_stops_and_names_the_images(train, shapes, tmp_path, monkeypatch):
    original = loop.total_loss
    monkeypatch.setattr(loop, "total_loss", lambda *given: original(*given) * (float("nan") if given[2] >= 0.5 else 1))
    code, said = train(shapes())
    assert code == 1
    assert said.startswith("error: the loss is no number at step 4 (images: ")
    assert ".png" in said
    state = checkpoint.load(tmp_path / "run")
    assert state.step == 2
    assert all(torch.isfinite(value).all() for value in state.network.values())


def test_too_little_memory_suggests_a_smaller_batch(train, shapes, monkeypatch):
    def full(*_):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9999999 bytes")

    monkeypatch.setattr(loop, "loss_sums", full)
    code, said = train(shapes())
    assert (code, said) == (
        1,
        "error: out of memory at step 1, with 2 images of up to 64 x 64 pixels; go on with a smaller --batch",
    )


def test_a_full_disk_keeps_the_checkpoint_before(train, shapes, tmp_path, monkeypatch):
    masks = shapes()
    assert train(masks, "--steps", "6", out="whole")[0] == 0
    monkeypatch.setattr(checkpoint, "save", full_after(checkpoint.save, 4))
    code, said = train(masks)
    assert (code, "No space left" in said or "File too large" in said) == (1, True)
    assert checkpoint.load(tmp_path / "run").step == 2
    monkeypatch.undo()
    assert train(masks)[0] == 0
    assert same(weights(tmp_path / "run"), weights(tmp_path / "whole"))


def full_after(save, step):
    def on_a_full_disk(folder, state):
        if state.step < step:
            save(folder, state)
        else:
            with small_disk(10_000):
                save(folder, state)

    return on_a_full_disk


def test_a_run_that_gets_no_better_stops_early(train, shapes, tmp_path):
    code, _ = train(shapes(), "--steps", "200", "--set", "patience=3", "--lr", "1e-9")
    assert code == 0
    assert max(steps(tmp_path / "run")) < 200
    assert (tmp_path / "run" / "solo.safetensors").exists()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--set", "loss.pairwize=1"], "loss.pairwize"),
        (["--set", "steps"], "--set steps: write it as KEY=VALUE"),
        (["--set", "ema=2"], "ema"),
        (["--preset", "best"], "no preset 'best'; there are: weak, paper, paper-r50, paper-r101, full, human"),
        (["--set", "network.size=96"], "augment.square is 64, but the network takes 96"),
        (["--config", "none.yaml"], "none.yaml cannot be read"),
    ],
)
def test_settings_that_do_not_fit_are_told(train, shapes, options, sentence):
    code, said = train(shapes(), *options)
    assert (code, sentence in said) == (2, True), said


def test_flags_win_over_the_file_and_the_file_over_the_preset(train, shapes, tmp_path):
    (tmp_path / "c.yaml").write_text("loss: {pairwise: 0.7, dice: 0.2}\nlr: 0.002\n")
    train(shapes(), "--steps", "1", "--config", str(tmp_path / "c.yaml"), "--lr", "0.003", "--set", "loss.dice=0.4")
    kept = yaml.safe_load((tmp_path / "run" / "settings.yaml").read_text())
    assert (kept["lr"], kept["loss"]["pairwise"], kept["loss"]["dice"], kept["loss"]["embedding"]) == (
        0.003,
        0.7,
        0.4,
        0.5,
    )


def test_masks_that_cannot_teach_anything_are_told(train, shapes, tmp_path):
    code, said = train(shapes(), "--min-score", "2")
    assert (code, said) == (2, "error: none of the 4 images has a mask to learn from")
    code, said = train(tmp_path / "masks.txt")
    assert (code, "masks come from a .jsonl file of propose or a .json file" in said) == (2, True)


def test_one_image_is_enough(train, shapes, tmp_path):
    assert train(shapes(1))[0] == 0
    assert (tmp_path / "run" / "solo.safetensors").exists()


def test_an_image_that_is_gone_is_named(train, shapes, tmp_path):
    masks = shapes(1)
    (tmp_path / "shapes" / "0.png").unlink()
    code, said = train(masks)
    assert (code, "0.png" in said) == (1, True)


def test_images_without_masks_and_of_very_different_sizes_train(train, drawn, tmp_path):
    path = drawn(3)
    coco = json.loads(path.read_text())
    for number, size in enumerate(((10, 900), (700, 20))):
        cv2.imwrite(str(tmp_path / "images" / f"odd{number}.png"), np.full((*size, 3), 99, np.uint8))
        coco["images"].append({"id": 50 + number, "file_name": f"odd{number}.png", "height": size[0], "width": size[1]})
    path.write_text(json.dumps(coco))
    assert train(path)[0] == 0
    assert all(np.isfinite(value) for value in steps(tmp_path / "run").values())


def test_training_goes_on_from_given_weights_of_any_shape(train, shapes, tmp_path):
    masks = shapes()
    train(masks, out="first")
    start = tmp_path / "first" / "solo.safetensors"
    done = CliRunner().invoke(
        cli,
        ["train", str(masks), "--out", str(tmp_path / "next"), "--start", str(start), "--steps", "1", "--lr", "1e-9"],
    )
    assert done.exit_code == 0, done.output
    assert load(tmp_path / "next" / "solo.safetensors").card.network == load(start).card.network
    close = zip(weights(tmp_path / "first").values(), weights(tmp_path / "next").values(), strict=True)
    assert all(torch.allclose(one, other, atol=1e-3) for one, other in close)


@pytest.fixture
def torchrun(tmp_path):
    """Starts training on two ranks of one image a step each; what they say goes to a file."""
    started = []

    def start(masks, *more, out="ranks", restarts=0):
        command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--master-addr", "127.0.0.1"]
        command += ["--rdzv-backend", "c10d", "--rdzv-endpoint", "127.0.0.1:0", "--max-restarts", str(restarts)]
        command += ["-m", "trainers", *arguments(masks, tmp_path / out, "--events", "--batch", "1", *more)]
        with (tmp_path / f"{out}.txt").open("wb") as told:
            started.append(subprocess.Popen(command, stdout=told, stderr=told))
        return started[-1]

    yield start
    for process in started:
        if process.poll() is None:
            for child in psutil.Process(process.pid).children(recursive=True):
                child.kill()
            process.kill()
            process.wait()


def test_two_ranks_of_one_image_are_one_rank_of_two(train, torchrun, shapes, tmp_path):
    masks = shapes()
    train(masks, out="one")
    assert torchrun(masks).wait(timeout=120) == 0, (tmp_path / "ranks.txt").read_text()
    one, two = steps(tmp_path / "one"), steps(tmp_path / "ranks")
    assert list(one) == list(two)
    assert list(two.values()) == pytest.approx(list(one.values()), rel=1e-4)


def test_a_killed_rank_is_replaced_and_the_run_ends_as_it_would_have(torchrun, shapes, tmp_path):
    masks = shapes()
    assert torchrun(masks, "--steps", "30", out="whole").wait(timeout=120) == 0
    process = torchrun(masks, "--steps", "30", restarts=1)
    while not (tmp_path / "ranks" / "checkpoint.pt").exists():
        time.sleep(0.05)
        assert process.poll() is None, (tmp_path / "ranks.txt").read_text()
    os.kill(rank_of(process.pid, 1), signal.SIGKILL)
    assert process.wait(timeout=180) == 0, (tmp_path / "ranks.txt").read_text()
    assert steps(tmp_path / "ranks") == steps(tmp_path / "whole")
    assert same(weights(tmp_path / "ranks"), weights(tmp_path / "whole"))


def rank_of(agent, rank):
    """The process of a rank that torchrun started."""
    return next(
        child.pid
        for child in psutil.Process(agent).children(recursive=True)
        if child.environ().get("LOCAL_RANK") == str(rank)
    )


def test_a_pretrained_backbone_of_ones_own_is_the_start(train, shapes, tmp_path):
    network = make_timm("tf_efficientnet_lite0")
    torch.nn.init.zeros_(network.conv_stem.weight)
    (tmp_path / "backbone.safetensors").write_bytes(to_bytes(network, "tf_efficientnet_lite0", "nothing"))
    options = ["--steps", "1", "--backbone", str(tmp_path / "backbone.safetensors"), "--set", "ema=0"]
    assert train(shapes(), *options)[0] == 0
    first = next(value for name, value in weights(tmp_path / "run").items() if name.startswith("backbone."))
    assert first.ndim == 4, "the stem, which is frozen"
    assert not first.any()
    code, said = train(shapes(), *options[:2], "--backbone", str(tmp_path / "shapes.jsonl"), out="other")
    assert (code, "shapes.jsonl" in said) == (1, True)
