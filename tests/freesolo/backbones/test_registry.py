"""Every official format of weights loads; foreign and damaged files are refused in one sentence."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from freesolo import backbones
from freesolo.backbones import registry, resnet
from freesolo.backbones.checkpoint import detectron2_name, fill, read_state
from freesolo.backbones.passports import PASSPORTS
from freesolo.errors import ConfigError, WeightsError


@pytest.fixture(scope="module")
def resnet_state() -> dict[str, Tensor]:
    torch.manual_seed(0)
    network = resnet.make_resnet("resnet50")
    return {key: value + 0.01 if value.is_floating_point() else value for key, value in network.state_dict().items()}


def detectron2_key(key: str) -> str:
    """torchvision's key in detectron2's words, written out independently of the product's mapping."""
    parts = key.split(".")
    norms = {
        "bn1": "conv1.norm",
        "bn2": "conv2.norm",
        "bn3": "conv3.norm",
        "downsample.0": "shortcut",
        "downsample.1": "shortcut.norm",
    }
    if parts[0] in ("conv1", "bn1"):
        return f"stem.{norms.get(parts[0], parts[0])}.{parts[1]}"
    inner = ".".join(parts[2:-1])
    return f"res{int(parts[0][-1]) + 1}.{parts[1]}.{norms.get(inner, inner)}.{parts[-1]}"


def official(name: str, state: dict[str, Tensor]) -> object:
    """A checkpoint as its authors publish it: wrapper, prefix, and the heads that come along."""
    head = torch.zeros(3, 3)
    if name == "densecl_resnet50":
        return {"state_dict": state, "author": "DenseCL"}
    if name == "densecl_resnet50_openmmlab":
        return {
            "meta": {"epoch": 200},
            "state_dict": {f"backbone.{k}": v for k, v in state.items()} | {"neck.fc.weight": head},
        }
    if name == "mocov2_resnet50":
        keys = {f"module.encoder_q.{k}": v for k, v in state.items()}
        return {
            "epoch": 800,
            "arch": "resnet50",
            "state_dict": keys | {"module.encoder_q.fc.0.weight": head, "module.queue": head},
        }
    if name == "swav_resnet50":
        return {f"module.{k}": v for k, v in state.items()} | {"module.prototypes.weight": head}
    if name == "torchvision_resnet50":
        return state | {"fc.weight": head, "fc.bias": head}
    return dict(state)


