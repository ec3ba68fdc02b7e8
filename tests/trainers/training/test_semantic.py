from dataclasses import replace

import numpy as np

from trainers.training.items import Selection, of_results
from trainers.training.semantic import semantic


def cosines(vectors):
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit @ unit.T


def test_embeddings_are_shortened_by_a_map_that_comes_along(shapes):
    items = of_results(shapes(6), Selection())
    mapped, space = semantic(items, 4)
    assert {item.instances.embeddings.shape for item in mapped.items} == {(2, 4)}
    again = space.project(items.items[3].instances.embeddings)
    assert np.allclose(again, mapped.items[3].instances.embeddings)


def test_as_many_axes_as_there_are_keep_all_angles(shapes):
    items = of_results(shapes(6), Selection())
    mapped, space = semantic(items, 12)
    assert space is None, "they have that length already"
    wider, space = semantic(items, 16)
    assert space.basis.shape == (12, 16)
    before = np.concatenate([item.instances.embeddings for item in items.items])
    after = np.concatenate([item.instances.embeddings for item in wider.items])
    assert np.allclose(cosines(before - before.mean(0)), cosines(after), atol=1e-4)
    assert mapped.items[0].instances.embeddings.shape == (2, 12)


def test_where_some_images_have_none_no_image_keeps_any(shapes):
    items = of_results(shapes(3), Selection())
    first = replace(items.items[0], instances=replace(items.items[0].instances, embeddings=None))
    mapped, space = semantic(replace(items, items=(first, *items.items[1:])), 4)
    assert space is None
    assert all(item.instances.embeddings is None for item in mapped.items)


def test_an_image_without_masks_does_not_matter(shapes):
    items = of_results(shapes(3), Selection())
    first = replace(items.items[0], instances=items.items[0].instances[[]])
    mapped, space = semantic(replace(items, items=(first, *items.items[1:])), 4)
    assert space is not None
    assert mapped.items[0].instances.embeddings.shape == (0, 4)


def test_without_a_semantic_branch_they_are_left_out(shapes):
    mapped, space = semantic(of_results(shapes(2), Selection()), 0)
    assert space is None
    assert mapped.items[0].instances.embeddings is None
