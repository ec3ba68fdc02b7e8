"""One space for the semantic embeddings of a proposer and of the SOLO that learns from it (paper 3.3, L_sem).

The paper's release squeezes 2,048 numbers to 128 by linear interpolation over channels, which mixes what is not alike; principal axes
keep the cosines.
"""

from dataclasses import dataclass

import numpy as np
from typing_extensions import Self

from freesolo.instances import Float32


@dataclass(frozen=True, eq=False)
class EmbeddingSpace:
    """A linear map from a proposer's embeddings to shorter ones."""

    mean: Float32
    """(D,) of the embeddings it was made from."""
    basis: Float32
    """(D, E) principal axes, largest first."""

    @classmethod
    def fit(cls, embeddings: Float32, dimensions: int) -> Self:
        """The ``dimensions`` main axes of (n, D) embeddings; zero columns where D is smaller."""
        rows = embeddings.astype(np.float64)
        mean = rows.mean(0)
        _, axes = np.linalg.eigh((rows - mean).T @ (rows - mean))
        basis = np.zeros((rows.shape[1], dimensions), np.float32)
        kept = min(dimensions, rows.shape[1])
        basis[:, :kept] = axes[:, ::-1][:, :kept]
        return cls(mean.astype(np.float32), basis)

    def project(self, embeddings: Float32) -> Float32:
        """(n, D) -> (n, E) of length 1."""
        projected = (embeddings - self.mean) @ self.basis
        return np.asarray(projected / np.maximum(np.linalg.norm(projected, axis=1, keepdims=True), 1e-6), np.float32)
