"""A pre-training run small enough for tests."""

import numpy as np
import torch
from PIL import Image

from trainers.training.contrastive.batches import ViewBatches
from trainers.training.contrastive.loop import Pretrainer
from trainers.training.contrastive.network import DenseCL, starting_backbone
from trainers.training.contrastive.settings import PretrainSettings
from trainers.training.contrastive.views import ViewSettings
from trainers.training.events import Silent
from trainers.training.ranks import Ranks

TINY = PretrainSettings(
    backbone="test_resnet",
    pretrained=False,
    views=ViewSettings(size=48),
    grid=2,
    hidden=8,
    dimensions=4,
    steps=6,
    batch=2,
    lr=1.0,
    warmup=0,
    threads=1,
    log_every=1,
    checkpoint_every=2,
)


def paint(folder, count):
    """Images that can be told apart."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{number:02}.png" for number in range(count)]
    for number, path in enumerate(paths):
        rng = np.random.default_rng(number)
        coarse = Image.fromarray(rng.integers(0, 256, (4, 4, 3), np.uint8))
        coarse.resize((48, 40), Image.Resampling.BICUBIC).save(path)
    return paths


class Heard(Silent):
    """Keeps the losses of each step."""

    def __init__(self):
        self.losses = {}

    def step(self, report):
        self.losses[report.step] = report.losses


def tiny_model(settings=TINY):
    resolved = settings.for_images(5, 1)
    torch.manual_seed(resolved.seed)
    return DenseCL(starting_backbone(resolved, None)[0], resolved)


def trainer(paths, folder, reporter, settings=TINY, ranks=None):
    """A run of its own."""
    ranks = ranks or Ranks()
    folder.mkdir(exist_ok=True)
    resolved = settings.for_images(len(paths), ranks.world)
    torch.manual_seed(resolved.seed)
    backbone, normalisation = starting_backbone(resolved, None)
    batches = ViewBatches(paths, resolved, normalisation.mean, normalisation.std, ranks.rank, ranks.world)
    return Pretrainer(DenseCL(backbone, resolved), batches, resolved, folder, reporter, ranks)


def never():
    return False
