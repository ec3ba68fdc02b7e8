"""Scores as one line of JSON or as a table that explains itself."""

from rich.table import Table

from freesolo.evaluation import Kind, Scores

MEANINGS = {
    "AP": "precision over all recalls, mean of IoU 0.50 to 0.95",
    "AP50": "the same at IoU 0.50",
    "AP75": "the same at IoU 0.75",
    "AP_small": "AP of objects below 32 x 32 pixels",
    "AP_medium": "AP of objects between",
    "AP_large": "AP of objects above 96 x 96 pixels",
    "AR1": "share of objects found by the best mask of each image",
    "AR10": "share of objects found by the 10 best",
    "AR100": "share of objects found by the 100 best",
    "AR_small": "AR100 of objects below 32 x 32 pixels",
    "AR_medium": "AR100 of objects between",
    "AR_large": "AR100 of objects above 96 x 96 pixels",
    "AP*": "AP at IoU 0.50 of objects above 64 x 64 pixels",
    "AP*_medium": "the same up to 192 x 192 pixels",
    "AP*_large": "the same above 192 x 192 pixels",
    "CorLoc": "share of images whose best box hits an object (IoU 0.50)",
}
"""What each figure says; all are in percent."""


def as_row(scores: Scores) -> dict[str, object]:
    """Figures, counts and intervals, rounded, for JSON."""
    figures = {name: round(value, 2) for name, value in scores.figures.items()}
    intervals = {f"{name}_95": [round(low, 2), round(high, 2)] for name, (low, high) in scores.intervals.items()}
    counts = {"objects": scores.objects, "detections": scores.detections, "images": scores.images}
    row: dict[str, object] = {**figures, **counts, **intervals}
    if scores.by_class:
        row["classes"] = {
            name: {key: round(value, 2) for key, value in figures.items()} for name, figures in scores.by_class.items()
        }
    return row


def as_table(scores: Scores, kind: Kind) -> Table:
    """All figures with their meanings."""
    counts = f"{scores.detections} {kind}, {scores.objects} objects, {scores.images} images"
    means = f" Means over {len(scores.by_class)} classes." if scores.by_class else ""
    table = Table(caption=f"{counts}.{means} In percent, higher is better.", caption_justify="left")
    table.add_column("figure")
    table.add_column("%", justify="right")
    if scores.intervals:
        table.add_column("95 % interval", justify="right")
    table.add_column("meaning")
    for name, value in scores.figures.items():
        cells = [name, percent(value)]
        if scores.intervals:
            cells.append(" to ".join(map(percent, scores.intervals.get(name, ()))))
        table.add_row(*cells, MEANINGS[name])
    return table


def as_class_table(scores: Scores) -> Table:
    """One row a class, the best first."""
    table = Table(caption="In percent, higher is better.", caption_justify="left")
    table.add_column("class")
    main, second, count = next(iter(scores.by_class.values()))
    for name in (main, second, count):
        table.add_column(name, justify="right")
    for name, figures in sorted(scores.by_class.items(), key=lambda row: -row[1][main]):
        table.add_row(name, percent(figures[main]), percent(figures[second]), f"{figures[count]:.0f}")
    return table


def percent(value: float) -> str:
    """With two digits; a dash where no object has that size."""
    return "-" if value < 0 else f"{value:.2f}"
