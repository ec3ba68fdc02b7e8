import pytest
import torch
import torch.nn.functional as F
import torchvision
from torch import nn

from freesolo.backbones import pretrained_file
from freesolo.backbones.resnet_trunk import ResNetTrunk
from freesolo.errors import ConfigError, WeightsError
from freesolo.solo import paper_network
from freesolo.solo.criterion import LossSettings, loss_sums, total_loss
from freesolo.solo.fpn import FeaturePyramid
from freesolo.solo.inference import InferenceSettings, detect
from freesolo.solo.light_settings import LightSettings
from freesolo.solo.networks import make, without_classifier
from freesolo.solo.paper_head import PRIOR_BIAS, _places, _resampled
from freesolo.solo.paper_network import PaperNetwork
from freesolo.solo.paper_settings import PaperSoloSettings
from freesolo.solo.targets import assign
from freesolo.solo.weights import Card, card_for, load, to_bytes
from tests.freesolo.solo.helpers import PAPER_TINY, square, targets, tiny_network, tiny_paper_network

CELLS = 36 + 25 + 16 + 9 + 4


@pytest.fixture(autouse=True)
def float32(monkeypatch):
    """Figures are compared exactly; bfloat16 has a test of its own."""
    monkeypatch.setattr(paper_network, "native_bfloat16", lambda: False)


@pytest.fixture
def image():
    return torch.randn(1, 3, 96, 128, generator=torch.Generator().manual_seed(0))


def test_defaults_are_the_papers():
    """Section 2 of the method note, number by number."""
    settings = PaperSoloSettings()
    assert settings.grids == (40, 36, 24, 16, 12)
    assert settings.pixel_ranges == ((1, 96), (48, 192), (96, 384), (192, 768), (384, 2048))
    assert (settings.channels, settings.tower, settings.tower_layers) == (256, 512, 4)
    assert (settings.mask_width, settings.mask_channels, settings.embedding) == (128, 256, 128)
    assert (settings.short_side, settings.long_side) == (800, 1333)
    assert settings.classes == 1
    assert settings.backbone_weights == "densecl_resnet50"
    assert PaperSoloSettings(kind="paper-r101").backbone_weights == "densecl_resnet101"
    assert sum(PaperSoloSettings(kind="paper-r101").blocks) * 3 + 2 == 101
    assert torch.tensor(PRIOR_BIAS).sigmoid().item() == pytest.approx(0.01, rel=0.01)


def test_ranges_are_shares_of_the_usual_photograph():
    ranges = PaperSoloSettings().ranges
    assert ranges[1][0] * (800 * 1067) ** 0.5 == pytest.approx(48)
    mask = square(0, 0, 12, 12, side=100)  # 12 %: 111 pixels there, so levels 1 and 2
    cells = assign(mask[None], torch.ones(1).numpy(), (2, 2, 2, 2, 2), ranges).cells
    assert set(cells.tolist()) == {4, 8}


def test_shapes(image):
    output = tiny_paper_network()(image)
    assert output.category.shape == (1, CELLS, 1)
    assert output.kernels.shape == (1, CELLS, 32)
    assert output.embeddings.shape == (1, CELLS, 6)
    assert output.features.shape == (1, 32, 24, 32)


def test_full_size_layers():
    with torch.device("meta"):
        network = PaperNetwork(PaperSoloSettings(), pretrained=False)
    shapes = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    assert shapes["head.kernel_tower.0.0.weight"] == (512, 258, 3, 3)
    assert shapes["head.category_tower.3.0.weight"] == (512, 512, 3, 3)
    assert shapes["head.kernel.weight"] == (256, 512, 3, 3)
    assert shapes["masks.p5.0.0.weight"] == (128, 258, 3, 3)
    assert shapes["masks.merge.0.weight"] == (256, 128, 1, 1)


def test_the_trunk_is_torchvisions_resnet(image):
    torch.manual_seed(0)
    reference = torchvision.models.resnet50(weights=None).eval()
    for module in reference.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_var, 0.5, 2)
            nn.init.normal_(module.running_mean, std=0.1)
    state = {name: value for name, value in reference.state_dict().items() if not name.startswith("fc.")}
    trunk = ResNetTrunk((3, 4, 6, 3), 64, 4, trains_norm=False)
    trunk.load_state_dict(state)
    stages = nn.Sequential(*list(reference.children())[:-2])
    with torch.no_grad():
        wanted = stages(image)
        assert torch.allclose(trunk(image)[-1], wanted, rtol=1e-3, atol=1e-4 * wanted.abs().max().item())
        trunk.fold()
        assert torch.allclose(trunk(image)[-1], wanted, rtol=1e-3, atol=1e-4 * wanted.abs().max().item())
    assert trunk.widths == (256, 512, 1024, 2048)


