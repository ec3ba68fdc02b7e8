"""A trained SOLO as one safetensors file that says how it was built; half precision, so that a light one has 8 MB."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import torch
from pydantic import Field
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import nn

from freesolo.backbones.efficientnet_lite import MEAN, STD
from freesolo.config import Config
from freesolo.errors import ConfigError, WeightsError
from freesolo.solo.embedding_space import EmbeddingSpace
from freesolo.solo.light_settings import LightSettings
from freesolo.solo.networks import Network, NetworkSettings, make, normalisation
from freesolo.solo.paper_settings import PaperSoloSettings

_FORMAT = "freesolo-solo-1"
_SPACE = "embedding_space."


class Card(Config):
    """What a weights file says of itself."""

    network: NetworkSettings
    mean: tuple[float, float, float] = MEAN
    std: tuple[float, float, float] = STD
    categories: tuple[str, ...] = ()
    """Names of the classes; empty: class-agnostic."""
    cut: float = Field(default=0.01, ge=0, le=1)
    """Category probabilities below are no detections; set from the scores, as weak training gives low ones."""
    score_quantiles: dict[str, tuple[float, ...]] = Field(default_factory=dict)
    """What scores are worth, by proposer ("solo" and its teacher's name): ascending scores at equally spaced ranks over the images it
    was trained on. The union of both is ranked by them; its own scores are those of "result", where there is such."""
    trained_on: str = ""
    """Data, rounds and steps in one sentence."""


@dataclass(frozen=True)
class Model:
    """A network in eval mode with its card."""

    network: Network
    card: Card
    identity: str
    """``name@first 12 digits of the sha256`` of the file."""
    space: EmbeddingSpace | None = None
    """Where the teacher's embeddings are compared with this network's."""


def build(card: Card, pretrained: bool = False) -> Network:
    """The network of a card, with random heads."""
    return make(card.network, pretrained)


def card_for(settings: LightSettings | PaperSoloSettings, categories: tuple[str, ...] = ()) -> Card:
    """A card with the normalisation that the backbone's weights want."""
    mean, std = normalisation(settings)
    return Card(network=settings, mean=mean, std=std, categories=categories)


def to_bytes(network: nn.Module, card: Card, space: EmbeddingSpace | None = None) -> bytes:
    """The file: float16 tensors and the card in its header."""
    tensors = dict(network.state_dict())
    if space is not None:
        tensors |= {f"{_SPACE}mean": torch.from_numpy(space.mean), f"{_SPACE}basis": torch.from_numpy(space.basis)}
    tensors = {name: value.detach().cpu().to(torch.float16).contiguous() for name, value in tensors.items()}
    return save(tensors, {"format": _FORMAT, "card": card.model_dump_json()})


def load(path: Path) -> Model:
    """A model from its file, or from the one that the authors of FreeSOLO published (``.pth``).

    Raises:
        WeightsError: the file is damaged, of another format, or does not hold every weight of its network.
    """
    from freesolo.solo import release  # it is built on this module

    if path.suffix in release.SUFFIXES:
        return release.load_release(path)
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            state = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118 - not a dict
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except (OSError, SafetensorError) as error:
        raise WeightsError(f"{path}: not a readable weights file ({error})") from error
    if metadata.get("format") != _FORMAT:
        raise WeightsError(f"{path}: no SOLO weights of this program (its header says {metadata.get('format')!r})")
    try:
        card = Card.from_dict(json.loads(metadata["card"]))
    except (ConfigError, ValueError, KeyError) as error:
        raise WeightsError(f"{path}: its description is damaged ({error})") from error
    network = build(card)
    expected = network.state_dict()
    matched = [name for name, value in expected.items() if name in state and state[name].shape == value.shape]
    if len(matched) < len(expected):
        missing = sorted(set(expected) - set(matched))[:3]
        raise WeightsError(
            f"{path}: {len(matched)} of {len(expected)} weights fit; missing for example {', '.join(missing)}"
        )
    network.load_state_dict({name: state[name] for name in expected})
    space = None
    if f"{_SPACE}mean" in state:
        space = EmbeddingSpace(state[f"{_SPACE}mean"].numpy(), state[f"{_SPACE}basis"].numpy())
    return Model(network.eval(), card, f"{path.stem}@{digest[:12]}", space)
