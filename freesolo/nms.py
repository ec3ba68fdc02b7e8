"""Non-maximum suppression on masks as matrix products."""

from typing import Literal

import torch
from torch import Tensor


def mask_iou_matrix(masks: Tensor) -> Tensor:
    """(n, cells) bool or 0/1 masks -> (n, n) float32 IoU; two empty masks have IoU 0."""
    flat = masks.float()
    overlap = flat @ flat.T
    areas = flat.sum(1)
    union = areas[:, None] + areas[None]
    return overlap.div_(union.sub_(overlap).clamp_(min=1))


def matrix_nms(
    scores: Tensor, iou: Tensor, sigma: float = 2.0, kernel: Literal["gaussian", "linear"] = "gaussian"
) -> Tensor:
    """Decayed scores of masks sorted by score (Matrix NMS, SOLOv2 section 3.3), without a loop.

    decay_j = min over better i of f(iou_ij) / f(max over k better than i of iou_ki), with f(x) = exp(-sigma x^2) or 1 - x.

    Args:
        scores: (n,) float32, descending.
        iou: (n, n) float32.
        sigma: of the Gaussian kernel.
        kernel: how fast overlap lowers a score.
    """
    if len(scores) == 0:
        return scores
    better = iou.triu(1)  # [i, j]: i is better than j
    compensation = better.max(0).values[:, None]
    if kernel == "gaussian":  # the smallest decay is that of the largest exponent: one exponential a mask
        decay = torch.exp(-sigma * better.square_().sub_(compensation**2).max(0).values)
    else:
        decay = ((1 - better) / (1 - compensation).clamp(min=1e-6)).min(0).values
    return scores * decay.clamp(max=1)
