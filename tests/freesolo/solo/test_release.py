"""The authors' file, made small: every key of theirs, written out independently of the product's mapping."""

import numpy as np
import pytest
import torch

from freesolo import proposers
from freesolo.errors import WeightsError
from freesolo.solo.paper_settings import PaperSoloSettings
from freesolo.solo.proposer import SoloProposer
from freesolo.solo.release import load_release
from freesolo.solo.weights import load

WIDTH, CHANNELS, TOWER, MASK, FEATURES, EMBEDDING = 4, 8, 32, 32, 64, 6


def convolution(inputs, outputs, side, name):
    return {f"{name}.weight": torch.randn(outputs, inputs, side, side) * 0.05}


def with_bias(inputs, outputs, side, name):
    return convolution(inputs, outputs, side, name) | {f"{name}.bias": torch.randn(outputs) * 0.05}


def group_norm(width, name):
    return {f"{name}.weight": torch.rand(width) + 0.5, f"{name}.bias": torch.randn(width) * 0.05}


def frozen_norm(width, name):
    return group_norm(width, name) | {
        f"{name}.running_mean": torch.randn(width) * 0.05,
        f"{name}.running_var": torch.rand(width) + 0.5,
    }


def backbone(blocks):
    state = convolution(3, WIDTH, 7, "stem.conv1") | frozen_norm(WIDTH, "stem.conv1.norm")
    inputs = WIDTH
    for stage, count in enumerate(blocks):
        middle = WIDTH * 2**stage
        for block in range(count):
            name = f"res{stage + 2}.{block}"
            if block == 0:
                state |= convolution(inputs, 4 * middle, 1, f"{name}.shortcut")
                state |= frozen_norm(4 * middle, f"{name}.shortcut.norm")
            sizes = ((inputs, middle, 1), (middle, middle, 3), (middle, 4 * middle, 1))
            for number, (a, b, side) in enumerate(sizes, start=1):
                state |= convolution(a, b, side, f"{name}.conv{number}")
                state |= frozen_norm(b, f"{name}.conv{number}.norm")
            inputs = 4 * middle
    return {f"backbone.bottom_up.{key}": value for key, value in state.items()}


def heads():
    state = {}
    for level in range(2, 6):
        state |= with_bias(WIDTH * 2**level, CHANNELS, 1, f"backbone.fpn_lateral{level}")
        state |= with_bias(CHANNELS, CHANNELS, 3, f"backbone.fpn_output{level}")
    for tower, inputs in (("cate", CHANNELS), ("kernel", CHANNELS + 2)):
        for layer in range(4):
            state |= convolution(inputs if layer == 0 else TOWER, TOWER, 3, f"ins_head.{tower}_tower.{3 * layer}")
            state |= group_norm(TOWER, f"ins_head.{tower}_tower.{3 * layer + 1}")
    state |= with_bias(TOWER, 1, 3, "ins_head.cate_pred")
    state |= with_bias(TOWER, FEATURES, 3, "ins_head.kernel_pred")
    state |= with_bias(TOWER, EMBEDDING, 3, "ins_head.emb_pred")
    for level in range(4):
        for number in range(max(1, level)):
            name = f"mask_head.convs_all_levels.{level}.conv{number}"
            inputs = MASK if number else CHANNELS + 2 * (level == 3)
            state |= convolution(inputs, MASK, 3, f"{name}.0") | group_norm(MASK, f"{name}.1")
    state |= convolution(MASK, FEATURES, 1, "mask_head.conv_pred.0") | group_norm(FEATURES, "mask_head.conv_pred.1")
    return state


@pytest.fixture
def official():
    torch.manual_seed(0)
    state = backbone((3, 4, 23, 3)) | heads()
    return {"model": state | {"_iter": torch.tensor([30000])}, "iteration": 29999, "__author__": "somebody"}


def written(content, folder):
    path = folder / "FreeSOLO_R101_30k_pl.pth"
    torch.save(content, path)
    return path


