"""What an ablation is: rows that differ in one thing each, and a way to the figures of each."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from trainers.ablation.draws import Draw
from trainers.ablation.study import Figures, Study


@dataclass(frozen=True)
class Claim:
    """What the paper says with two rows."""

    better: str
    worse: str


class Experiment(Protocol):
    """One table."""

    @property
    def rows(self) -> tuple[str, ...]:
        """Names of the rows; those of the paper have the paper's names."""

    @property
    def claims(self) -> tuple[Claim, ...]:
        """What the table shows in the paper."""

    @property
    def figure(self) -> str:
        """The figure that claims are about."""

    @property
    def remark(self) -> str:
        """How this differs from the paper's way, in a sentence."""

    def missing(self, row: str) -> str | None:
        """Why a row cannot be run here; None: it can."""

    def decides(self, row: str) -> str:
        """What a row's figures depend on besides the images and the study's settings; tells runs apart."""

    def figures(self, study: Study, row: str, draw: Draw, folder: Path) -> Figures:
        """Run a row on a draw, in a folder of its own.

        Raises:
            Stopped: before it was finished.
            TrainersError, FreeSoloError: it cannot be run.
        """
