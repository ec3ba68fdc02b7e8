"""The network that comes with the package: small, label-free, and good enough to find what a photograph shows."""

import numpy as np
import pytest
from skimage import data, draw

from freesolo import proposers
from freesolo.assets import shipped_weights
from freesolo.instances import Instances
from freesolo.solo.weights import load


@pytest.fixture(scope="module")
def found():
    """What both proposers say of one photograph, by name."""
    image = np.ascontiguousarray(data.coffee())
    return {name: proposers.make(name).propose(image) for name in ("solo", "union")}


def test_the_file_is_small_and_knows_no_class():
    assert shipped_weights().stat().st_size < 15_000_000
    card = load(shipped_weights()).card
    assert card.categories == ()
    assert set(card.score_quantiles) == {"solo", "teacher"}


@pytest.mark.parametrize("name", ["solo", "union"])
def test_the_mouth_of_the_cup_is_found(found, name):
    mouth = np.zeros((400, 600), bool)
    mouth[draw.ellipse(110, 293, 88, 117, mouth.shape)] = True
    overlaps = found[name].instances[:10].iou(Instances.from_masks(mouth[None], np.ones(1, np.float32)))
    assert overlaps.max() > 0.7


@pytest.mark.parametrize("name", ["solo", "union"])
def test_lists_are_ranked_and_comparable(found, name):
    instances = found[name].instances
    assert 50 < len(instances) <= 100
    assert (np.diff(instances.scores) <= 0).all()
    assert 0 < instances.scores.min() < 0.1 < 0.3 < instances.scores.max() < 1
    assert instances.embeddings.shape == (len(instances), 64)
    assert np.linalg.norm(instances.embeddings, axis=1) == pytest.approx(np.ones(len(instances)), abs=1e-3)


def test_clicks_and_part_trees_come_with_the_union(found):
    assert found["union"].hierarchy.size == (400, 600)
    assert found["solo"].hierarchy is None


def test_names_say_which_weights_made_the_masks():
    digest = load(shipped_weights()).identity
    assert proposers.make("solo").identity == f"solo:{digest}"
    assert digest in proposers.make("union").identity
