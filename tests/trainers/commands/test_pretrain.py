"""The command from end to end, on a few painted images."""

import json

import pytest
import torch
import yaml
from typer.testing import CliRunner

from freesolo import backbones
from freesolo.solo.light_network import LightNetwork
from tests.freesolo.solo.helpers import TINY
from tests.trainers.small_disk import small_disk
from tests.trainers.training.contrastive.helpers import paint
from trainers.cli import cli

SMALL = ("views.size=48", "grid=2", "hidden=8", "dimensions=4", "log_every=1", "checkpoint_every=2")


def pretrain(folder, out, *arguments, steps=3):
    settings = [word for setting in SMALL for word in ("--set", setting)]
    flags = ["--backbone", "test_resnet", "--from-scratch", "--threads", "1", "--batch", "2", "--steps", str(steps)]
    return CliRunner().invoke(
        cli, ["pretrain", str(folder), "--out", str(out), *flags, *settings, *map(str, arguments)]
    )


def events(result):
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_a_backbone_comes_out(tmp_path):
    paint(tmp_path / "photos", 5)
    result = pretrain(tmp_path / "photos", tmp_path / "run", "--events")
    assert result.exit_code == 0, result.stderr
    told = events(result)
    assert [event["event"] for event in told] == ["start", "step", "step", "checkpoint", "step", "checkpoint", "result"]
    assert told[0]["images"] == 5
    assert set(told[1]["losses"]) == {"whole", "dense", "accuracy", "dense_accuracy", "loss", "gradient"}
    assert (tmp_path / "run" / "events.jsonl").read_text() == result.stdout
    assert list((tmp_path / "run" / "tensorboard").iterdir())
    backbone = backbones.load(told[-1]["path"])
    assert backbone.features(torch.zeros(1, 3, 64, 64))[32].shape == (1, 96, 2, 2)


def test_the_resolved_settings_are_printed_and_kept(tmp_path):
    paint(tmp_path / "photos", 5)
    result = pretrain(tmp_path / "photos", tmp_path / "run", "--events", steps=1)
    kept = yaml.safe_load((tmp_path / "run" / "settings.yaml").read_text())
    assert (kept["queue"], kept["batch"], kept["views"]["size"], kept["pretrained"]) == (5, 2, 48, False)
    assert (tmp_path / "run" / "settings.yaml").read_text() in result.stderr


def test_the_same_command_again_has_nothing_left_to_do(tmp_path):
    paint(tmp_path / "photos", 5)
    pretrain(tmp_path / "photos", tmp_path / "run")
    before = (tmp_path / "run" / "backbone.safetensors").read_bytes()
    result = pretrain(tmp_path / "photos", tmp_path / "run", "--events")
    assert [event["event"] for event in events(result)] == ["start", "result"]
    assert (tmp_path / "run" / "backbone.safetensors").read_bytes() == before


def test_solo_starts_from_it(tmp_path):
    paint(tmp_path / "photos", 5)
    pretrain(tmp_path / "photos", tmp_path / "run")
    shape = TINY.model_copy(update={"backbone": "test_resnet"})
    path = tmp_path / "run" / "backbone.safetensors"
    images = torch.randn(1, 3, 64, 64)
    wanted = list(backbones.load(str(path)).features(images).values())[-4:]
    with torch.no_grad():
        maps = LightNetwork(shape, weights=path).eval().backbone(images)
    for one, other in zip(maps, wanted, strict=True):
        assert (one - other).abs().max() < 1e-3 * other.abs().max()


def test_unreadable_images_are_left_out_with_a_warning(tmp_path):
    paths = paint(tmp_path / "photos", 5)
    paths[0].write_bytes(b"no image")
    paths[1].write_bytes(paths[1].read_bytes()[:80])
    result = pretrain(tmp_path / "photos", tmp_path / "run", "--events")
    assert result.exit_code == 0, result.stderr
    assert events(result)[0]["images"] == 4  # the second one looks sound until it is decoded
    assert result.stderr.count("warning: left out:") == 2


def test_the_images_of_a_list_are_taken_wherever_they_lie(tmp_path):
    paint(tmp_path / "photos", 3)
    listing = tmp_path / "files.jsonl"
    rows = [{"key": name, "path": str(tmp_path / "photos" / name)} for name in ("00.png", "02.png", "gone.png")]
    listing.write_text("".join(json.dumps(row) + "\n" for row in rows))
    result = pretrain(listing, tmp_path / "run", "--events", steps=1)
    assert result.exit_code == 0, result.stderr
    assert events(result)[0]["images"] == 2
    assert "left out: " in result.stderr


@pytest.mark.parametrize(("count", "reason"), [(0, "holds no image files"), (1, "holds only one image")])
def test_too_few_images_are_told(tmp_path, count, reason):
    (tmp_path / "photos").mkdir()
    paint(tmp_path / "photos", count)
    result = pretrain(tmp_path / "photos", tmp_path / "run")
    assert result.exit_code == 2
    assert reason in result.stderr
    assert not (tmp_path / "run").exists()


def test_a_folder_that_is_not_there(tmp_path):
    result = pretrain(tmp_path / "photos", tmp_path / "run")
    assert result.exit_code == 2
    assert "there is no folder" in result.stderr


def test_an_unknown_setting_is_told(tmp_path):
    paint(tmp_path / "photos", 2)
    result = pretrain(tmp_path / "photos", tmp_path / "run", "--set", "views.seize=64")
    assert result.exit_code == 2
    assert "views.seize" in result.stderr


def test_a_full_disk_keeps_the_checkpoint(tmp_path):
    paint(tmp_path / "photos", 5)
    pretrain(tmp_path / "photos", tmp_path / "run", steps=2)
    before = (tmp_path / "run" / "checkpoint.pt").read_bytes()
    with small_disk(limit=200_000):
        result = pretrain(tmp_path / "photos", tmp_path / "run", "--no-resume", steps=2)
    assert result.exit_code == 1
    assert "checkpoint.pt" in result.stderr
    assert (tmp_path / "run" / "checkpoint.pt").read_bytes() == before
