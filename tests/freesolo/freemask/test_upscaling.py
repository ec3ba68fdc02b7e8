"""Scaling and cutting soft masks in one step: pixel for pixel what torch's interpolation gives."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from freesolo.codecs import coco_rle
from freesolo.freemask.upscaling import Upscaler

SIZES = [
    ((25, 34), (800, 1067)),
    ((7, 5), (91, 55)),
    ((25, 34), (20, 17)),
    ((1, 3), (50, 7)),
    ((12, 12), (12, 12)),
    ((1, 1), (3, 4)),
]


@pytest.mark.parametrize("threshold", [0.5, 0.3])
@pytest.mark.parametrize(("grid", "size"), SIZES)
def test_equals_interpolation_with_a_threshold(grid, size, threshold):
    soft = torch.rand(8, *grid, generator=torch.Generator().manual_seed(0))
    expected = (F.interpolate(soft[None], size=size, mode="bilinear")[0] >= threshold).numpy()
    upscale = Upscaler(grid, size, threshold)
    for values, mask in zip(soft.numpy(), expected, strict=True):
        upscaled = upscale(values)
        # Where torch's compiled code has no fused multiply-add, the last bit of a value may differ: a pixel or none.
        assert (coco_rle.decode(upscaled.counts, size) != mask).sum() <= 1
        assert (upscaled.rows != mask.any(1)).sum() <= 1
        assert (upscaled.columns != mask.any(0)).sum() <= 1


@pytest.mark.parametrize(("value", "full"), [(0.0, False), (0.4999999, False), (0.5, True), (1.0, True)])
def test_flat_masks_are_empty_or_full(value, full):
    mask = Upscaler((4, 6), (40, 61), 0.5)(np.full((4, 6), value, np.float32))
    assert (coco_rle.decode(mask.counts, (40, 61)) == full).all()
    assert mask.rows.all() == mask.columns.all() == full
    assert mask.rows.any() == mask.columns.any() == full
