"""Settings of the label-free proposals: one class, two presets. The constants were chosen on 250 COCO train photographs."""

from typing import Literal

from pydantic import Field

from freesolo.config import Config


class MergeCost(Config):
    """Weights of the cost of merging two neighbouring regions i and j.

    (features * |F_i - F_j|^2 + colour * min(|C_i - C_j| / 30, 1) + edge * min(e / edge_scale, 1) + 1e-4) * (n_i n_j / (n_i + n_j) / n)^size
    """

    features: float = Field(ge=0)
    """Weight of the squared distance of the mean features."""
    colour: float = Field(ge=0)
    """Weight of the distance of the mean Lab colours, saturating at 30 units."""
    edge: float = Field(ge=0)
    """Weight of the mean image edge along the common boundary."""
    size: float = Field(ge=0)
    """Exponent of the harmonic size: 0 ignores sizes, larger merges small regions first."""
    edge_scale: float = Field(default=6, gt=0)
    """Edge strength (Lab units a pixel) at which the edge term saturates."""


class CueWeights(Config):
    """Weights of the label-free cues; the ranking score is their weighted sum of logarithms (`freesolo.freemask.ranking`)."""

    area: float = 0.4
    colour_contrast: float = 0.25
    boundary_edge: float = 0.5
    feature_variance: float = 0.75
    feature_contrast: float = 1.0
    compactness: float = 0.5
    persistence: float = 0.3
    box_fill: float = 1.0
    feature_norm: float = 0.75
    head_energy: float = 0.25
    border_share: float = 2.0
    sides_touched: float = 0.5
    background: float = 0.5
    recognition: float = 0.12
    """Of the energy itself, not of its logarithm (`freesolo.freemask.recognition`)."""


_LIGHT_TREES = (
    MergeCost(features=1, colour=0.5, edge=0.5, size=0.25),
    MergeCost(features=2, colour=0, edge=0.5, size=0.5),
    MergeCost(features=0.5, colour=1, edge=0.5, size=0.25),
)
_MORE_TREES = (
    MergeCost(features=1, colour=0.5, edge=1, size=0, edge_scale=10),
    MergeCost(features=3, colour=0.5, edge=0.5, size=0.5, edge_scale=10),
)


class GroupingSettings(Config):
    """Proposals from superpixel merge trees and Free Mask queries."""

    name: Literal["default", "fast"] = "default"
    """Preset these settings began from; written into the proposer's identity."""
    long_side: int = Field(default=640, ge=64)
    """Superpixels are made on the image resized to this long side."""
    superpixel_scale: float = Field(default=40, gt=0)
    """Felzenszwalb's scale: larger means larger superpixels."""
    superpixel_sigma: float = Field(default=0.8, ge=0)
    """Gaussian smoothing before the superpixels, pixels."""
    superpixel_min_size: int = Field(default=30, ge=1)
    """Smaller superpixels join a neighbour, pixels."""
    reduced_precision: bool = False
    """Run the network in bfloat16 where the processor does so natively: half its time, a little less quality."""
    feature_dimensions: int = Field(default=64, ge=1)
    """Principal components kept of the image's own feature covariance."""
    trees: tuple[MergeCost, ...] = _LIGHT_TREES + _MORE_TREES
    """One merge tree for each cost."""
    query_thresholds: tuple[float, ...] = (0.15, 0.4)
    """Free Mask: a query's mask is where its similarity reaches this share of its maximum."""
    min_area: float = Field(default=0.001, ge=0, le=1)
    """Smaller regions are no proposals; share of the image."""
    max_area: float = Field(default=0.9, ge=0, le=1)
    """Larger regions are no proposals; share of the image."""
    cues: CueWeights = CueWeights()
    """Weights of the ranking."""
    nms_candidates: int = Field(default=500, ge=1)
    """Best regions that enter soft NMS."""
    nms_weight: float = Field(default=1.5, ge=0)
    """Soft NMS: each pick lowers the others by this times IoU squared (scores are logarithms)."""
    keep: int = Field(default=100, ge=1)
    """Masks an image at most."""
    recognised: int = Field(default=40, ge=0)
    """The best so many masks are cut out of the image and shown to the classifier, then ranked anew; 0: none."""
    recognised_nms_weight: float = Field(default=0.5, ge=0)
    """Soft NMS of the new ranking."""
    smoothing: float = Field(default=1.5, ge=0)
    """Gaussian smoothing of a superpixel mask before it is scaled to the image, pixels."""

    @classmethod
    def fast(cls) -> "GroupingSettings":
        """Fewer trees on a smaller image: a third less time, a little less recall."""
        return cls(
            name="fast",
            long_side=480,
            superpixel_scale=30,
            superpixel_min_size=20,
            trees=_LIGHT_TREES,
            reduced_precision=True,
            recognised=20,
        )
