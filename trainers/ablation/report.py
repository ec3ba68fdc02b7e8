"""The collected figures: means and spreads over repeats, what they say about the paper's claims, as JSON and as a table."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import fmean, stdev
from typing import Any

from rich.table import Table
from scipy import stats

from trainers.ablation.experiments import Claim
from trainers.ablation.study import Figures
from trainers.scoring.published import Published
from trainers.scoring.shown import percent


@dataclass
class RowResult:
    """One row: its figures in each repeat, or why there are none."""

    name: str
    runs: list[Figures] = field(default_factory=list)
    note: str = ""

    def values(self, figure: str) -> list[float]:
        """Of all repeats in which it is defined."""
        return [run[figure] for run in self.runs if run[figure] >= 0]


@dataclass(frozen=True)
class Verdict:
    """What the repeats say about a claim."""

    claim: Claim
    paper: float
    """Difference of the two rows in the paper."""
    here: float
    """Mean difference here, over repeats: each compares the rows on the same images."""
    margin: float | None
    """Half of the 95 % interval of the mean (Student's t); None: a single repeat tells nothing of the noise."""

    @property
    def says(self) -> str:
        """In a few words."""
        if self.margin is None:
            return "one repeat: the noise is not known"
        if abs(self.here) <= self.margin:
            return "within the noise"
        return "as in the paper" if self.here * self.paper > 0 else "against the paper"


def verdicts(table: Published, rows: Sequence[RowResult], claims: Sequence[Claim], figure: str) -> list[Verdict]:
    """Of all claims whose rows both have figures."""
    by_name = {row.name: row for row in rows}
    place = table.columns.index(figure)
    found = []
    for claim in claims:
        pairs = zip(by_name[claim.better].runs, by_name[claim.worse].runs, strict=False)
        differences = [one[figure] - other[figure] for one, other in pairs]
        published = [row.figures[place] for name in (claim.better, claim.worse) if (row := table.row(name))]
        if differences:
            better, worse = (value or 0.0 for value in published)
            found.append(Verdict(claim, better - worse, fmean(differences), _margin(differences)))
    return found


def _margin(differences: Sequence[float]) -> float | None:
    count = len(differences)
    if count < 2:
        return None
    error = stdev(differences) / math.sqrt(count)
    return float(stats.t.ppf(0.975, count - 1)) * error


def as_json(
    table: Published, rows: Sequence[RowResult], judged: Sequence[Verdict], figure: str, how: dict[str, Any]
) -> dict[str, Any]:
    """Everything: the paper's figures, ours with their spread and each repeat's, and the verdicts.

    Args:
        table: the paper's.
        rows: ours.
        judged: `verdicts`.
        figure: that they are about.
        how: scale and settings, written as they are.
    """
    return {
        "table": table.number,
        "title": table.title,
        "paper_data": " and ".join(table.data),
        **how,
        "rows": [_row(table, row) for row in rows],
        "claims": [
            {
                "better": verdict.claim.better,
                "worse": verdict.claim.worse,
                "figure": figure,
                "paper": round(verdict.paper, 2),
                "here": round(verdict.here, 3),
                "margin": None if verdict.margin is None else round(verdict.margin, 3),
                "says": verdict.says,
            }
            for verdict in judged
        ],
    }


def _row(table: Published, row: RowResult) -> dict[str, Any]:
    published = table.row(row.name)
    here = {}
    for name in table.columns:
        if values := row.values(name):
            here[name] = {"mean": round(fmean(values), 3), "spread": _rounded(_spread(values))}
    runs = [{name: round(run[name], 3) for name in table.columns} for run in row.runs]
    paper = None if published is None else dict(zip(table.columns, published.figures, strict=True))
    return {"name": row.name, "paper": paper, "here": here or None, "runs": runs, "note": row.note}


def as_table(table: Published, rows: Sequence[RowResult], remark: str) -> Table:
    """For each row a line of the paper's figures and one of ours."""
    title = f"Table {table.number} of the FreeSOLO paper: {table.title}"
    shown = Table(title=title, caption=remark, caption_justify="left", padding=(0, 0, 0, 1), min_width=78)
    for heading in ("row", ""):
        shown.add_column(heading, overflow="fold")
    for name in table.columns:
        shown.add_column(name, justify="right")
    for row in rows:
        published = table.row(row.name)
        if published is not None:
            cells = ["-" if value is None else f"{value:.1f}" for value in published.figures]
            shown.add_row(row.name, "paper", *cells)
        own = [_with_spread(row.values(name)) for name in table.columns]
        shown.add_row("" if published else row.name, "here", *own, style="bold", end_section=True)
    return shown


def as_notes(rows: Sequence[RowResult]) -> list[str]:
    """One line for each row that could not be run, or not in all repeats."""
    return [f"{row.name}: {row.note}" for row in rows if row.note]


def as_sentences(judged: Sequence[Verdict], figure: str) -> list[str]:
    """One line a claim."""
    return [
        f"{verdict.claim.better} - {verdict.claim.worse}: {figure} {verdict.here:+.2f}"
        + ("" if verdict.margin is None else f" ± {verdict.margin:.2f}")
        + f" (paper {verdict.paper:+.1f}): {verdict.says}"
        for verdict in judged
    ]


def _with_spread(values: list[float]) -> str:
    if not values:
        return "-"
    spread = _spread(values)
    return percent(fmean(values)) + ("" if spread is None else f"±{spread:.2f}")


def _spread(values: Sequence[float]) -> float | None:
    """Sample standard deviation."""
    return stdev(values) if len(values) > 1 else None


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
