"""Two real processes against one."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests.trainers.training.contrastive import two_ranks
from tests.trainers.training.contrastive.helpers import Heard, never, paint, trainer
from trainers.training import checkpoint

ROOT = Path(two_ranks.__file__).parents[4]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("ranks")


@pytest.fixture(scope="module")
def told(folder):
    """What each of two ranks wrote to standard output."""
    paint(folder / "images", 5)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", two_ranks.__name__, str(folder / "images"), str(folder)]
    shared = os.environ | {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    ranks = [subprocess.Popen(command, cwd=ROOT, env=shared | {"RANK": str(rank)}, **pipes) for rank in range(2)]
    outputs = [process.communicate(timeout=300) for process in ranks]
    assert [process.returncode for process in ranks] == [0, 0], outputs
    return [output for output, _ in outputs]


def test_two_ranks_with_one_image_each_are_one_rank_with_two(folder, told, tmp_path):
    """Losses, both encoders, both queues, and the gradients (the optimizer's momentum) are the same."""
    heard = Heard()
    settings = two_ranks.FROZEN.model_copy(update={"batch": 2})
    trainer(sorted((folder / "images").iterdir()), tmp_path / "one", heard, settings).run(never)
    several = [json.loads(line) for line in told[0].splitlines()]
    losses = [event["losses"] for event in several if event["event"] == "step"]
    for number, values in enumerate(losses, start=1):
        assert values == pytest.approx(heard.losses[number], rel=1e-3)
    assert len(losses) == 3
    two, one = checkpoint.load(folder / "frozen"), checkpoint.load(tmp_path / "one")
    for name, value in one.network.items():
        assert torch.allclose(two.network[name].double(), value.double(), atol=1e-5), name
    for number, entry in one.optimizer["state"].items():
        gradient = entry["momentum_buffer"]
        assert torch.allclose(two.optimizer["state"][number]["momentum_buffer"], gradient, atol=1e-5)
        assert gradient.abs().max() > 0


def test_only_the_first_rank_tells_and_writes(folder, told):
    assert told[1] == ""
    assert told[0].count('"event": "result"') == 1
    assert (folder / "frozen" / "backbone.safetensors").is_file()


def test_ranks_agree_on_everything_with_batch_normalisation(folder, told):
    """Each normalises by its own images; weights, running statistics and queues are the same on both."""
    first, second = (torch.load(folder / f"rank{rank}.pt") for rank in range(2))
    assert all(torch.equal(value, second[name]) for name, value in first.items())
    assert first["query.backbone.network.bn1.num_batches_tracked"].item() == 3
    assert (first["whole.images"] >= 0).all()
    assert first["whole.cursor"].item() == 3 * 4 % 5
