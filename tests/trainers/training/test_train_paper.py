"""`python -m trainers train` on the paper's network: images keep their shape."""

import json

import numpy as np
from typer.testing import CliRunner

from freesolo import proposers
from freesolo.images import read_image
from freesolo.solo.paper_network import PaperNetwork
from freesolo.solo.weights import card_for, load, to_bytes
from tests.freesolo.solo.helpers import PAPER_TINY, tiny_paper_network
from trainers.cli import cli


def test_training_goes_on_from_weights_of_the_papers_network(shapes, tmp_path):
    start = tmp_path / "start.safetensors"
    start.write_bytes(to_bytes(tiny_paper_network(), card_for(PAPER_TINY)))
    masks, out = shapes(3), tmp_path / "run"
    options = ["--steps", "2", "--batch", "2", "--threads", "1", "--set", "network.frozen_stride=4"]
    sizes = ["--set", "augment.short_sides=[48,64]", "--set", "log_every=1", "--events"]
    done = CliRunner().invoke(cli, ["train", str(masks), "--out", str(out), "--start", str(start), *options, *sizes])
    assert done.exit_code == 0, done.output
    model = load(out / "solo.safetensors")
    assert isinstance(model.network, PaperNetwork)
    assert model.card.network == PAPER_TINY
    losses = [json.loads(line) for line in (out / "events.jsonl").read_text().splitlines()]
    assert all(np.isfinite(row["losses"]["loss"]) for row in losses if row["event"] == "step")
    image = read_image(tmp_path / "shapes" / "0.png").pixels
    assert proposers.make(str(out / "solo.safetensors")).propose(image).instances.size == (96, 128)


def test_backbone_weights_of_another_network_are_told(shapes, tmp_path):
    options = ["--preset", "paper-r50", "--set", "network.backbone=efficientnet_lite0"]
    done = CliRunner().invoke(cli, ["train", str(shapes(2)), "--out", str(tmp_path / "run"), *options])
    assert done.exit_code == 2
    assert "name weights of the same depth" in done.output