def test_frozen_norm_has_the_gradients_of_a_layer_of_its_own(image):
    torch.manual_seed(0)
    frozen = ResNetTrunk((1, 1, 1, 1), 4, 0, trains_norm=False)
    plain = ResNetTrunk((1, 1, 1, 1), 4, 0, trains_norm=True).eval()  # BatchNorm layers with fixed statistics
    for module in frozen.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_var, 0.5, 2)
            nn.init.uniform_(module.weight, 0.5, 2)
    plain.load_state_dict(frozen.state_dict())
    for trunk in (frozen, plain):
        trunk(image)[-1].square().sum().backward()
    assert frozen.conv1.weight.grad.abs().max() > 0
    assert torch.allclose(frozen.conv1.weight.grad, plain.conv1.weight.grad, rtol=1e-3, atol=1e-3)


def test_frozen_stages_take_no_gradient(image):
    network = tiny_paper_network()
    output = network(image)
    (output.category.sum() + output.kernels.sum() + output.embeddings.sum() + output.features.float().sum()).backward()
    for name, value in network.named_parameters():
        frozen = name.startswith(("backbone.conv1", "backbone.layer1")) or ".bn" in name or "downsample.1" in name
        assert value.requires_grad is not frozen, name
        assert (value.grad is None) is frozen, name
    assert all(
        value.requires_grad for value in tiny_paper_network(frozen_stride=0, normalisation="trained").parameters()
    )


def test_trained_norm_takes_the_statistics_of_its_batch(image):
    network = tiny_paper_network(normalisation="trained").train()
    before = network.backbone.layer4[0].bn1.running_mean.clone()
    kept = network.backbone.layer1[0].bn1.running_mean.clone()
    network(image)
    assert not torch.equal(network.backbone.layer4[0].bn1.running_mean, before)
    assert torch.equal(network.backbone.layer1[0].bn1.running_mean, kept)  # of a frozen stage


def test_pyramid_adds_what_is_above_also_at_odd_sizes():
    pyramid = FeaturePyramid((2, 2, 2, 2), 2)
    for layer in (*pyramid.laterals, *pyramid.outputs):
        nn.init.dirac_(layer.weight)
    sides = (25, 13, 7, 4)
    maps = [torch.full((1, 2, side, side + 2), 10.0**power) for power, side in enumerate(sides)]
    found = pyramid(maps)
    assert [p.shape[2] for p in found] == [25, 13, 7, 4, 2]
    assert [round(p[0, 0, 0, 0].item()) for p in found] == [1111, 1110, 1100, 1000, 1000]


def test_targets_and_cells_are_in_the_images_own_frame(image):
    """Trap 6: the same cells whatever the batch partner's size; the padding is not read."""
    network = tiny_paper_network().eval()
    level = torch.randn(4, 10, 16, generator=torch.Generator().manual_seed(1))
    padded = F.pad(level, [0, 5, 0, 3], value=1e3)
    assert torch.equal(_resampled(padded, (10, 16), 6), _resampled(level, (10, 16), 6))
    assert torch.allclose(_resampled(level, (10, 16), 4), F.interpolate(level[None], size=(4, 4), mode="bilinear")[0])
    halved = F.interpolate(level[None], scale_factor=0.5, mode="bilinear")
    assert torch.allclose(
        _resampled(level, (10, 16), 4, is_halved=True),
        F.interpolate(halved, size=(4, 4), mode="bilinear")[0],
        atol=1e-6,
    )
    with torch.no_grad():
        alone = network(image)
        batch = torch.zeros(1, 3, 128, 160)
        batch[:, :, :96, :128] = image
        among, misplaced = network(batch, [(96, 128)]), network(batch)
    assert among.category.shape == alone.category.shape
    assert among.features.shape[2:] == (32, 40)
    near = (alone.category - among.category).abs().mean()  # not 0: convolutions at the border see the padding
    assert near < 0.3 * (alone.category - misplaced.category).abs().mean()


