"""`python -m trainers ablate`: one of the paper's ablations at a chosen scale, beside the paper's figures."""

import json
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from freesolo.errors import WeightsError
from trainers.ablation import report
from trainers.ablation.draws import Draw, Scale, draw_all
from trainers.ablation.experiments import Experiment
from trainers.ablation.free_masks import Backbones, QueryScales, best_backbone, settings_file
from trainers.ablation.iterations import Iterations
from trainers.ablation.losses import full_against_weak, loss_terms
from trainers.ablation.report import RowResult
from trainers.ablation.semantics import Semantics
from trainers.ablation.study import Figures, Stopped, Study
from trainers.errors import UsageError
from trainers.results import write_whole
from trainers.scoring.published import PUBLISHED, Published
from trainers.scoring.truth import read_truth
from trainers.signals import caught_signals
from trainers.training.items import Selection, images_of
from trainers.training.settings import TrainSettings
from trainers.training.yaml_files import to_yaml
from trainers.work_list import printable

PAPER = "paper"
"""The teacher of the paper: its Free Mask, with a backbone that is at hand."""
_ALL_OF_THE_PAPERS = Selection(top=20, min_area=0, max_area=1)
_STARTED, _TABLE = "ablation.json", "table.json"


@dataclass(frozen=True)
class Asked:
    """What to run on what."""

    table: str
    folder: Path
    """Images to learn from."""
    truth: Path
    """COCO file that scores."""
    truth_images: Path | None
    out: Path
    scale: Scale
    teacher: str = PAPER
    backbones: tuple[str, ...] = ()
    """For Free Mask: of the registry, or files of `pretrain`; table 7a compares all, others take the first."""
    workers: int | None = None
    resume: bool = True
    as_events: bool = False
    as_json: bool = False


def run(asked: Asked, settings: TrainSettings) -> int:
    """Run what is missing of a table, write ``table.json`` and print it.

    Returns:
        The exit code: 0, or 128 plus the number of the signal that stopped it; what is finished is kept.

    Raises:
        UsageError: no row can be run, or the folder holds a run with other settings.
        TrainersError: a file cannot be written, or workers cannot do their work.
        FreeSoloError: an image or a mask is damaged.
    """
    with caught_signals() as signals:
        experiment = _experiment(asked)
        own = _own_folder(asked)
        study = Study(
            out=asked.out,
            settings=settings,
            teacher=_teacher(asked),
            selection=_ALL_OF_THE_PAPERS if asked.teacher == PAPER else Selection(),
            signals=signals,
            as_events=asked.as_events,
            workers=asked.workers,
        )
        draws = draw_all(asked.folder, read_truth(asked.truth, "masks", images=asked.truth_images), asked.scale)
        try:
            rows = [_row(experiment, study, name, draws, own) for name in experiment.rows]
        except Stopped as stopped:
            return stopped.code
    if not any(row.runs for row in rows):
        raise UsageError(f"no row of table {asked.table} can be run: {rows[0].note}")
    _conclude(asked, experiment, study, draws, rows)
    return 0


def _experiment(asked: Asked) -> Experiment:
    if asked.table == "7a":
        return Backbones(asked.backbones)
    if asked.table == "7b":
        return QueryScales(_backbone(asked))
    if asked.table == "7c":
        return Iterations()
    if asked.table == "7d":
        return full_against_weak()
    if asked.table == "7e":
        return loss_terms()
    return Semantics(asked.truth, images_of(asked.truth, asked.truth_images), asked.scale.labelled)


def _backbone(asked: Asked) -> str:
    return asked.backbones[0] if asked.backbones else best_backbone()


def _teacher(asked: Asked) -> str:
    if asked.teacher != PAPER:
        return asked.teacher
    return settings_file(asked.out / "teacher.json", backbone=_backbone(asked))


def _own_folder(asked: Asked) -> Path:
    """The table's folder, emptied where it is to be started anew and is one of ours."""
    own = asked.out / asked.table
    if not asked.resume and (own / _STARTED).is_file():
        shutil.rmtree(own)
    own.mkdir(parents=True, exist_ok=True)
    write_whole(own / _STARTED, json.dumps({"table": asked.table}).encode())
    return own


def _row(experiment: Experiment, study: Study, name: str, draws: list[Draw], own: Path) -> RowResult:
    """All repeats of a row. A row that cannot be run says why and does not hold up the others."""
    row = RowResult(name)
    missing = experiment.missing(name)
    if missing is not None:
        row.note = missing
        return row
    for number, draw in enumerate(draws, 1):
        sys.stderr.write(f"{name}, repeat {number} of {len(draws)}\n")
        folder = own / re.sub(r"[^\w.-]+", "-", name) / str(draw.seed)
        try:
            row.runs.append(_figures(experiment, study, name, draw, folder))
        except (UsageError, WeightsError) as error:
            row.note = str(error)
            sys.stderr.write(f"warning: {name}: {printable(str(error))}\n")
            break
    return row


def _figures(experiment: Experiment, study: Study, name: str, draw: Draw, folder: Path) -> Figures:
    return study.kept(folder, experiment.decides(name), draw, lambda: experiment.figures(study, name, draw, folder))


def _conclude(asked: Asked, experiment: Experiment, study: Study, draws: list[Draw], rows: list[RowResult]) -> None:
    """Write and print the table."""
    table = PUBLISHED[asked.table]
    judged = report.verdicts(table, rows, experiment.claims, experiment.figure)
    remark = _remark(asked, experiment, table, draws)
    how = {
        "remark": remark,
        "scale": asked.scale.model_dump(),
        "teacher": study.teacher,
        "settings": to_yaml(study.settings),
    }
    content = report.as_json(table, rows, judged, experiment.figure, how)
    write_whole(asked.out / asked.table / _TABLE, json.dumps(content, indent=1).encode())
    if asked.as_json:
        sys.stdout.write(json.dumps(content) + "\n")
        return
    console = Console()
    console.print(report.as_table(table, rows, remark))
    for sentence in (*report.as_sentences(judged, experiment.figure), *report.as_notes(rows)):
        console.print(sentence, highlight=False, markup=False)


def _remark(asked: Asked, experiment: Experiment, table: Published, draws: list[Draw]) -> str:
    scored, learned = len(draws[0].scored.items), len(draws[0].train)
    learns = "" if asked.table in ("7a", "7b") else f"; learned from {learned} images of {printable(asked.folder.name)}"
    times = f", {len(draws)} repeats (± their standard deviation)" if len(draws) > 1 else ""
    return (
        f"Here: scored on {scored} images of {printable(asked.truth.name)}{learns}{times}. {experiment.remark} "
        f"The paper's figures are of {' and '.join(table.data)}, at its own scale: compare the order, not the values."
    )
