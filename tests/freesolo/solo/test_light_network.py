import pytest
import timm
import torch

from freesolo.backbones.efficientnet_lite import load_efficientnet_lite0
from freesolo.errors import ConfigError
from freesolo.solo.folding import folded
from freesolo.solo.light_network import PRIOR_BIAS, LightNetwork
from freesolo.solo.light_settings import LightSettings
from tests.freesolo.solo.helpers import TINY, tiny_network


def test_shapes():
    network = tiny_network()
    output = network(torch.zeros(2, 3, 64, 64))
    cells = 36 + 16 + 9 + 4
    assert output.category.shape == (2, cells, 1)
    assert output.kernels.shape == (2, cells, 8 + 5)
    assert output.embeddings.shape == (2, cells, 6)
    assert output.features.shape == (2, 8, 16, 16)


def test_backbone_maps_are_those_of_the_wheel_weights():
    """Folding BatchNorm and taking stages changes nothing."""
    whole, _ = load_efficientnet_lite0()
    image = torch.randn(1, 3, 96, 96, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        maps = LightNetwork(LightSettings()).backbone(image)
        wanted = []
        x = whole.bn1(whole.conv_stem(image))
        for number, stage in enumerate(whole.blocks):
            x = stage(x)
            if number in (1, 2, 4, 6):
                wanted.append(x)
    assert [tuple(m.shape[1:]) for m in maps] == [(24, 24, 24), (40, 12, 12), (112, 6, 6), (320, 3, 3)]
    for one, other in zip(maps, wanted, strict=True):
        assert (one - other).abs().max() < 1e-3 * other.abs().max()


def test_folding_is_refused_where_modules_do_not_run_in_order():
    class Crossed(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.first = torch.nn.Conv2d(3, 3, 1)
            self.norm = torch.nn.BatchNorm2d(3)
            self.norm.running_var.fill_(9)
            self.second = torch.nn.Conv2d(3, 3, 1)

        def forward(self, x):
            return [self.second(torch.relu(self.first(x))), self.norm(x)]

    network = Crossed().eval()
    assert folded(network, torch.randn(1, 3, 8, 8)) is network


def test_frozen_stages_take_no_gradient_and_later_ones_do():
    network = tiny_network()
    frozen = {name for name, value in network.named_parameters() if not value.requires_grad}
    assert {name.split(".")[2] + name.split(".")[3] for name in frozen if "blocks" in name} == {
        "blocks0",
        "blocks1",
        "blocks2",
    }
    assert any("conv_stem" in name for name in frozen)
    assert all(value.requires_grad for value in tiny_network(frozen_stride=0).parameters())


def test_masks_start_as_discs_around_their_cells():
    network = tiny_network()
    output = network(torch.zeros(1, 3, 64, 64))
    cells = torch.tensor([36 + 5])  # level 1, row 1, column 1 of 4
    logits = network.mask_logits(output.kernels[0, cells], cells, output.features[0])
    rows, columns = torch.nonzero(logits[0] > 0, as_tuple=True)
    assert abs(rows.float().mean() / 16 - 0.375) < 0.07
    assert abs(columns.float().mean() / 16 - 0.375) < 0.07
    area = (logits[0] > 0).float().mean().item()
    assert area == pytest.approx(torch.pi * 0.1**2, rel=0.6)


def test_kernels_are_a_one_by_one_convolution():
    network = tiny_network()
    generator = torch.Generator().manual_seed(0)
    kernels, features = torch.randn(3, 13, generator=generator), torch.randn(8, 16, 16, generator=generator)
    kernels[:, 9:] = 0  # no terms on the position
    logits = network.mask_logits(kernels, torch.tensor([0, 10, 60]), features)
    wanted = torch.nn.functional.conv2d(features[None], kernels[:, :8, None, None], kernels[:, 8])[0]
    assert torch.allclose(logits, wanted, atol=1e-5)


def test_cells_lie_row_by_row_level_by_level():
    cells = tiny_network().cells
    assert torch.allclose(cells[1, :2], torch.tensor([1.5 / 6, 0.5 / 6]))
    assert torch.allclose(cells[36 + 4, :2], torch.tensor([0.5 / 4, 1.5 / 4]))


def test_foreground_starts_rare():
    output = tiny_network()(torch.zeros(1, 3, 64, 64))
    assert output.category.sigmoid().mean().item() == pytest.approx(0.01, rel=0.3)
    assert torch.tensor(PRIOR_BIAS).sigmoid().item() == pytest.approx(0.01, rel=0.01)


def test_any_timm_backbone_will_do():
    network = LightNetwork(TINY.model_copy(update={"backbone": "resnet18"}), pretrained=False)
    assert network(torch.zeros(1, 3, 64, 64)).features.shape == (1, 8, 16, 16)


@pytest.mark.parametrize(
    ("name", "reason"), [("no_such_model", "called 'no_such_model'"), ("vit_tiny_patch16_224", "strides")]
)
def test_models_without_maps_are_told(name, reason):
    with pytest.raises(ConfigError, match=reason):
        LightNetwork(TINY.model_copy(update={"backbone": name}), pretrained=False)


def test_padding_is_refused():
    with pytest.raises(ValueError, match="without padding"):
        tiny_network()(torch.zeros(1, 3, 64, 64), [(64, 32)])


def test_levels_need_one_entry_each():
    with pytest.raises(ConfigError, match="one entry a level"):
        LightSettings.from_dict({"grids": (10, 5)})


def test_timm_has_the_default_backbone():
    assert LightSettings().backbone in timm.list_models()
