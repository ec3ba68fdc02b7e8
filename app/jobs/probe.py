"""The kind of job that tells what a training will take."""

from dataclasses import asdict

from app.jobs import train
from app.jobs.work import Work
from app.services.training import probing
from app.services.training.told import Told

check = train.check
"""A probe needs what the training needs."""


def run(work: Work) -> str:
    """Take a few steps; the sentence says what they cost.

    Arguments of the job: those of the training.
    """

    def tell(told: Told) -> None:
        work.progress(told.done, told.total, None, None, told.phase)

    settings = train.settings_of(work.job.args)
    cost = probing.probe(work.ws, work.folder, settings, tell, work.stopped)
    if cost is None:
        return "starts over"
    work.event({"event": "cost", **asdict(cost)})
    return probing.sentence(cost, settings)
