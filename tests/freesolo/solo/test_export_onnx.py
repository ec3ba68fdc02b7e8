"""The ONNX file gives what the network gives."""

import importlib.util
import json

import cv2
import numpy as np
import pytest
import torch
from skimage import data as photographs

from freesolo.errors import ConfigError
from freesolo.solo import export_onnx
from freesolo.solo.inference import InferenceSettings, detect
from freesolo.solo.output import SoloOutput
from freesolo.solo.weights import Model, card_for
from tests.freesolo.solo.helpers import PAPER_TINY, TINY, tiny_network, tiny_paper_network

SIDE = TINY.test_size
GRID = (SIDE // 4, SIDE // 4)


@pytest.fixture(scope="module")
def model():
    return Model(tiny_network().eval(), card_for(TINY), "tiny@000000000000")


@pytest.fixture(scope="module")
def session(model):
    runtime = pytest.importorskip("onnxruntime", reason="the extra onnx is not installed")
    return runtime.InferenceSession(export_onnx.export(model), providers=["CPUExecutionProvider"])


def random_images(count):
    return np.random.default_rng(count).standard_normal((count, 3, SIDE, SIDE)).astype(np.float32)


def photograph():
    small = cv2.resize(photographs.astronaut(), (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return ((small.astype(np.float32) / 255 - 0.5) / 0.5).transpose(2, 0, 1)[None]


@pytest.mark.parametrize(
    "images", [random_images(1), random_images(3), photograph()], ids=["one", "three", "photograph"]
)
def test_outputs_are_those_of_torch(session, model, images):
    found = session.run(None, {"images": images})
    with torch.no_grad():
        wanted = model.network(torch.from_numpy(images))
    assert [output.name for output in session.get_outputs()] == list(SoloOutput._fields)
    for one, other in zip(found, wanted, strict=True):
        assert one.shape == other.shape
        assert np.abs(one - other.numpy()).max() < 1e-4 * max(1.0, float(other.abs().max()))


def test_masks_are_those_of_torch(session, model):
    images = photograph()
    settings = InferenceSettings(cut=0.0, keep=0.0)
    with torch.no_grad():
        wanted = detect(model.network, model.network(torch.from_numpy(images)), 0, GRID, settings)
    parts = [torch.from_numpy(value) for value in session.run(None, {"images": images})]
    found = detect(model.network, SoloOutput(*parts), 0, GRID, settings)
    assert len(found.logits) == len(wanted.logits) > 0
    assert torch.allclose(found.scores, wanted.scores, atol=1e-4)


def test_the_file_says_what_it_is(session):
    told = session.get_modelmeta().custom_metadata_map
    assert told["identity"] == "tiny@000000000000"
    assert json.loads(told["card"])["network"]["size"] == TINY.size
    assert session.get_inputs()[0].shape[1:] == [3, SIDE, SIDE]


def test_a_missing_extra_is_told(model, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"onnx and onnxscript not installed.*pip install"):
        export_onnx.export(model)


def test_other_networks_are_refused():
    paper = Model(tiny_paper_network().eval(), card_for(PAPER_TINY), "paper@000000000000")
    with pytest.raises(ConfigError, match="only light networks"):
        export_onnx.export(paper)
