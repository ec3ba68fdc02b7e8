"""A backbone's weights as one safetensors file that names its model: what `python -m trainers pretrain` writes.

The tensors have timm's own names, which for ResNets are torchvision's too, so that any program can read them.
"""

import json
from pathlib import Path
from typing import NamedTuple

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from freesolo.backbones.checkpoint import sha256_of
from freesolo.backbones.timm_models import TimmBackbone, make_timm
from freesolo.errors import WeightsError

SUFFIX = ".safetensors"
_KEY = "freesolo-backbone-1"
"""Of the header's only entry: safetensors writes several in any order, and the same backbone is to give the same file."""


class BackboneFile(NamedTuple):
    """What such a file holds."""

    model: str
    """timm's name of the model."""
    trained_on: str
    """Data, method and steps in one sentence."""
    state: dict[str, Tensor]
    """By timm's names, float32."""


def to_bytes(network: nn.Module, model: str, trained_on: str) -> bytes:
    """The file of a timm model without its classifier."""
    tensors = {name: value.detach().cpu().contiguous() for name, value in network.state_dict().items()}
    return save(tensors, {_KEY: json.dumps({"model": model, "trained_on": trained_on})})


def read(path: Path) -> BackboneFile:
    """A file's content.

    Raises:
        WeightsError: it is missing, damaged, or no backbone of this program.
    """
    if not path.is_file():
        raise WeightsError(f"{path}: there is no such weights file")
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict
    except (OSError, SafetensorError) as error:
        raise WeightsError(f"{path}: not a readable weights file ({error})") from error
    if _KEY not in metadata:
        raise WeightsError(
            f"{path}: no backbone of this program; make one with: python -m trainers pretrain FOLDER --out DIR"
        )
    card = json.loads(metadata[_KEY])
    return BackboneFile(card["model"], card["trained_on"], state)


def load_backbone(path: Path) -> TimmBackbone:
    """A backbone as a source of feature maps, by the file alone.

    Raises:
        WeightsError: as `read`, or the weights are not those of the model that the file names.
        ConfigError: timm has no such model.
    """
    model = read(path).model
    network = make_timm(model)
    load_backbone_weights(network, path)
    return TimmBackbone(network, f"{model}@{sha256_of(path)[:12]}")


def load_backbone_weights(network: nn.Module, path: Path) -> None:
    """Fill a network that has the names of a timm model or of torchvision's ResNet, or a part of them, as its feature stages have.

    BatchNorm must not have been folded yet. Weights that the network does not have are left out.

    Args:
        network: filled in place, whole or not at all.
        path: of `python -m trainers pretrain`.

    Raises:
        WeightsError: as `read`, or the file lacks one of the network's weights.
    """
    file = read(path)
    expected = network.state_dict()
    fitting = {
        name: value for name, value in file.state.items() if name in expected and value.shape == expected[name].shape
    }
    missing = [name for name in expected if name not in fitting]
    if missing:
        raise WeightsError(
            f"{path} holds a {file.model}, which fits {len(fitting)} of this network's {len(expected)} weights; "
            f"missing for example {', '.join(missing[:3])}; name a file of the same model"
        )
    network.load_state_dict(fitting, strict=False)
