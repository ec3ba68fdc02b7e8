"""Everything that decides a training run, in one file that is written beside its results."""

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator
from typing_extensions import Self

from freesolo.config import Config
from freesolo.solo.criterion import LossSettings
from freesolo.solo.light_settings import LightSettings
from freesolo.solo.networks import NetworkSettings
from trainers.errors import UsageError
from trainers.training.augment import AugmentSettings
from trainers.training.yaml_files import merged, read


class TrainSettings(Config):
    """A training run of SOLO."""

    network: NetworkSettings = LightSettings()
    loss: LossSettings = LossSettings()
    augment: AugmentSettings = AugmentSettings()
    steps: int = Field(default=2000, ge=1)
    batch: int = Field(default=4, ge=1)
    """Images a step on each rank."""
    optimizer: Literal["adamw", "sgd"] = "adamw"
    lr: float = Field(default=1e-3, gt=0)
    """After warm-up; it falls to 0 as a cosine."""
    backbone_lr: float = Field(default=0.1, ge=0)
    """The backbone learns at this share of ``lr``."""
    weight_decay: float = Field(default=1e-4, ge=0)
    warmup: int = Field(default=30, ge=0)
    """Steps over which the rate grows to ``lr``."""
    clip: float = Field(default=5.0, gt=0)
    """Gradients longer than this are shortened to it."""
    ema: float = Field(default=0.99, ge=0, lt=1)
    """Of the averaged weights, which are the result; 0: the last step's weights are."""
    seed: int = Field(default=0, ge=0)
    threads: int = Field(default=0, ge=0)
    """Of torch; 0: one a core."""
    log_every: int = Field(default=20, ge=1)
    checkpoint_every: int = Field(default=200, ge=1)
    patience: int = Field(default=0, ge=0)
    """Stop after so many checkpoints in a row without a lower mean loss; 0: never."""

    @model_validator(mode="after")
    def _views_fit_the_network(self) -> Self:
        if self.augment.square != self.network.square:
            raise ValueError(
                f"augment.square is {self.augment.square}, but the network takes {self.network.square}: set both alike"
            )
        return self


_PUBLISHED = {
    "augment": {"square": None},
    "steps": 30_000,
    "optimizer": "sgd",
    "lr": 0.0025,
    "backbone_lr": 1.0,
    "warmup": 1000,
    "ema": 0,
}
PRESETS: dict[str, dict[str, Any]] = {
    "weak": {"loss": {"pairwise": 0.5, "pairwise_ramp": 0.3, "dice": 1.0, "embedding": 0.5}},
    "paper": {},
    "paper-r50": {"network": {"kind": "paper-r50"}, **_PUBLISHED},
    "paper-r101": {"network": {"kind": "paper-r101"}, **_PUBLISHED},
    "full": {"loss": {"max_projection": 0, "average_projection": 0, "pairwise": 0, "dice": 3.0, "embedding": 0.5}},
    "human": {
        "loss": {"max_projection": 0, "average_projection": 0, "pairwise": 0, "dice": 3.0, "embedding": 0},
        "warmup": 20,
    },
    "decisions": {
        "loss": {"by_origin": True, "dice": 3.0, "pairwise": 0.5, "embedding": 0},
        "warmup": 20,
    },
}
"""`weak`: for label-free masks of good quality; `paper`: the weights of eq. 7 and 9 on the light network; `paper-r50`, `paper-r101`: the
published network and schedule, too (32 images a step on 8 GPUs: 4 a rank); `full`: table 7d; `human`: drawn masks;
`decisions`: masks that people accepted or drew beside pseudo-labels, which learn by the weak losses."""


def resolve(preset: str, file: Path | None, flags: dict[str, Any]) -> TrainSettings:
    """Preset, then the YAML file, then flags: the later wins, key by key.

    Raises:
        UsageError: no such preset, or the file is no YAML mapping.
        ConfigError: a key is unknown or a value out of range.
    """
    if preset not in PRESETS:
        raise UsageError(f"no preset {preset!r}; there are: {', '.join(PRESETS)}")
    values = PRESETS[preset]
    if file is not None:
        values = merged(values, read(file))
    return TrainSettings.from_dict(merged(values, flags))
