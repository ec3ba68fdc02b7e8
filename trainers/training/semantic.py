"""Semantic targets of a length that the network predicts."""

from dataclasses import replace

import numpy as np

from freesolo.instances import Instances
from freesolo.solo.embedding_space import EmbeddingSpace
from trainers.training.items import Items


def semantic(items: Items, dimensions: int) -> tuple[Items, EmbeddingSpace | None]:
    """The items with (n, dimensions) embeddings, and the space that was made for them.

    With 0 dimensions no image keeps any. Embeddings that have this length already are kept, as those of an earlier round's
    network. Where images have none, or some of another length than others, no image keeps any.
    """
    rows = [item.instances.embeddings for item in items.items if len(item.instances)]
    found = [embeddings for embeddings in rows if embeddings is not None]
    lengths = {embeddings.shape[1] for embeddings in found}
    if not dimensions or len(lengths) != 1 or len(found) < len(rows):
        return _mapped(items, None, 0), None
    if lengths == {dimensions}:
        return _mapped(items, None, dimensions), None
    space = EmbeddingSpace.fit(np.concatenate(found), dimensions)
    return _mapped(items, space, dimensions), space


def _mapped(items: Items, space: EmbeddingSpace | None, dimensions: int) -> Items:
    return replace(items, items=tuple(replace(i, instances=_one(i.instances, space, dimensions)) for i in items.items))


def _one(instances: Instances, space: EmbeddingSpace | None, dimensions: int) -> Instances:
    embeddings = instances.embeddings
    if not dimensions:
        return replace(instances, embeddings=None)
    if not len(instances):
        return replace(instances, embeddings=np.zeros((0, dimensions), np.float32))
    return (
        instances if space is None or embeddings is None else replace(instances, embeddings=space.project(embeddings))
    )
