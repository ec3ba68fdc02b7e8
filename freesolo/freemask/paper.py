"""Free Mask as the FreeSOLO paper has it (section 3.2), for the last feature map of a ResNet; the preset ``paper``."""

import cv2
import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor

from freesolo.config import Config
from freesolo.errors import ConfigError
from freesolo.freemask.overlaps import iou_of_later
from freesolo.freemask.upscaling import UpscaledMask, Upscaler
from freesolo.images import resize_shorter
from freesolo.instances import Instances
from freesolo.nms import matrix_nms


class PaperSettings(Config):
    """Every constant of the paper's Free Mask and of its release."""

    backbone: str = "densecl_resnet50"
    """Weights by their name in the registry (`freesolo.backbones`)."""
    short_side: int = Field(default=800, ge=32)
    """The image is scaled to this shorter side, pixels."""
    long_side: int = Field(default=1333, ge=32)
    """But to no longer side than this, pixels."""
    scales: tuple[float, ...] = (1.0, 0.5, 0.25)
    """Pyramid of the queries (table 7b)."""
    threshold: float = Field(default=0.5, gt=0, lt=1)
    """tau: soft masks become binary here, on the feature grid and again at the image's size."""
    nms_sigma: float = Field(default=2.0, gt=0)
    """Of the Gaussian Matrix NMS."""
    top: int = Field(default=20, ge=1)
    """Masks that go on after NMS."""
    min_maskness: float = Field(default=0.7, ge=0, le=1)
    """Masks with less decayed maskness are dropped."""
    photo_priors: bool = True
    """The release's two rules for photographs: no mask centred in the top fifth, none as wide as the image."""


def prepare(
    pixels: npt.NDArray[np.uint8], mean: tuple[float, ...], std: tuple[float, ...], settings: PaperSettings
) -> Tensor:
    """(h, w, 3) uint8 RGB -> (1, 3, h', w') float32, scaled and normalised for the backbone."""
    resized = resize_shorter(pixels, settings.short_side, settings.long_side)
    x = torch.from_numpy(cv2.dnn.blobFromImage(resized, 1 / 255))
    return (x - torch.tensor(mean)[:, None, None]) / torch.tensor(std)[:, None, None]


@torch.inference_mode()
def paper_masks(features: Tensor, size: tuple[int, int], settings: PaperSettings | None = None) -> Instances:
    """Masks of one image from its last feature map.

    Args:
        features: (C, h, w) float32 after the last ReLU; both the keys and, scaled down, the queries (eq. 1).
        size: (height, width) of the image, pixels.
        settings: None takes the paper's.

    Returns:
        Masks best first; scores are decayed maskness in [0, 1]; embeddings are the L2-normalised queries (n, C).

    Raises:
        ConfigError: the features are no (C, h, w) map or hold NaN or infinity.
    """
    settings = settings or PaperSettings()
    if features.ndim != 3 or not bool(torch.isfinite(features).all()):
        raise ConfigError(f"Free Mask needs one finite (C, h, w) feature map, got {tuple(features.shape)}")
    queries = _queries(features, settings.scales)
    soft, hard, maskness, alive = _soft_masks(features, queries, settings.threshold)
    order = maskness.argsort(descending=True)
    iou = torch.from_numpy(iou_of_later(hard[order].numpy()))
    scores = matrix_nms(maskness[order], iou, settings.nms_sigma)
    best = scores.argsort(descending=True)[: settings.top]
    best = best[scores[best] >= settings.min_maskness]  # before the costly upsampling
    kept = order[best]
    upscale = Upscaler((features.shape[1], features.shape[2]), size, settings.threshold)
    masks = [upscale(mask) for mask in soft[kept].view(-1, *features.shape[1:]).numpy()]
    good = [bool(mask.rows.any()) and (not settings.photo_priors or _photo_priors(mask)) for mask in masks]
    counts = [mask.counts for mask, fits in zip(masks, good, strict=True) if fits]
    embeddings = queries[alive.nonzero()[kept[good], 0]]
    return Instances.from_counts(size, counts, scores[best][good].numpy(), embeddings.numpy())


def _queries(features: Tensor, scales: tuple[float, ...]) -> Tensor:
    """(q, C) L2-normalised cells of the map at each scale; scaled before normalising (paper 3.2). Scales below one cell give none."""
    levels = [features[None] if scale == 1 else _scaled(features, scale) for scale in scales]
    queries = torch.cat([level[0].flatten(1).T for level in levels])
    return F.normalize(queries, dim=1, out=queries)


def _scaled(features: Tensor, scale: float) -> Tensor:
    if min(features.shape[1:]) * scale < 1:
        return features.new_zeros(1, len(features), 0, 0)
    return F.interpolate(features[None], scale_factor=scale, mode="bilinear")


def _soft_masks(features: Tensor, queries: Tensor, threshold: float) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Cosine similarity of each query with each cell (eq. 2, 3), min-max to [0, 1], and what it gives as a mask.

    Returns:
        soft (m, cells), hard (m, cells) bool, maskness (m,), and the (q,) bool of the queries with more than one cell.
    """
    keys = F.normalize(features.flatten(1), dim=0)  # its epsilon lets an all-zero cell be dissimilar to all
    soft = queries @ keys
    soft -= soft.min(1, keepdim=True).values  # in place: fresh memory would cost more than the arithmetic
    soft /= soft.max(1, keepdim=True).values.clamp(min=1e-12)  # a query equally similar to all cells has no mask
    hard = soft >= threshold
    cells = hard.sum(1)
    alive = cells > 1
    soft, hard, cells = soft[alive], hard[alive], cells[alive]
    return soft, hard, (soft * hard).sum(1) / cells, alive


def _photo_priors(mask: UpscaledMask) -> bool:
    """Whether a mask is neither centred in the top fifth of the image nor over 95 % of its columns."""
    height, width = len(mask.rows), len(mask.columns)
    centre = np.float32(np.flatnonzero(mask.rows).mean())
    return bool(centre > np.float32(0.2 * height)) and int(mask.columns.sum()) < 0.95 * width
