"""Table 7f: fine-tuning on few human masks, after label-free training with or without the semantic loss (eq. 8)."""

from dataclasses import dataclass
from pathlib import Path

from trainers.ablation.draws import Draw
from trainers.ablation.experiments import Claim
from trainers.ablation.study import Figures, Study, only, with_loss
from trainers.errors import UsageError
from trainers.training import items
from trainers.training.items import Items
from trainers.training.limits import limited
from trainers.training.settings import PRESETS, TrainSettings

_WITHOUT, _WITH = "w/o semantic", "with semantic"


@dataclass(frozen=True)
class Semantics:
    """Table 7f."""

    annotations: Path
    """COCO file of the human masks."""
    images: Path
    """Folder of its images."""
    labelled: float
    """Share of the images with human masks, not counting those that are scored, that fine-tuning sees."""
    figure: str = "AP"
    rows: tuple[str, ...] = (_WITHOUT, _WITH)
    claims: tuple[Claim, ...] = (Claim(_WITH, _WITHOUT),)

    @property
    def remark(self) -> str:
        """How much is labelled."""
        return (
            f"Fine-tuned with classes on {100 * self.labelled:g} % of the images with human masks that are not scored."
        )

    def missing(self, row: str) -> str | None:
        """Nothing is."""
        return None

    def decides(self, row: str) -> str:
        """The row, and all settings of the table."""
        return f"{row} {self}"

    def figures(self, study: Study, row: str, draw: Draw, folder: Path) -> Figures:
        """Train without labels, fine-tune on some, and score with classes."""
        labels = self._labels(draw)
        settings = study.settings if row == _WITH else with_loss(study.settings, embedding=0.0)
        start = study.trained(study.coarse(draw, folder), settings, folder / "label-free", draw)
        weights = study.trained(labels, _of_human_masks(study.settings), folder / "fine-tuned", draw, start)
        return study.scored(draw, weights, classes=True)

    def _labels(self, draw: Draw) -> Items:
        everything = items.of_coco(self.annotations, self.images, class_aware=True)
        if not everything.categories:
            raise UsageError(f"{self.annotations} names no categories, which table 7f is about")
        pool = only(everything, lambda path: not draw.is_scored(path))
        if not pool.masks:
            raise UsageError(f"all images with masks of {self.annotations} are scored: lower --held")
        return pool if self.labelled == 1 else limited(pool, self.labelled, None, draw.seed)


def _of_human_masks(settings: TrainSettings) -> TrainSettings:
    """The settings with the losses for masks that people drew."""
    return with_loss(settings, **PRESETS["human"]["loss"])
