"""The kind of job that trains and, if that made the proposals better, proposes anew."""

from collections.abc import Mapping
from typing import Any

from app.errors import TrainError
from app.jobs.work import Work
from app.services import models
from app.services.training import improving
from app.services.training.methods import Settings, required
from app.services.training.told import Told
from app.services.workspace import Workspace
from freesolo.errors import ConfigError


def check(ws: Workspace, args: Mapping[str, Any]) -> None:
    """Raises TrainError where the settings make no sense or there is too little to learn from."""
    required(ws, settings_of(args).method)


def run(work: Work) -> str:
    """Train; a better model is used from then on, and proposes in a job of its own.

    Arguments of the job: those of `app.services.training.methods.Settings`.
    """

    def tell(told: Told) -> None:
        if told.event:
            work.event(told.event)
        seconds = told.event.get("seconds_a_step")
        left = told.event.get("seconds_left")
        work.progress(told.done, told.total, 1 / seconds if seconds else None, left, told.phase)

    improved = improving.improve(work.ws, work.folder, settings_of(work.job.args), tell, work.stopped)
    if improved is None:
        return "goes on from its last checkpoint"
    model, verdict = improved.model, improved.verdict
    model_id = None if model is None else model.id
    work.event({"event": "verdict", "model": model_id, "is_new": verdict.is_new, "sentence": verdict.sentence})
    if model_id is None:
        return verdict.sentence
    if verdict.is_new:
        with work.ws.store.write() as tx:
            tx.jobs.add("propose", {"proposer": models.name_of(model_id), "limit": None, "image_ids": None})
    return f"{models.name_of(model_id)}: {verdict.sentence}"


def settings_of(args: Mapping[str, Any]) -> Settings:
    """The settings that a job's arguments are.

    Raises:
        TrainError: they make no sense.
    """
    try:
        return Settings.from_dict(dict(args))
    except ConfigError as error:
        raise TrainError(f"the training cannot start: {error}") from error
