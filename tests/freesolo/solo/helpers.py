"""A SOLO small enough for tests, and targets for it."""

import numpy as np
import torch

from freesolo.solo.criterion import ImageTargets
from freesolo.solo.light_network import LightNetwork
from freesolo.solo.light_settings import LightSettings
from freesolo.solo.losses import boxes_of
from freesolo.solo.paper_network import PaperNetwork
from freesolo.solo.paper_settings import PaperSoloSettings
from freesolo.solo.targets import assign

TINY = LightSettings(
    size=64, channels=16, tower=16, mask_channels=8, embedding=6, grids=(6, 4, 3, 2), strides=(8, 16, 32, 32)
)


PAPER_TINY = PaperSoloSettings(
    short_side=64,
    width=8,
    grids=(6, 5, 4, 3, 2),
    channels=16,
    tower=32,
    tower_layers=2,
    mask_width=32,
    mask_channels=32,
    embedding=6,
)


def tiny_paper_network(**changes):
    torch.manual_seed(0)
    return PaperNetwork(PAPER_TINY.model_copy(update=changes), pretrained=False)


def tiny_network(**changes):
    torch.manual_seed(0)
    return LightNetwork(TINY.model_copy(update=changes), pretrained=False)


def square(top, left, bottom, right, side=16):
    mask = np.zeros((side, side), bool)
    mask[top:bottom, left:right] = True
    return mask


def targets(*masks, network=None, weights=None, embeddings=True, categories=None, side=16, has_mask=None, pseudo=None):
    """Targets of an image with these masks."""
    network = network or tiny_network()
    stack = np.array(masks, bool).reshape(-1, side, side)
    count = len(stack)
    weights = np.ones(count, np.float32) if weights is None else np.asarray(weights, np.float32)
    found = assign(stack, weights, network.grids, network.ranges)
    generator = torch.Generator().manual_seed(count)
    return ImageTargets(
        masks=torch.from_numpy(stack).float(),
        boxes=boxes_of(stack),
        cells=torch.from_numpy(found.cells),
        objects=torch.from_numpy(found.objects),
        weights=torch.from_numpy(weights),
        pseudo=torch.zeros(count, dtype=torch.bool) if pseudo is None else torch.tensor(pseudo),
        has_mask=torch.ones(count, dtype=torch.bool) if has_mask is None else torch.tensor(has_mask),
        chosen=torch.arange(len(found.cells)),
        ignored=torch.zeros(sum(grid * grid for grid in network.grids), dtype=torch.bool),
        alike=torch.ones(4, side, side, dtype=torch.bool),
        embeddings=torch.randn(count, 6, generator=generator) if embeddings else None,
        categories=None if categories is None else torch.tensor(categories),
    )
