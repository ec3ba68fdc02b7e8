"""From a checkpoint file to a network's state: wrappers and prefixes cut off, every key accounted for, foreign files refused."""

import hashlib
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from freesolo.backbones.passports import Passport
from freesolo.errors import WeightsError

MIN_MATCHED = 0.9
"""Share of a network's parameters that a file must hold; less means that it belongs to another network."""


@dataclass(frozen=True)
class Match:
    """How a checkpoint fitted a network."""

    matched: tuple[str, ...]
    """Keys of the network that the file filled."""
    missing: tuple[str, ...]
    """Keys of the network that kept their random start."""
    unexpected: tuple[str, ...]
    """Keys of the file that the network does not have."""


def sha256_of(path: Path) -> str:
    """Hex digest of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() if hasattr(hashlib, "file_digest") else _digest(file)


def _digest(file: Any) -> str:  # noqa: ANN401 - Python 3.10 has no hashlib.file_digest
    digest = hashlib.sha256()
    while block := file.read(1 << 20):
        digest.update(block)
    return digest.hexdigest()


def read_state(path: Path, passport: Passport) -> dict[str, Tensor]:
    """The backbone's state in torchvision's or timm's own names.

    Raises:
        WeightsError: the file is damaged, or is no checkpoint of the passport's kind.
    """
    content = _read(path)
    if passport.wrapper is not None:
        if not isinstance(content, dict) or passport.wrapper not in content:
            keys = ", ".join(map(str, list(content)[:5])) if isinstance(content, dict) else type(content).__name__
            raise WeightsError(f"{path}: no {passport.wrapper!r} inside, as {passport.name} has it (found: {keys})")
        content = content[passport.wrapper]
    tensors = {key: torch.as_tensor(value) for key, value in content.items()}
    state = {key[len(passport.prefix) :]: value for key, value in tensors.items() if key.startswith(passport.prefix)}
    return {detectron2_name(key): value for key, value in state.items()} if passport.detectron2 else state


def fill(network: nn.Module, state: dict[str, Tensor], path: Path) -> Match:
    """Load a state into a network; keys of other shapes count as unexpected.

    Raises:
        WeightsError: less than `MIN_MATCHED` of the network's keys are filled; nothing is loaded then.
    """
    expected = {key: value for key, value in network.state_dict().items() if not key.endswith("num_batches_tracked")}
    fitting = {key: value for key, value in state.items() if key in expected and value.shape == expected[key].shape}
    match = Match(
        matched=tuple(fitting),
        missing=tuple(key for key in expected if key not in fitting),
        unexpected=tuple(key for key in state if key not in fitting and not key.endswith("num_batches_tracked")),
    )
    if len(match.matched) < MIN_MATCHED * len(expected):
        raise WeightsError(
            f"{path}: only {len(match.matched)} of {len(expected)} weights fit this network, so it belongs to another one; "
            f"missing for example {', '.join(match.missing[:3])}; not understood {', '.join(match.unexpected[:3]) or 'none'}"
        )
    network.load_state_dict(fitting, strict=False)
    return match


def detectron2_name(key: str) -> str:
    """detectron2's ResNet key -> torchvision's: ``res3.0.conv2.norm.weight`` -> ``layer2.0.bn2.weight``."""
    parts = key.split(".")
    if parts[0] == "stem":
        return f"bn1.{parts[-1]}" if "norm" in parts else f"conv1.{parts[-1]}"
    if not parts[0].startswith("res"):
        return key
    layer, block, module = f"layer{int(parts[0][3:]) - 1}", parts[1], parts[2]
    normalisation = "norm" in parts
    if module == "shortcut":
        return f"{layer}.{block}.downsample.{int(normalisation)}.{parts[-1]}"
    return f"{layer}.{block}.{module.replace('conv', 'bn') if normalisation else module}.{parts[-1]}"


def _read(path: Path) -> Any:  # noqa: ANN401 - a file holds what it holds; the caller checks
    if not path.is_file():
        raise WeightsError(f"{path}: there is no such weights file")
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        return torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, ValueError, EOFError, LookupError, pickle.UnpicklingError, SafetensorError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise WeightsError(f"{path}: not a readable checkpoint ({reason}); fetch it again") from error
