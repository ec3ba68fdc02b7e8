"""What the variants of an ablation share: their folder, coarse masks, training and scoring, and figures that are kept."""

import hashlib
import json
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from freesolo.evaluation import evaluate
from freesolo.images import read_image
from freesolo.solo.proposer import SoloProposer
from trainers.ablation.draws import Draw
from trainers.commands.train import Run, train
from trainers.errors import UsageError
from trainers.events import JsonLines, ProgressBar
from trainers.extract import ExtractSettings, extract
from trainers.records import Record, latest
from trainers.results import ResultsFile, write_whole
from trainers.scored import read_results
from trainers.training import items
from trainers.training.items import Items, Selection
from trainers.training.settings import TrainSettings
from trainers.training.yaml_files import to_yaml
from trainers.work_list import WorkItem, printable

Figures = dict[str, float]
_MARK, _FIGURES = "variant.json", "figures.json"


class Stopped(Exception):  # noqa: N818 - no error: the person stopped the work
    """A signal ended the work; what is finished is kept."""

    def __init__(self, code: int) -> None:
        """``code``: the command's exit code."""
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Study:
    """The run of one table."""

    out: Path
    """Folder of all runs and figures."""
    settings: TrainSettings
    """Of each training; variants change what they are about."""
    teacher: str
    """Finds the coarse masks: a name for `freesolo.proposers.make`."""
    selection: Selection
    """Which of the coarse masks are learned from."""
    signals: Sequence[int] = ()
    """Those caught so far; any ends the work."""
    as_events: bool = False
    """JSON lines on standard output instead of bars."""
    workers: int | None = None
    _coarse: set[str] = field(default_factory=set, init=False)
    """Keys of the images whose coarse masks this process has seen to."""

    def kept(self, folder: Path, decides: str, draw: Draw, make: Callable[[], Figures]) -> Figures:
        """Figures that are made once; a later run with the same settings and images reads them.

        Args:
            folder: of the variant and repeat.
            decides: what the figures depend on besides the images and the study's settings.
            draw: the images.
            make: makes them, in the folder.

        Raises:
            UsageError: the folder holds a run with other settings or images.
        """
        mark = json.dumps({"of": _digest(self, decides, draw)}).encode()
        if (folder / _MARK).is_file() and (folder / _MARK).read_bytes() != mark:
            raise UsageError(
                f"{printable(folder)} holds an ablation with other settings or images: name another --out, or start anew with --no-resume"
            )
        if (folder / _FIGURES).is_file():
            return dict(json.loads((folder / _FIGURES).read_bytes()))
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / _MARK, mark)
        figures = make()
        write_whole(folder / _FIGURES, json.dumps(figures).encode())
        return figures

    def found(self, images: Sequence[WorkItem], proposer: str, out: Path) -> Path:
        """Masks of all images by a proposer, in a results file.

        Raises:
            Stopped: before all were finished.
            TrainersError: as `trainers.extract.extract`.
        """
        with ExitStack() as stack:
            reporter = JsonLines() if self.as_events else stack.enter_context(ProgressBar())
            settings = ExtractSettings(out=out, proposer=proposer, workers=self.workers)
            if not extract(images, settings, reporter, lambda: bool(self.signals)):
                raise Stopped(128 + self.signals[0])
        return out

    def coarse_file(self, draw: Draw, out: Path) -> Path:
        """The teacher's masks of a draw's images to learn from, in a results file of their own.

        All draws' masks are found once and kept in the study's folder.
        """
        everything = self.out / "coarse.jsonl"
        chosen = {item.key for item in draw.train}
        if not chosen <= self._coarse:
            self.found(draw.train, self.teacher, everything)
            self._coarse.update(chosen)
        out.parent.mkdir(parents=True, exist_ok=True)
        with ResultsFile(out, resume=False) as results:
            for record in latest(everything):
                if isinstance(record, Record) and record.key in chosen:
                    results.append(record.to_line())
        return out

    def coarse(self, draw: Draw, folder: Path) -> Items:
        """What a draw's training starts from."""
        return items.of_results(self.coarse_file(draw, folder / "coarse.jsonl"), self.selection)

    def trained(
        self, data: Items, settings: TrainSettings, folder: Path, draw: Draw, start: Path | None = None
    ) -> Path:
        """The weights of one training.

        Raises:
            Stopped: before it was finished; the next run goes on from there.
            TrainersError, FreeSoloError: as `trainers.commands.train.train`.
        """
        where = Run(
            folder, start, as_events=self.as_events, trained_on=f"{data.masks} masks on {len(data.items)} images"
        )
        path = train(data, self.seeded(draw, settings), where, lambda: bool(self.signals))
        if path is None:
            raise Stopped(128 + self.signals[0])
        return path

    def seeded(self, draw: Draw, settings: TrainSettings | None = None) -> TrainSettings:
        """The settings with the draw's seed."""
        return (settings or self.settings).model_copy(update={"seed": draw.seed})

    def scored_file(self, draw: Draw, results: Path) -> Figures:
        """Figures of a results file on the draw's images to score."""
        found = read_results(results, draw.scored.data)
        has_masks = bool(found["annotations"]) if isinstance(found, dict) else bool(found)
        return evaluate(draw.scored.data, found).figures if has_masks else nothing_found()

    def scored(self, draw: Draw, weights: Path, classes: bool = False) -> Figures:
        """Figures of a trained SOLO on the draw's images to score.

        Raises:
            Stopped: before all were looked at.
        """
        proposer = SoloProposer.from_file(weights)
        numbers = {row["name"]: row["id"] for row in draw.scored.data.get("categories", [])}
        images = {row["file_name"]: row["id"] for row in draw.scored.data["images"]}
        rows: list[dict[str, Any]] = []
        for item in draw.scored.items:
            if self.signals:
                raise Stopped(128 + self.signals[0])
            found = proposer.propose(read_image(item.path).pixels).instances
            names = found.categories or [None] * len(found)
            for code, score, name in zip(found.rles(), found.scores.tolist(), names, strict=True):
                rows.append({"image_id": images[item.key], "segmentation": code, "score": score})
                if classes:
                    rows[-1]["category_id"] = numbers.get(name)
        return evaluate(draw.scored.data, rows, classes=classes).figures if rows else nothing_found()


def nothing_found() -> Figures:
    """Figures where no image has a single mask."""
    names = ("AP", "AP50", "AP75", "AR1", "AR10", "AR100", "AR_small", "AR_medium", "AR_large")
    return dict.fromkeys(names, 0.0)


def with_loss(settings: TrainSettings, **weights: float) -> TrainSettings:
    """The settings with other weights of some loss terms."""
    return settings.model_copy(update={"loss": settings.loss.model_copy(update=weights)})


def only(data: Items, keep: Callable[[Path], bool]) -> Items:
    """The images of a training set whose files are wanted."""
    return replace(data, items=tuple(item for item in data.items if keep(item.path)))


def _digest(study: Study, decides: str, draw: Draw) -> str:
    everything = {
        "decides": decides,
        "settings": to_yaml(study.seeded(draw)),
        "teacher": study.teacher,
        "selection": vars(study.selection),
        "train": [item.key for item in draw.train],
        "scored": [item.key for item in draw.scored.items],
    }
    return hashlib.sha256(json.dumps(everything, sort_keys=True).encode()).hexdigest()