@pytest.mark.parametrize(
    "name",
    [
        "densecl_resnet50", "densecl_resnet50_openmmlab", "mocov2_resnet50", "swav_resnet50", "dino_resnet50", "vicregl_resnet50",
        "torchvision_resnet50",
    ],
)  # fmt: skip
def test_official_formats_load_completely(name: str, resnet_state: dict[str, Tensor], tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    torch.save(official(name, resnet_state), path)
    backbone = backbones.load(name, path)
    assert isinstance(backbone, resnet.ResNetBackbone)
    loaded = backbone.network.state_dict()
    assert all(torch.equal(loaded[key], value) for key, value in resnet_state.items())
    assert backbone.identity.startswith(f"{name}@")
    assert len(backbone.identity.split("@")[1]) == 12


def test_freesolo_release_loads_by_its_detectron2_keys(tmp_path: Path) -> None:
    network = resnet.make_resnet("resnet101")
    state = {k: v + 0.01 for k, v in network.state_dict().items() if not k.endswith("num_batches_tracked")}
    model = {f"backbone.bottom_up.{detectron2_key(k)}": v for k, v in state.items()}
    model |= {"backbone.fpn_lateral2.weight": torch.zeros(1), "ins_head.cate_pred.weight": torch.zeros(1)}
    torch.save({"model": model, "iteration": 1}, path := tmp_path / "release.pth")
    backbone = backbones.load("freesolo_resnet101", path)
    assert isinstance(backbone, resnet.ResNetBackbone)
    loaded = backbone.network.state_dict()
    assert all(torch.equal(loaded[key], value) for key, value in state.items())


def test_detectron2_names() -> None:
    assert detectron2_name("stem.conv1.norm.running_var") == "bn1.running_var"
    assert detectron2_name("res2.0.shortcut.weight") == "layer1.0.downsample.0.weight"
    assert detectron2_name("res5.2.conv3.norm.bias") == "layer4.2.bn3.bias"


def test_safetensors_give_the_same_network(resnet_state: dict[str, Tensor], tmp_path: Path) -> None:
    save_file(resnet_state, path := tmp_path / "weights.safetensors")
    backbone = backbones.load("dino_resnet50", path)
    assert isinstance(backbone, resnet.ResNetBackbone)
    assert torch.equal(backbone.network.state_dict()["conv1.weight"], resnet_state["conv1.weight"])


def test_resnet_features_have_the_strides_and_channels_of_the_stages(
    resnet_state: dict[str, Tensor], tmp_path: Path
) -> None:
    torch.save(resnet_state, path := tmp_path / "weights.pth")
    maps = backbones.load("dino_resnet50", path).features(torch.randn(1, 3, 64, 96))
    assert {stride: tuple(each.shape[1:]) for stride, each in maps.items()} == {
        4: (256, 16, 24), 8: (512, 8, 12), 16: (1024, 4, 6), 32: (2048, 2, 3),
    }  # fmt: skip
    assert all(float(each.min()) >= 0 for each in maps.values()), "after the last ReLU"


def test_vision_transformer_of_timm_gives_one_map_at_its_patch_size(tmp_path: Path) -> None:
    network = registry.make_timm("vit_tiny_patch16_224")
    torch.save(network.state_dict(), path := tmp_path / "vit.pth")
    maps = backbones.load("timm:vit_tiny_patch16_224", path).features(torch.randn(1, 3, 50, 64))
    assert {stride: tuple(each.shape) for stride, each in maps.items()} == {16: (1, 192, 4, 4)}


def test_efficientnet_lite0_comes_from_the_installed_wheel() -> None:
    backbone = backbones.load("efficientnet_lite0")
    assert backbone.identity == "efficientnet_lite0@579344248a93"
    assert backbone.mean == (0.5, 0.5, 0.5)
    maps = backbone.features(torch.randn(1, 3, 64, 64))
    assert {2, 4, 8, 16, 32} == set(maps)


def test_foreign_weights_are_refused_with_the_numbers(tmp_path: Path) -> None:
    torch.save(nn.Linear(3, 3).state_dict(), path := tmp_path / "linear.pth")
    with pytest.raises(WeightsError, match=r"only 0 of \d+ weights fit.*conv1.weight.*not understood weight, bias"):
        backbones.load("dino_resnet50", path)


def test_a_tenth_missing_is_the_limit(resnet_state: dict[str, Tensor], tmp_path: Path) -> None:
    network = resnet.make_resnet("resnet50")
    keys = [key for key in resnet_state if not key.endswith("num_batches_tracked")]
    most = {key: resnet_state[key] for key in keys[: int(0.95 * len(keys))]}
    match = fill(network, most | {"stranger": torch.zeros(1)}, tmp_path)
    assert len(match.matched) == len(most)
    assert len(match.missing) == len(keys) - len(most)
    assert match.unexpected == ("stranger",)
    with pytest.raises(WeightsError):
        fill(network, {key: resnet_state[key] for key in keys[: int(0.85 * len(keys))]}, tmp_path)


@pytest.mark.parametrize("content", [b"", b"<html>404</html>", b"PK\x03\x04 cut off"])
def test_damaged_files_are_named(content: bytes, tmp_path: Path) -> None:
    (path := tmp_path / "broken.pth").write_bytes(content)
    with pytest.raises(WeightsError, match=r"broken.pth: not a readable checkpoint"):
        backbones.load("dino_resnet50", path)


def test_a_missing_wrapper_says_what_was_found(tmp_path: Path) -> None:
    torch.save({"weights": {}}, path := tmp_path / "odd.pth")
    with pytest.raises(WeightsError, match=r"no 'state_dict' inside.*found: weights"):
        read_state(path, PASSPORTS["densecl_resnet50"])


def test_a_missing_file_and_an_unknown_name() -> None:
    with pytest.raises(WeightsError, match="no such weights file"):
        backbones.load("dino_resnet50", Path("nowhere.pth"))
    with pytest.raises(ConfigError, match="no backbone called 'alexnet'"):
        backbones.load("alexnet")
    with pytest.raises(WeightsError, match="name a local file"):
        backbones.load("timm:resnet18")


def test_every_passport_names_licence_and_training_data() -> None:
    for passport in PASSPORTS.values():
        assert passport.licence
        assert passport.trained_on
        assert all(mirror.startswith("https://") for mirror in passport.mirrors)
    assert not PASSPORTS["freesolo_resnet101"].commercial
