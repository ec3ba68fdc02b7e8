"""From a network's output to masks (paper appendix A.3)."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor

from freesolo.config import Config
from freesolo.nms import mask_iou_matrix, matrix_nms
from freesolo.solo.output import SoloNetwork, SoloOutput


class InferenceSettings(Config):
    """The paper's constants, but for `cut`: after weak training confidences are low, so it comes with the weights."""

    cut: float = Field(default=0.1, ge=0, le=1)
    """Least category probability."""
    candidates: int = Field(default=500, ge=1)
    """At most so many cells go on, the most probable ones."""
    threshold: float = Field(default=0.5, gt=0, lt=1)
    """Soft masks become binary here."""
    nms_sigma: float = Field(default=2.0, gt=0)
    keep: float = Field(default=0.05, ge=0, le=1)
    """Least score after Matrix NMS."""
    top: int = Field(default=100, ge=1)
    min_cells: int = Field(default=4, ge=1)
    """Masks smaller on the mask grid are dropped."""


@dataclass(frozen=True)
class Detections:
    """Masks of one image, best first."""

    logits: Tensor
    """(n, h, w) on the mask grid, in the image's own frame."""
    scores: Tensor
    """(n,) category probability x maskness, decayed by Matrix NMS."""
    embeddings: Tensor
    """(n, E), L2-normalised."""
    categories: Tensor
    """(n,) int64."""


@torch.inference_mode()
def detect(
    network: SoloNetwork, output: SoloOutput, index: int, grid: tuple[int, int], settings: InferenceSettings
) -> Detections:
    """Masks of image ``index``; ``grid``: its own (h, w) on the mask features."""
    probabilities = _peaks(output.category[index].sigmoid(), network.grids)
    best, classes = probabilities.max(1)
    cells = (best > settings.cut).nonzero()[:, 0]
    cells = cells[best[cells].argsort(descending=True, stable=True)][: settings.candidates]
    features = output.features[index, :, : grid[0], : grid[1]]
    logits = network.mask_logits(output.kernels[index, cells], cells, features)
    hard = logits > torch.logit(torch.tensor(settings.threshold))
    count = hard.flatten(1).sum(1)
    maskness = (logits.sigmoid() * hard).flatten(1).sum(1) / count.clamp(min=1)
    scores = best[cells] * maskness * (count >= settings.min_cells)
    order = scores.argsort(descending=True, stable=True)
    decayed = matrix_nms(scores[order], _iou_within(hard[order], classes[cells][order]), settings.nms_sigma)
    kept = decayed.argsort(descending=True, stable=True)[: settings.top]
    kept = kept[(decayed[kept] >= settings.keep) & (decayed[kept] > 0)]
    chosen = order[kept]
    return Detections(
        logits[chosen],
        decayed[kept],
        F.normalize(output.embeddings[index, cells[chosen]], dim=1),
        classes[cells[chosen]],
    )


def _peaks(probabilities: Tensor, grids: tuple[int, ...]) -> Tensor:
    """(S, K) with zeros where one of the 2 x 2 cells above and left is more probable: points NMS, level by level."""
    out, first = [], 0
    for grid in grids:
        plane = probabilities[first : first + grid * grid].T.reshape(1, -1, grid, grid)
        largest = F.max_pool2d(plane, 2, 1, 1)[..., :-1, :-1]
        out.append((plane * (plane == largest)).flatten(2)[0].T)
        first += grid * grid
    return torch.cat(out)


def _iou_within(masks: Tensor, classes: Tensor) -> Tensor:
    """(n, n) IoU of (n, h, w) masks; 0 between masks of two classes, which do not suppress each other."""
    if not len(masks):
        return masks.new_zeros(0, 0, dtype=torch.float32)
    return mask_iou_matrix(masks.flatten(1)) * (classes[:, None] == classes[None])
