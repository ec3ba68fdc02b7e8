import numpy as np
import pytest
import torch

from freesolo.freemask.overlaps import iou_of_later
from freesolo.nms import mask_iou_matrix


@pytest.mark.parametrize(("count", "cells"), [(40, 850), (7, 64), (7, 65), (3, 1), (1, 10), (0, 10)])
def test_equals_the_matrix_product_above_the_diagonal(count, cells):
    masks = torch.rand(count, cells, generator=torch.Generator().manual_seed(0)) > 0.4
    masks[:1] = True
    masks[2:4] = False  # empty masks have no overlap, not NaN
    assert np.array_equal(iou_of_later(masks.numpy()), mask_iou_matrix(masks).triu(1).numpy())
