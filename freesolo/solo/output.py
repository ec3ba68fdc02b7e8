"""What every SOLO network gives, whatever its backbone and head; losses and inference read only this."""

from typing import NamedTuple, Protocol

from torch import Tensor


class SoloOutput(NamedTuple):
    """Predictions for n images over the S grid cells of all levels, level by level, row by row."""

    category: Tensor
    """(n, S, K) logits; K is 1 where the network is class-agnostic (paper 3.3)."""
    kernels: Tensor
    """(n, S, D) dynamic kernels, for `SoloNetwork.mask_logits`."""
    embeddings: Tensor
    """(n, S, E) semantic embeddings (paper 3.3, the branch beside the category layer); not normalised."""
    features: Tensor
    """(n, C, h, w) mask features; h and w are those of the padded batch at the network's mask stride, 4."""


class SoloNetwork(Protocol):
    """A network over the grids that `grids` names. Every image has its own frame: no cell lies in the padding."""

    @property
    def grids(self) -> tuple[int, ...]:
        """Cells along each side, level by level."""

    @property
    def ranges(self) -> tuple[tuple[float, float], ...]:
        """(low, high) of sqrt(box area) that trains each level, as a share of sqrt(image area)."""

    def __call__(self, images: Tensor, sizes: list[tuple[int, int]] | None = None) -> SoloOutput:
        """(n, 3, H, W) normalised images, padded right and below; ``sizes``: each image's own (h, w) inside, None: all of it."""

    def mask_logits(self, kernels: Tensor, cells: Tensor, features: Tensor) -> Tensor:
        """(k, D) kernels at (k,) int64 cell indices on one image's (C, h, w) features -> (k, h, w) logits."""
