"""Our figures under the rows of one of the paper's tables."""

from collections.abc import Sequence

from rich.table import Table

from freesolo.evaluation import Scores
from trainers.scoring.published import Published
from trainers.scoring.shown import percent
from trainers.scoring.truth import Truth


def data_note(table: Published, truth: Truth, name: str) -> str:
    """A sentence on whether the rows may be compared."""
    measured = " and ".join(table.data)
    if truth.known_as in table.data:
        return f"Here: {truth.known_as}, as in the paper."
    images = len(truth.data["images"])
    return f"Here: {images} images of {name}. The paper's rows are of {measured}, other data: compare with care."


def as_json(table: Published, scores: Scores, method: str, note: str) -> dict[str, object]:
    """The paper's rows and ours, for JSON."""
    rows = [_row("paper", row.group, row.name, table, row.figures) for row in table.rows]
    own = [round(scores.figures[name], 2) for name in table.columns]
    rows.append(_row("here", "", method, table, own))
    return {"table": table.number, "title": table.title, "note": note, "rows": rows}


def as_table(table: Published, scores: Scores, method: str, note: str) -> Table:
    """The same for people."""
    shown = Table(
        title=f"Table {table.number} of the FreeSOLO paper: {table.title}", caption=note, caption_justify="left"
    )
    grouped = any(row.group for row in table.rows)
    for heading in ("", "method") if grouped else ("method",):
        shown.add_column(heading)
    for name in table.columns:
        shown.add_column(name, justify="right")
    before = ""
    for row in table.rows:
        if row.group != before and before:
            shown.add_section()
        lead = [row.group if row.group != before else "", row.name] if grouped else [row.name]
        shown.add_row(*lead, *("-" if value is None else f"{value:.1f}" for value in row.figures))
        before = row.group
    shown.add_section()
    own = ["here", method] if grouped else [f"here: {method}"]
    shown.add_row(*own, *(percent(scores.figures[name]) for name in table.columns), style="bold")
    return shown


def _row(source: str, group: str, method: str, table: Published, figures: Sequence[float | None]) -> dict[str, object]:
    lead: dict[str, object] = {"source": source, "group": group, "method": method}
    return lead | dict(zip(table.columns, figures, strict=True))
