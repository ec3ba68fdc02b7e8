"""The losses of the self-supervised SOLO (paper section 3.3), each a pure function of tensors.

Means over objects or cells are left to the caller, who knows how many there are on all ranks.
"""

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

OFFSETS = ((0, 2), (2, 0), (2, 2), (2, -2))
"""(rows, columns) to half of the eight neighbours of a 3 x 3 window of dilation 2; the other half are the same pairs."""
COLOUR_THRESHOLD = 0.3
"""Neighbours at least so alike in colour belong together (BoxInst section 3.2)."""
_EPSILON = 1e-4


def dice(prediction: Tensor, target: Tensor) -> Tensor:
    """1 - 2 sum(xy) / (sum(x^2) + sum(y^2)): the L of eq. 5 and 6, and by itself the "full" loss of table 7d.

    Args:
        prediction: (n, ...) in [0, 1].
        target: the same shape, in [0, 1].

    Returns:
        (n,) in [0, 1].
    """
    x, y = prediction.flatten(1), target.flatten(1)
    return 1 - (2 * (x * y).sum(1) + _EPSILON) / ((x * x).sum(1) + (y * y).sum(1) + _EPSILON)


def max_projection(prediction: Tensor, target: Tensor) -> Tensor:
    """Dice of the largest value along each row and each column: the extent of the mask (eq. 5). (n, h, w) in [0, 1] -> (n,) in [0, 2]."""
    return dice(prediction.amax(1), target.amax(1)) + dice(prediction.amax(2), target.amax(2))


def average_projection(prediction: Tensor, target: Tensor) -> Tensor:
    """Dice of the means along each row and each column: where the mass lies (eq. 6). (n, h, w) in [0, 1] -> (n,) in [0, 2]."""
    return dice(prediction.mean(1), target.mean(1)) + dice(prediction.mean(2), target.mean(2))


def colour_affinity(lab: Tensor, valid: Tensor | None = None) -> Tensor:
    """Which neighbours are alike in colour, exp(-||difference|| / 2) >= 0.3 in CIE Lab; once an image, not once a mask.

    Args:
        lab: (3, h, w) float, L in [0, 100].
        valid: (h, w) bool; pairs with a pixel outside count for nothing (padding, a strip at the border).

    Returns:
        (4, h, w) bool, by the upper one of each pair of `OFFSETS`; false where the neighbour lies outside.
    """
    height, width = lab.shape[1:]
    alike = torch.zeros(len(OFFSETS), height, width, dtype=torch.bool, device=lab.device)
    for row, (down, right) in enumerate(OFFSETS):
        first, second = _pair(lab, down, right)
        near = torch.exp(-(first - second).norm(dim=0) / 2) >= COLOUR_THRESHOLD
        if valid is not None:
            one, other = _pair(valid, down, right)
            near &= one & other
        _pair(alike[row], down, right)[0].copy_(near)
    return alike


def pairwise(logits: Tensor, alike: Tensor, box: tuple[int, int, int, int]) -> Tensor:
    """L_pairwise: -log P(both foreground or both background) of neighbours alike in colour, a mean over those in the box.

    With a = logit of one and b of the other, -log P = softplus(a) + softplus(b) - softplus(a + b): no product of sigmoids, so
    nothing underflows. Only the box is touched, for all the cells that predict one object at once.

    Args:
        logits: (p, h, w) of the cells that predict the object.
        alike: (4, h, w) bool of `colour_affinity`.
        box: (top, left, bottom, right) of the coarse mask on this grid, bottom and right not within.

    Returns:
        (p,) >= 0; 0 where no neighbours in the box are alike.
    """
    top, left, bottom, right = box
    height, width = logits.shape[1:]
    reach = max(down for down, _ in OFFSETS)
    low, begin, end = min(height, bottom + reach), max(0, left - reach), min(width, right + reach)
    window = logits[:, top:low, begin:end]
    inside = torch.zeros(window.shape[1:], dtype=torch.bool, device=logits.device)
    inside[: bottom - top, left - begin : right - begin] = True
    single = F.softplus(window)
    total = logits.new_zeros(len(logits))
    pairs = logits.new_zeros(())
    for row, (down, across) in enumerate(OFFSETS):
        weight, _ = _pair(alike[row, top:low, begin:end] & inside, down, across)
        if not weight.numel():
            continue
        (a, b), (one, other) = _pair(window, down, across), _pair(single, down, across)
        flat = weight.flatten().to(logits.dtype)
        total = total + (one + other - F.softplus(a + b)).flatten(1) @ flat
        pairs = pairs + flat.sum()
    return total / pairs.clamp(min=1)


def focal(logits: Tensor, targets: Tensor, alpha: float = 0.25, gamma: float = 2.0) -> Tensor:
    """Focal loss of each cell; targets in [0, 1], any shape, float32 of the same shape out."""
    probability = logits.sigmoid()
    cross_entropy = F.binary_cross_entropy_with_logits(logits, targets, reduction="none")
    miss = (targets - probability).abs()
    balance = alpha * targets + (1 - alpha) * (1 - targets)
    return balance * miss**gamma * cross_entropy


def embedding_distance(prediction: Tensor, target: Tensor) -> Tensor:
    """1 - cos(q, q*), L_sem (eq. 8): (n, E), (n, E) -> (n,) in [0, 2]."""
    return 1 - F.cosine_similarity(prediction, target, dim=1)


def boxes_of(masks: npt.NDArray[np.bool_]) -> list[tuple[int, int, int, int]]:
    """Tight (top, left, bottom, right) of (n, h, w) masks, bottom and right not within; zeros for an empty one."""
    boxes = []
    for mask in masks:
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        boxes.append(
            (int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1) if len(rows) else (0, 0, 0, 0)
        )
    return boxes


def _pair(values: Tensor, down: int, right: int) -> tuple[Tensor, Tensor]:
    """Views of (..., h, w) values at the pixels whose neighbour exists, and at those neighbours."""
    height, width = values.shape[-2:]
    first = values[..., : max(0, height - down), max(0, -right) : width - max(0, right)]
    second = values[..., min(down, height) :, max(0, right) : width - max(0, -right)]
    return first, second
