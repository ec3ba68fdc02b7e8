import pytest
import timm
import torch
from safetensors.torch import load_file, save_file

from freesolo import backbones
from freesolo.backbones.pretrained_file import load_backbone_weights, read, to_bytes
from freesolo.backbones.timm_models import TimmBackbone, make_timm
from freesolo.errors import ConfigError, WeightsError

MODEL = "test_resnet"


def made(path, model=MODEL):
    """A backbone with statistics of its own, and its file."""
    torch.manual_seed(1)
    network = make_timm(model)
    for name, value in network.named_buffers():
        if name.endswith("running_mean"):
            value.normal_()
    path.write_bytes(to_bytes(network, model, "squares, 3 steps"))
    return network


def test_a_file_says_what_it_is(tmp_path):
    network = made(tmp_path / "b.safetensors")
    file = read(tmp_path / "b.safetensors")
    assert (file.model, file.trained_on) == (MODEL, "squares, 3 steps")
    assert file.state.keys() == network.state_dict().keys()


def test_the_path_alone_is_a_backbone(tmp_path):
    network = made(tmp_path / "b.safetensors")
    backbone = backbones.load(str(tmp_path / "b.safetensors"))
    assert isinstance(backbone, TimmBackbone)
    images = torch.randn(1, 3, 64, 64)
    with torch.inference_mode():
        wanted = network.forward_intermediates(images, intermediates_only=True)
    assert torch.equal(backbone.features(images)[32], wanted[-1])
    assert backbone.identity.startswith(f"{MODEL}@")


def test_programs_that_know_torchvisions_resnet_read_it(tmp_path):
    network = made(tmp_path / "b.safetensors", "resnet50")
    backbone = backbones.load("torchvision_resnet50", tmp_path / "b.safetensors")
    assert all(torch.equal(value, network.state_dict()[name]) for name, value in backbone.network.state_dict().items())
    assert torch.equal(load_file(tmp_path / "b.safetensors")["conv1.weight"], network.conv1.weight)


def test_feature_stages_take_what_they_have(tmp_path):
    network = made(tmp_path / "b.safetensors")
    stages = timm.create_model(MODEL, features_only=True, pretrained=False)
    load_backbone_weights(stages, tmp_path / "b.safetensors")
    assert all(torch.equal(value, network.state_dict()[name]) for name, value in stages.state_dict().items())


def test_another_models_network_is_left_as_it_is(tmp_path):
    made(tmp_path / "b.safetensors")
    other = make_timm("resnet18")
    before = {name: value.clone() for name, value in other.state_dict().items()}
    with pytest.raises(WeightsError, match=r"holds a test_resnet, which fits \d+ of .* 120 weights; .*same model"):
        load_backbone_weights(other, tmp_path / "b.safetensors")
    assert all(torch.equal(value, before[name]) for name, value in other.state_dict().items())


def test_files_that_are_no_backbone_are_told(tmp_path):
    with pytest.raises(WeightsError, match="no such weights file"):
        backbones.load(str(tmp_path / "none.safetensors"))
    (tmp_path / "torn.safetensors").write_bytes(b"torn")
    with pytest.raises(WeightsError, match="not a readable weights file"):
        read(tmp_path / "torn.safetensors")
    save_file({"w": torch.zeros(1)}, tmp_path / "foreign.safetensors")
    with pytest.raises(WeightsError, match="no backbone of this program"):
        read(tmp_path / "foreign.safetensors")
    (tmp_path / "future.safetensors").write_bytes(to_bytes(make_timm(MODEL), "no_such_model", ""))
    with pytest.raises(ConfigError, match="no_such_model"):
        backbones.load(str(tmp_path / "future.safetensors"))
