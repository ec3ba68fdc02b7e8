"""The kinds of training, and which of them *Improve* takes from what there is, with the reason in words."""

from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from app.errors import TrainError
from app.services import models
from app.services.counted import counted
from app.services.training import decided
from app.services.workspace import Workspace
from freesolo.config import Config

Method = Literal["finetune", "selftrain", "pretrain"]
"""By the command of ``python -m trainers`` that does it."""

TITLES: dict[Method, str] = {
    "finetune": "Learn from decisions",
    "selftrain": "Learn from the images alone",
    "pretrain": "Adapt the backbone, then learn from the images alone",
}

STEPS = 300
LEAST_ACCEPTED = 5
"""Accepted masks to learn from, at least."""
LEAST_IMAGES = 20
"""Images for a training without labels, at least: one in twenty is kept out of it, to see whether it was of any use."""
MOST_IMAGES = 500
"""Images that a training without labels looks at, at most; more would mostly wait for their first masks."""


class Settings(Config):
    """Of one training."""

    method: Method | None = None
    """None: chosen from what there is when the training begins."""
    steps: int = Field(default=STEPS, ge=1)
    batch: int = Field(default=4, ge=1)
    """Images a step."""
    threads: int | None = Field(default=None, ge=1)
    """Of the training; None: one a core."""
    seed: int = Field(default=0, ge=0)


@dataclass(frozen=True)
class Facts:
    """What there is to learn from."""

    accepted: int
    """Masks on images that may be learnt from."""
    accepted_images: int
    """Those images, with whatever decisions."""
    rejected: int
    held: int
    """Images with decisions that no training sees."""
    held_accepted: int
    """Masks on them."""
    images: int
    """Readable and not held out, with decisions or without."""
    without_labels: str
    """Name of a model that was trained without labels and learnt from nothing else since, or empty."""


@dataclass(frozen=True)
class Option:
    """A kind of training."""

    method: Method
    title: str
    is_ready: bool
    sentence: str
    """What it does here, or what it lacks."""


@dataclass(frozen=True)
class Plan:
    """What *Improve* would do now, and why."""

    method: Method | None
    """None: nothing yet."""
    sentence: str
    options: list[Option]
    """All kinds, to be chosen from instead."""

    @property
    def is_ready(self) -> bool:
        """Whether there is anything to do."""
        return self.method is not None


def facts(ws: Workspace) -> Facts:
    """What there is to learn from, without reading every image."""
    parts = decided.reviewed(ws)
    with ws.store.read() as tx:
        statuses = tx.images.by_status()
    newest = next(iter(models.list_all(ws)), None)
    label_free = newest is not None and newest.kind in ("selftrain", "pretrain")
    return Facts(
        accepted=sum(image.accepted for image in parts.learnt),
        accepted_images=len(parts.learnt),
        rejected=sum(image.rejected for image in parts.learnt),
        held=len(parts.held),
        held_accepted=sum(image.accepted for image in parts.held),
        images=sum(statuses.values()) - statuses["error"] - len(parts.held),
        without_labels=models.name_of(newest.id) if newest is not None and label_free else "",
    )


def plan(known: Facts, steps: int = STEPS) -> Plan:
    """Which training of so many steps is the one to do, and why."""
    options = [_finetune(known, steps), _selftrain(known, steps), _pretrain(known, steps)]
    missing = LEAST_ACCEPTED - known.accepted
    if missing <= 0:
        return Plan("finetune", options[0].sentence, options)
    if options[1].is_ready and not known.without_labels:
        sentence = f"{_so_far(known)}, so Improve learns from the images alone. {options[1].sentence}"
        return Plan("selftrain", sentence, options)
    why = (
        f"{known.without_labels} has learnt from the images alone already, and a second round of that seldom helps. "
        if known.without_labels
        else ""
    )
    return Plan(None, f"{why}{options[0].sentence}", options)


def required(ws: Workspace, method: Method | None) -> Method:
    """The kind of training to do: the one asked for, or what `plan` chooses.

    Raises:
        TrainError: there is too little for it to learn from.
    """
    found = plan(facts(ws))
    wanted = method or found.method
    if wanted is None:
        raise TrainError(f"there is too little to learn from. {found.sentence}")
    option = next(option for option in found.options if option.method == wanted)
    if not option.is_ready:
        raise TrainError(f"there is too little to learn from. {option.sentence}")
    return wanted


def _finetune(known: Facts, steps: int) -> Option:
    missing = LEAST_ACCEPTED - known.accepted
    if missing > 0:
        sentence = (
            f"Accept {counted(missing, 'more mask')} first: ten reviewed images already make a difference. "
            "Every fifth image that you review is kept out of training, to compare models on."
        )
        return Option("finetune", TITLES["finetune"], False, sentence)
    sentence = (
        f"The network goes on from the one in use, for {steps} steps on your {counted(known.accepted, 'accepted mask')} on "
        f"{counted(known.accepted_images, 'image')}; what you rejected is background to it, what you marked unsure is left out, and "
        f"undecided masks that are nearly certain help a little. It is kept, {_comparison(known)}"
    )
    return Option("finetune", TITLES["finetune"], True, sentence)


def _selftrain(known: Facts, steps: int) -> Option:
    sentence = (
        f"The network in use and the proposer default find masks on {counted(min(known.images, MOST_IMAGES), 'image')}; it learns from "
        f"them for {steps} steps, without any decision, and goes back to where it was if its masks are then less steady in the mirrored "
        f"image. What comes of it is kept, {_comparison(known)}"
    )
    return _without_labels("selftrain", known, sentence)


def _pretrain(known: Facts, steps: int) -> Option:
    sentence = (
        f"The network's lower part learns to recognise places of your images in two views of them (DenseCL, {steps} steps); then a new "
        f"network on it learns from the masks that default finds on {counted(min(known.images, MOST_IMAGES), 'image')}. Slow, and worth a "
        f"try only where images look unlike photographs. It is kept, {_comparison(known)}"
    )
    return _without_labels("pretrain", known, sentence)


def _without_labels(method: Method, known: Facts, sentence: str) -> Option:
    is_ready = known.images >= LEAST_IMAGES
    lacking = f"A training without labels needs {LEAST_IMAGES} images, there are {known.images}: import more."
    return Option(method, TITLES[method], is_ready, sentence if is_ready else lacking)


def _so_far(known: Facts) -> str:
    if known.accepted:
        return f"{counted(known.accepted, 'accepted mask').capitalize()} are too few to learn from ({LEAST_ACCEPTED} are needed)"
    if known.rejected:
        return f"You have rejected {counted(known.rejected, 'mask')} and accepted none, which shows it no object"
    return "There are no decisions yet"


def _comparison(known: Facts) -> str:
    if known.held_accepted:
        return (
            f"and then compared with the present proposals on the {counted(known.held, 'reviewed image')} that no "
            "training sees. It is used only if it is better there."
        )
    return (
        "but cannot be compared yet, since no held-out image has an accepted mask: review some more images to be sure, or look at what "
        "it changes and choose."
    )
