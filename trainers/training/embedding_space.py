"""Semantic targets of a fixed length: the proposer's embeddings, centred and projected on their main axes.

The paper's release squeezes 2,048 numbers to 128 by linear interpolation over channels, which mixes what is not alike; principal axes
keep the cosines.
"""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from freesolo.instances import Float32
from trainers.training.items import Items

Float64 = npt.NDArray[np.float64]


def reduced(items: Items, dimensions: int) -> Items:
    """The same items with (n, dimensions) float32 embeddings; without any where not all images have embeddings of one length."""
    found = [item.instances.embeddings for item in items.items if len(item.instances)]
    widths = {None if embedding is None else embedding.shape[1] for embedding in found}
    if len(widths) != 1 or None in widths:
        return replace(
            items, items=tuple(replace(i, instances=replace(i.instances, embeddings=None)) for i in items.items)
        )
    rows = np.concatenate([embedding for embedding in found if embedding is not None]).astype(np.float64)
    mean = rows.mean(0)
    _, axes = np.linalg.eigh((rows - mean).T @ (rows - mean))
    basis = np.zeros((rows.shape[1], dimensions))
    kept = min(dimensions, rows.shape[1])
    basis[:, :kept] = axes[:, ::-1][:, :kept]
    return replace(
        items,
        items=tuple(
            replace(
                item, instances=replace(item.instances, embeddings=_project(item.instances.embeddings, mean, basis))
            )
            for item in items.items
        ),
    )


def _project(embeddings: Float32 | None, mean: Float64, basis: Float64) -> Float32:
    if embeddings is None:  # an image without masks
        return np.zeros((0, basis.shape[1]), np.float32)
    return np.asarray((embeddings - mean) @ basis, np.float32)
