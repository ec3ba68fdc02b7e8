"""What the backbone says of one image; apart from its maker, so that readers need no torch."""

from dataclasses import dataclass

from freesolo.instances import Float32


@dataclass(frozen=True, eq=False)
class ImageFeatures:
    """Maps on one grid of about 32 x 42 cells (stride 16 at shorter side 512)."""

    affinity: Float32
    """(d, gh, gw) float32: principal components of the image's own features; only distances within this image mean anything."""
    saliency: Float32
    """(2, gh, gw) float32: activation of the classifier's last map and norm of the deep features, both relative to the image mean."""
    descriptors: Float32
    """(128, gh, gw) float32: random projection of the deep features, comparable between images by cosine."""
