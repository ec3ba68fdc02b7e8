import numpy as np
import pytest
import torch

from freesolo import proposers
from freesolo.errors import WeightsError
from freesolo.solo.proposer import SoloProposer, to_instances
from freesolo.solo.weights import card_for, load, to_bytes
from tests.freesolo.solo.helpers import TINY, tiny_network


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "mine.safetensors"
    card = card_for(TINY).model_copy(update={"cut": 0.0, "trained_on": "nothing"})
    path.write_bytes(to_bytes(tiny_network(), card))
    return path


def test_a_file_comes_back_as_the_same_network(file):
    model = load(file)
    assert model.card.network == TINY
    assert model.card.trained_on == "nothing"
    image = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        for one, other in zip(model.network(image), tiny_network()(image), strict=True):
            assert torch.allclose(one, other, atol=2e-2)  # float16


def test_identity_is_that_of_the_bytes(file, tmp_path):
    again = tmp_path / "other.safetensors"
    again.write_bytes(file.read_bytes())
    assert load(file).identity.split("@")[1] == load(again).identity.split("@")[1]
    assert load(file).identity.startswith("mine@")


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda data: data[: len(data) // 2], "not a readable weights file"),
        (lambda data: b"hello", "not a readable weights file"),
        (lambda data: data.replace(b"freesolo-solo-1", b"freesolo-solo-9"), "no SOLO weights of this program"),
        (lambda data: data.replace(b'\\"tower\\":16', b'\\"towel\\":16'), "its description is damaged"),
        (lambda data: data.replace(b'\\"tower\\":16', b'\\"tower\\":32'), "weights fit; missing for example"),
    ],
    ids=["cut", "foreign", "version", "card", "shape"],
)
def test_other_files_are_told(file, damage, reason):
    data = file.read_bytes()
    assert damage(data) != data
    file.write_bytes(damage(data))
    with pytest.raises(WeightsError, match=reason):
        load(file)


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(WeightsError, match=r"none\.safetensors"):
        load(tmp_path / "none.safetensors")


def test_a_weights_file_is_a_proposer(file):
    proposer = proposers.make(str(file))
    image = np.random.default_rng(0).integers(0, 256, (40, 70, 3)).astype(np.uint8)
    found = proposer.propose(image).instances
    assert found.size == (40, 70)
    assert len(found) > 0
    assert found.embeddings.shape == (len(found), 6)
    assert found.categories is None
    assert (np.diff(found.scores) <= 0).all()
    again = proposer.propose(image).instances
    assert again.counts == found.counts
    assert proposer.identity.startswith("solo:mine@")


def test_a_proposer_needs_no_file_of_its_own_name(file):
    assert SoloProposer.from_file(file).identity == proposers.make(str(file)).identity


def test_a_network_with_classes_names_what_it_finds(tmp_path):
    path = tmp_path / "named.safetensors"
    card = card_for(TINY.model_copy(update={"classes": 2}), ("dog", "cat")).model_copy(update={"cut": 0.0})
    path.write_bytes(to_bytes(tiny_network(classes=2), card))
    image = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    found = proposers.make(str(path)).propose(image).instances
    assert len(found.categories) == len(found) > 0
    assert set(found.categories) <= {"dog", "cat"}


def test_logits_are_scaled_to_the_image():
    logits = torch.full((2, 4, 6), -1.0)
    logits[0, 1:3, 2:4] = 1
    found = to_instances(logits, torch.tensor([0.9, 0.8]), (40, 60), torch.eye(2))
    assert len(found) == 1  # the empty one is dropped
    assert found.boxes[0].tolist() == [20, 10, 20, 20]
