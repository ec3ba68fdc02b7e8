import pytest
import timm
import torch

from freesolo.backbones.efficientnet_lite import load_efficientnet_lite0
from freesolo.backbones.pretrained_file import to_bytes
from freesolo.errors import ConfigError, WeightsError
from tests.trainers.training.contrastive.helpers import TINY, tiny_model
from trainers.training.contrastive.network import DenseCL, LastMap, starting_backbone


def of(backbone, **changes):
    return TINY.model_copy(update={"backbone": backbone, **changes})


def test_both_encoders_start_alike_and_only_one_trains():
    model = tiny_model()
    for (name, one), other in zip(model.query.named_parameters(), model.key.parameters(), strict=True):
        assert torch.equal(one, other), name
        assert one.requires_grad
        assert not other.requires_grad


def test_keys_are_normalised_by_running_statistics_and_queries_by_their_batch():
    model = tiny_model()
    images = torch.randn(4, 3, 48, 48)
    with torch.no_grad():
        assert torch.allclose(model.key(images).whole[:1], model.key(images[:1]).whole, atol=1e-5)
        assert not torch.allclose(model.query(images).whole[:2], model.query(images[:2]).whole, atol=1e-3)


def test_frozen_normalisation_stays_frozen_while_training():
    model = tiny_model(TINY.model_copy(update={"norm": "frozen"}))
    before = {name: value.clone() for name, value in model.query.named_buffers()}
    model.train()
    images = torch.randn(4, 3, 48, 48)
    assert torch.allclose(model.query(images).whole[:2], model.query(images[:2]).whole, atol=1e-5)
    assert all(torch.equal(value, before[name]) for name, value in model.query.named_buffers())


def test_the_default_backbone_starts_from_the_wheel():
    network, normalisation = starting_backbone(of("tf_efficientnet_lite0", pretrained=True), None)
    assert normalisation.mean == (0.5, 0.5, 0.5)
    wanted = load_efficientnet_lite0()[0].state_dict()
    assert all(torch.equal(value, wanted[name]) for name, value in network.state_dict().items())


def test_layers_behind_the_last_map_are_left_alone():
    """Under several ranks a parameter without a gradient would stop the run."""
    backbone, _ = starting_backbone(of("tf_efficientnet_lite0"), None)
    DenseCL(backbone, of("tf_efficientnet_lite0", queue=4))
    frozen = {name for name, value in backbone.named_parameters() if not value.requires_grad}
    assert frozen == {"conv_head.weight", "bn2.weight", "bn2.bias"}


@pytest.mark.parametrize(("name", "size", "channels"), [("vit_tiny_patch16_224", 48, 192), ("resnet18", 48, 512)])
def test_any_timm_backbone_gives_a_map(name, size, channels):
    network, _ = starting_backbone(of(name), None)
    assert LastMap(network)(torch.zeros(2, 3, size, size)).shape[:2] == (2, channels)


def test_another_runs_backbone_is_a_start(tmp_path):
    first, _ = starting_backbone(TINY, None)
    (tmp_path / "b.safetensors").write_bytes(to_bytes(first, "test_resnet", "nothing"))
    second, _ = starting_backbone(TINY, tmp_path / "b.safetensors")
    assert all(torch.equal(value, first.state_dict()[name]) for name, value in second.state_dict().items())


def test_unknown_models_are_told():
    with pytest.raises(ConfigError, match="no model called 'no_such'"):
        starting_backbone(of("no_such"), None)


def test_weights_that_cannot_be_had_are_told(monkeypatch):
    make = timm.create_model

    def offline(name, pretrained=False, **options):
        if pretrained:
            raise ConnectionError("no route")
        return make(name, **options)

    monkeypatch.setattr(timm, "create_model", offline)
    with pytest.raises(WeightsError, match=r"test_resnet cannot be had .*--from-scratch"):
        starting_backbone(of("test_resnet", pretrained=True), None)