def test_every_weight_finds_its_place(official, tmp_path):
    model = load_release(written(official, tmp_path))
    settings = model.card.network
    assert isinstance(settings, PaperSoloSettings)
    assert (settings.kind, settings.tower_layers, settings.grids) == ("paper-r101", 4, (40, 36, 24, 16, 12))
    state, given = model.network.state_dict(), official["model"]
    for ours, theirs in (
        ("backbone.bn1.running_var", "backbone.bottom_up.stem.conv1.norm.running_var"),
        ("backbone.layer3.22.conv2.weight", "backbone.bottom_up.res4.22.conv2.weight"),
        ("backbone.layer2.0.downsample.1.bias", "backbone.bottom_up.res3.0.shortcut.norm.bias"),
        ("pyramid.outputs.3.weight", "backbone.fpn_output5.weight"),
        ("head.category_tower.3.0.weight", "ins_head.cate_tower.9.weight"),
        ("head.kernel_tower.1.1.bias", "ins_head.kernel_tower.4.bias"),
        ("head.category.bias", "ins_head.cate_pred.bias"),
        ("head.embedding.weight", "ins_head.emb_pred.weight"),
        ("masks.p2.0.weight", "mask_head.convs_all_levels.0.conv0.0.weight"),
        ("masks.p5.2.1.weight", "mask_head.convs_all_levels.3.conv2.1.weight"),
        ("masks.merge.1.bias", "mask_head.conv_pred.1.bias"),
    ):
        assert torch.equal(state[ours], given[theirs]), ours
    used = sum(value.numel() for name, value in state.items() if not name.endswith("num_batches_tracked"))
    assert used == sum(value.numel() for value in given.values()) - 1  # all but the counter


def test_it_is_a_proposer(official, tmp_path):
    path = written(official, tmp_path)
    assert proposers.make(str(path)).identity.startswith("solo:FreeSOLO_R101_30k_pl@")
    assert "non-commercial" in load(path).card.trained_on
    model = load(path)
    small = model.card.network.model_copy(update={"short_side": 64})
    object.__setattr__(model, "card", model.card.model_copy(update={"network": small, "cut": 0.0}))
    image = np.random.default_rng(0).integers(0, 256, (48, 64, 3)).astype(np.uint8)
    found = SoloProposer(model).propose(image).instances
    assert found.size == (48, 64)
    assert len(found) > 0
    assert found.embeddings.shape[1] == EMBEDDING


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda c: {"state_dict": c["model"]}, "no 'model' inside"),
        (lambda c: {"model": backbone((3, 4, 6, 3))}, "no 'ins_head.emb_pred.weight' inside"),
        (lambda c: {"model": heads()}, "res4 has 0 blocks"),
        (lambda c: {"model": without(c["model"], "mask_head.convs_all_levels.3")}, "missing for example masks.p5"),
        (lambda c: {"model": renamed(c["model"])}, "not understood: ins_head.kernel_turret"),
        (
            lambda c: {"model": c["model"] | {"ins_head.cate_tower.0.weight": torch.zeros(33, 8, 3, 3)}},
            "its widths are not",
        ),
    ],
    ids=["wrapper", "no heads", "no backbone", "missing", "foreign", "widths"],
)
def test_other_files_are_told(official, damage, reason, tmp_path):
    with pytest.raises(WeightsError, match=reason):
        load_release(written(damage(official), tmp_path))


def without(state, prefix):
    return {key: value for key, value in state.items() if not key.startswith(prefix)}


def renamed(state):
    return {key.replace("kernel_tower", "kernel_turret"): value for key, value in state.items()}


def test_files_that_are_no_checkpoint_are_told(tmp_path):
    path = tmp_path / "broken.pth"
    path.write_bytes(b"not a checkpoint")
    with pytest.raises(WeightsError, match="not a readable checkpoint"):
        load(path)
    with pytest.raises(WeightsError, match="there is no such weights file"):
        load(tmp_path / "none.pth")
