"""`python -m trainers selftrain`: predict on the training images, train on that, and keep what is better (paper 3.3)."""

import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from freesolo.solo.weights import load, to_bytes
from trainers import work_list
from trainers.commands.train import WEIGHTS, Run, train
from trainers.events import JsonLines, ProgressBar
from trainers.extract import ExtractSettings, extract
from trainers.results import write_whole
from trainers.signals import caught_signals
from trainers.training import items
from trainers.training.events import to_standard_output
from trainers.training.items import Items, Selection
from trainers.training.ranks import Ranks, ranks
from trainers.training.rounds import Judge, Plan, calibrated, targets
from trainers.training.settings import TrainSettings
from trainers.work_list import WorkItem

COARSE, PREDICTIONS, TARGETS = "coarse.jsonl", "predictions.jsonl", "targets.jsonl"
CALIBRATION_IMAGES = 200


def run(
    source: Path, teacher: str, selection: Selection, settings: TrainSettings, plan: Plan, judge: Judge, where: Run
) -> int:
    """All rounds; the best weights go to the run's folder.

    Args:
        source: a folder of images, or results of `propose` (.jsonl).
        teacher: proposes masks for a folder.
        selection: which of its masks the first round learns from.
        settings: of each round's training.
        plan: of the rounds.
        judge: says which round is better.
        where: the folder; its `Run.start` are weights of the first round, which is not trained then.

    Returns:
        The exit code: 0, or 128 plus the number of the signal that stopped it.

    Raises:
        TrainersError: as `trainers.commands.train.train` and `trainers.extract.extract`.
        FreeSoloError: a mask or an image is damaged.
    """
    with caught_signals() as signals, ranks() as own:
        rounds = _Rounds(selection, settings, plan, judge, where, own, lambda: bool(signals))
        found = rounds.coarse(source, teacher)
        path = found and rounds.all(found)
        return 0 if path else 128 + signals[0]


class _Rounds:
    """The rounds of one run. What only the first rank does, the others wait for."""

    def __init__(
        self,
        selection: Selection,
        settings: TrainSettings,
        plan: Plan,
        judge: Judge,
        where: Run,
        own: Ranks,
        stop: Callable[[], bool],
    ) -> None:
        self._selection = selection
        self._settings = settings
        self._plan = plan
        self._judge = judge
        self._where = where
        self._own = own
        self._stop = stop

    def coarse(self, source: Path, teacher: str) -> Path | None:
        """The teacher's results; None when stopped."""
        if source.suffix == ".jsonl":
            return source
        out = self._where.out / COARSE
        return out if self._extracted(work_list.of_folder(source).items, teacher, out) else None

    def all(self, coarse: Path) -> Path | None:
        """Train, predict and train again; the weights file, or None when stopped."""
        everything = items.of_results(coarse, self._selection)
        for sentence in everything.left_out:
            sys.stderr.write(f"warning: left out: {sentence}\n")
        held, data = _split(everything, self._plan)
        best = self._where.start or self._trained(data, 0, None)
        if best is None:
            return None
        reached = self._judged(best, held)
        for number in range(1, self._plan.rounds + 1):
            following = self._targets(best, coarse, number, data)
            weights = following and self._trained(following, number, None if self._plan.fresh else best)
            if not following or not weights:
                return None
            data = following
            figure = self._judged(weights, held)
            if self._own.is_first and self._where.as_events:
                to_standard_output().round(number, self._judge.name, reached, figure)
            if figure <= reached:
                self._say(
                    f"round {number} is no better ({self._judge.name} {figure:.4f} <= {reached:.4f}): the one before is kept"
                )
                break
            self._say(f"round {number} is better ({self._judge.name} {figure:.4f} > {reached:.4f})")
            best, reached = weights, figure
        return self._finished(best, coarse, everything)

    def _trained(self, data: Items, number: int, start: Path | None) -> Path | None:
        where = replace(self._where, out=self._where.out / f"round{number}", start=start)
        sentence = f"round {number}: {data.masks} masks on {len(data.items)} images"
        return train(data, self._settings, replace(where, trained_on=sentence), self._stop)

    def _targets(self, weights: Path, coarse: Path, number: int, before: Items) -> Items | None:
        """What the round learns from; None when stopped."""
        folder = self._where.out / f"round{number}"
        images = [WorkItem(str(item.path), str(item.path)) for item in before.items]
        if not self._extracted(images, str(weights), folder / PREDICTIONS):
            return None
        if self._own.is_first:
            targets(coarse, folder / PREDICTIONS, folder / TARGETS, self._plan, load(weights).space)
        self._own.wait()
        return items.of_results(folder / TARGETS, self._plan.selection(folder / TARGETS, before.masks))

    def _finished(self, weights: Path, coarse: Path, everything: Items) -> Path | None:
        """The weights with what their and the teacher's scores are worth."""
        step = -(-len(everything.items) // CALIBRATION_IMAGES)
        images = [WorkItem(str(item.path), str(item.path)) for item in everything.items[::step]]
        own = self._where.out / PREDICTIONS
        if not self._extracted(images, str(weights), own):
            return None
        out = self._where.out / WEIGHTS
        if self._own.is_first:
            model = load(weights)
            write_whole(out, to_bytes(model.network, calibrated(model.card, own, coarse), model.space))
        self._own.wait()
        return out

    def _extracted(self, images: list[WorkItem], proposer: str, out: Path) -> bool:
        """Masks of all images into a results file, on the first rank; false when stopped."""
        is_done = True
        if self._own.is_first:
            with ExitStack() as stack:
                reporter = JsonLines() if self._where.as_events else stack.enter_context(ProgressBar())
                settings = ExtractSettings(out=out, proposer=proposer, resume=self._where.resume)
                is_done = extract(images, settings, reporter, self._stop)
        return not self._own.any(not is_done)

    def _judged(self, weights: Path, held: Items) -> float:
        figure = self._judge.figure(weights, [item.path for item in held.items]) if self._own.is_first else 0.0
        return self._own.sum(figure)

    def _say(self, sentence: str) -> None:
        if self._own.is_first:
            sys.stderr.write(sentence + "\n")


def _split(everything: Items, plan: Plan) -> tuple[Items, Items]:
    """Images that only compare rounds, evenly spread, and those to train on."""
    count = min(plan.held, len(everything.items) // 20)
    places = set(range(0, len(everything.items), len(everything.items) // count)[:count]) if count else set()
    held = tuple(item for place, item in enumerate(everything.items) if place in places)
    kept = tuple(item for place, item in enumerate(everything.items) if place not in places)
    return replace(everything, items=held or kept[:1]), replace(everything, items=kept)
