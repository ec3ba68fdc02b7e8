"""`python -m trainers evaluate`."""

import json
import sys
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.table import Table

from freesolo.errors import FreeSoloError
from freesolo.evaluation import Kind, Protocol, Scores, evaluate
from trainers.errors import UsageError
from trainers.extract import Executor
from trainers.scored import read_ground_truth, read_results

MEANINGS = {
    "AP": "precision over all recalls, mean of IoU 0.50 to 0.95",
    "AP50": "the same at IoU 0.50",
    "AP75": "the same at IoU 0.75",
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


def score(
    truth: Path, results: Path, kind: Kind, protocol: Protocol, bootstrap: int, executor: Executor, address: str | None
) -> Scores:
    """Score a results file.

    Args:
        truth: COCO file with human masks.
        results: as `trainers.scored.read_results` reads them.
        kind: score masks or boxes.
        protocol: COCO's, or the paper's easier one.
        bootstrap: resamplings for 95 % intervals; 0: none.
        executor: where images are matched: in this process, or on a Ray cluster.
        address: of the Ray cluster, as `trainers.ray_pool.cluster`.

    Raises:
        UsageError: a file cannot be read or scored, or there is no such cluster.
        WorkersError: the cluster cannot do its work.
    """
    try:
        ground_truth = read_ground_truth(truth)
        found = read_results(results, ground_truth)
        if executor == "local":
            return evaluate(ground_truth, found, kind, protocol, bootstrap)
        from trainers.ray_pool import spread  # only here: it is needed seldom

        return evaluate(ground_truth, found, kind, protocol, bootstrap, partial(spread, address))
    except FreeSoloError as error:
        raise UsageError(f"{results} cannot be scored against {truth}: {error}") from error


def show(scores: Scores, kind: Kind, as_json: bool) -> None:
    """Print the figures on standard output, as a table or one line of JSON."""
    if as_json:
        sys.stdout.write(json.dumps(_as_row(scores)) + "\n")
    else:
        Console().print(_as_table(scores, kind))


def _as_row(scores: Scores) -> dict[str, object]:
    figures = {name: round(value, 2) for name, value in scores.figures.items()}
    intervals = {f"{name}_95": [round(low, 2), round(high, 2)] for name, (low, high) in scores.intervals.items()}
    counts = {"objects": scores.objects, "detections": scores.detections, "images": scores.images}
    return {**figures, **counts, **intervals}


def _as_table(scores: Scores, kind: Kind) -> Table:
    counts = f"{scores.detections} {kind}, {scores.objects} objects, {scores.images} images"
    table = Table(caption=f"{counts}. In percent, higher is better.", caption_justify="left")
    table.add_column("figure")
    table.add_column("%", justify="right")
    if scores.intervals:
        table.add_column("95 % interval", justify="right")
    table.add_column("meaning")
    for name, value in scores.figures.items():
        cells = [name, _percent(value)]
        if scores.intervals:
            cells.append(" to ".join(map(_percent, scores.intervals.get(name, ()))))
        table.add_row(*cells, MEANINGS[name])
    return table


def _percent(value: float) -> str:
    """With two digits; a dash where no object has that size."""
    return "-" if value < 0 else f"{value:.2f}"
