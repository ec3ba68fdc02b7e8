"""Tables 7d and 7e: one training on coarse masks for each set of mask losses."""

from dataclasses import dataclass
from pathlib import Path

from trainers.ablation.draws import Draw
from trainers.ablation.experiments import Claim
from trainers.ablation.study import Figures, Study, with_loss
from trainers.training.settings import PRESETS

_FULL = {name: float(value) for name, value in PRESETS["full"]["loss"].items() if name != "embedding"}


@dataclass(frozen=True)
class Losses:
    """Rows that differ in the weights of mask loss terms."""

    weights: dict[str, dict[str, float]]
    """For each row, what differs from the study's settings."""
    claims: tuple[Claim, ...]
    figure: str = "AP"
    remark: str = "Without self-training, as in the paper."

    @property
    def rows(self) -> tuple[str, ...]:
        """In the paper's order."""
        return tuple(self.weights)

    def missing(self, row: str) -> str | None:
        """Nothing is."""
        return None

    def decides(self, row: str) -> str:
        """The row's weights."""
        return f"{row} {self.weights[row]}"

    def figures(self, study: Study, row: str, draw: Draw, folder: Path) -> Figures:
        """Train with the row's losses, and score."""
        settings = with_loss(study.settings, **self.weights[row])
        return study.scored(draw, study.trained(study.coarse(draw, folder), settings, folder, draw))


def full_against_weak() -> Losses:
    """Table 7d: the Dice loss on whole coarse masks, or the weak losses of eq. 7."""
    return Losses({"full": _FULL, "weak": {}}, (Claim("weak", "full"),))


def loss_terms() -> Losses:
    """Table 7e: eq. 7 without one of its terms."""
    terms = {"w/o avg-proj": "average_projection", "w/o max-proj": "max_projection", "w/o pairwise": "pairwise"}
    weights: dict[str, dict[str, float]] = {"combination": {}} | {row: {term: 0.0} for row, term in terms.items()}
    return Losses(weights, tuple(Claim("combination", row) for row in terms))
