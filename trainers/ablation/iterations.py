"""Table 7c: the coarse masks, and SOLO after 0, 1 and 2 iterations of self-training."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from trainers.ablation.draws import Draw
from trainers.ablation.experiments import Claim
from trainers.ablation.study import Figures, Stopped, Study
from trainers.commands import selftrain
from trainers.commands.train import WEIGHTS, Run
from trainers.errors import UsageError
from trainers.training.rounds import Plan

_COARSE = "-1"


class EveryRound:
    """A `trainers.training.rounds.Judge` to whom each round is better than the one before: all are run."""

    name = "round"

    def __init__(self) -> None:
        self._asked = 0

    def figure(self, weights: Path, held: Sequence[Path]) -> float:
        """How often it was asked."""
        self._asked += 1
        return float(self._asked)


@dataclass(frozen=True)
class Iterations:
    """Table 7c."""

    min_score: float | None = None
    """Least score of a prediction that is learned from (the paper: 0.3); None: the best ones, as many as there were coarse masks."""
    figure: str = "AP"
    rows: tuple[str, ...] = (_COARSE, "0", "1", "2")
    claims: tuple[Claim, ...] = (Claim("0", _COARSE), Claim("1", "0"), Claim("1", "2"))

    @property
    def remark(self) -> str:
        """How predictions are chosen."""
        chosen = "as many as there were coarse masks" if self.min_score is None else f"scores from {self.min_score:g}"
        return f"Each iteration starts from the backbone and learns from the last one's predictions: {chosen}."

    def missing(self, row: str) -> str | None:
        """Nothing is."""
        return None

    def decides(self, row: str) -> str:
        """The row, and all settings of the table."""
        return f"{row} {self}"

    def figures(self, study: Study, row: str, draw: Draw, folder: Path) -> Figures:
        """Score the teacher, or the weights of an iteration; iterations share one folder."""
        if row == _COARSE:
            return study.scored_file(draw, study.found(draw.scored.items, study.teacher, folder / "found.jsonl"))
        return study.scored(draw, self._weights(study, int(row), draw, folder.parents[1] / "rounds" / folder.name))

    def _weights(self, study: Study, number: int, draw: Draw, shared: Path) -> Path:
        coarse = study.coarse_file(draw, shared / "coarse.jsonl")
        weights = shared / f"round{number}" / WEIGHTS
        plan = Plan(rounds=number, targets="predictions", top=20, min_score=self.min_score, fresh=True, held=0)
        where = Run(shared, as_events=study.as_events)
        try:
            code = selftrain.run(coarse, study.teacher, study.selection, study.seeded(draw), plan, EveryRound(), where)
        except UsageError:
            if not weights.is_file():  # it had nothing to learn from; else only the calibration of its scores failed
                raise
            return weights
        if code:
            raise Stopped(code)
        return weights