def test_places_run_from_minus_one_to_one():
    place = _places((8.0, 4.0), 4)
    assert place.shape == (2, 4, 4)
    assert torch.allclose(place[0, 0], torch.tensor([-1, -1 / 3, 1 / 3, 1]))  # as many columns as cells: their centres
    assert torch.allclose(place[1, :, 0], torch.tensor([0.5, 2.5, 4.5, 6.5]) * (2 / 7) - 1)


def test_kernels_are_a_one_by_one_convolution():
    kernels, features = torch.randn(3, 32), torch.randn(32, 6, 8)
    logits = tiny_paper_network().mask_logits(kernels, torch.tensor([0, 1, 2]), features)
    assert torch.allclose(logits, F.conv2d(features[None], kernels[:, :, None, None])[0], atol=1e-5)


def test_inference_copy_gives_the_same(image):
    network = tiny_paper_network().eval()
    with torch.no_grad():
        pairs = zip(network(image), network.for_inference()(image), strict=True)
        for one, other in pairs:
            assert torch.allclose(one, other, atol=1e-3 * one.abs().max().item())


def test_bfloat16_is_near(image, monkeypatch):
    network = tiny_paper_network().eval()
    with torch.no_grad():
        wanted = network(image)
        monkeypatch.setattr(paper_network, "native_bfloat16", lambda: True)
        for found in (network(image), network.for_inference()(image)):
            assert found.features.dtype == torch.bfloat16
            for one, other in zip(wanted, found, strict=True):
                assert (one - other).abs().max() < 0.1 * one.abs().max()
    assert network.for_inference().head.kernel.weight.dtype == torch.bfloat16
    assert network.head.kernel.weight.dtype == torch.float32


def test_training_on_one_image_learns_it():
    network = tiny_paper_network(frozen_stride=0, normalisation="trained")
    image = torch.full((1, 3, 64, 64), -0.5)
    image[0, :, 12:40, 20:52] = 0.5
    mask = square(3, 5, 10, 13)
    target = targets(mask, network=network)
    settings = LossSettings(pairwise=0, dice=3.0, embedding=0)
    optimizer = torch.optim.AdamW(network.parameters(), lr=5e-3)
    losses = []
    for _ in range(40):
        loss = total_loss(loss_sums(network, network(image), [target], settings).means(), settings, 1.0)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]
    found = detect(network, network(image), 0, (16, 16), InferenceSettings(cut=0.01, keep=0))
    drawn, truth = found.logits[0] > 0, torch.from_numpy(mask)
    assert (drawn & truth).sum() / (drawn | truth).sum() > 0.7


def test_cards_say_which_network(tmp_path):
    card = card_for(PAPER_TINY)
    path = tmp_path / "paper.safetensors"
    path.write_bytes(to_bytes(tiny_paper_network(), card))
    model = load(path)
    assert isinstance(model.network, PaperNetwork)
    assert model.card.network == PAPER_TINY
    assert card.mean == (0.485, 0.456, 0.406)


def test_cards_without_a_kind_are_light():
    card = Card.from_dict({"network": {"size": 64}})
    assert isinstance(card.network, LightSettings)
    assert isinstance(Card.from_dict({"network": {"kind": "paper-r101"}}).network, PaperSoloSettings)
    with pytest.raises(ConfigError, match="kind"):
        Card.from_dict({"network": {"kind": "heavy"}})


def test_the_classifier_alone_is_left_behind():
    for network, kept in ((tiny_network(), "category_tower"), (tiny_paper_network(), "head.category_tower")):
        state = network.state_dict()
        missing = set(state) - set(without_classifier(state))
        assert len(missing) == 2
        assert not any(name.startswith(kept) for name in missing)


def test_pretrained_backbones_of_our_own_fit(tmp_path):
    donor = tiny_paper_network().backbone
    with torch.no_grad():
        donor.conv1.weight.fill_(0.25)
    path = tmp_path / "mine.safetensors"
    path.write_bytes(pretrained_file.to_bytes(donor, "resnet50", "nothing"))
    network = make(PAPER_TINY, weights=path)
    assert (network.backbone.conv1.weight == 0.25).all()
    with pytest.raises(WeightsError, match="of this network's"):
        make(PAPER_TINY.model_copy(update={"width": 16}), weights=path)


def test_a_backbone_of_another_depth_is_told():
    """EfficientNet-Lite0 is always at hand."""
    settings = PAPER_TINY.model_copy(update={"backbone": "efficientnet_lite0"})
    with pytest.raises(ConfigError, match="fits 1 of the 318 weights"):
        make(settings)
