"""The kinds of jobs there are: what each one runs and which slot it takes.

Two sorts of slots, so that jobs do not fight for what they need:

``heavy``: one. The accelerator where there is one, else the cores: training and proposing both keep every core busy,
and two of them at once would both take twice as long. On a machine with an accelerator proposing takes it, too, and
shares it with nobody: what does not fit into its memory together would fail, not just wait.

``light``: as many as `LIGHT_SLOTS`. Work that mostly waits for a disk or a network, and must not wait for a training.

A job on a Ray cluster takes neither.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from app.errors import JobError
from app.jobs import compare, label_studio, probe, propose, train
from app.jobs.work import Work
from app.services.workspace import Workspace

Slot = Literal["heavy", "light"]

HEAVY_SLOTS = 1
LIGHT_SLOTS = 2
SLOTS: dict[Slot, int] = {"heavy": HEAVY_SLOTS, "light": LIGHT_SLOTS}


def _anything(_ws: Workspace, _args: Mapping[str, Any]) -> None:
    """Accept all arguments."""


@dataclass(frozen=True)
class Kind:
    """A kind of job."""

    name: str
    run: Callable[[Work], str]
    """Does the job, in a process of its own, and returns a sentence on the result. Started again after any end, it goes
    on where it was; errors it foresees are `AppError`s. Where the arguments hold ``batch``, it is halved once after the
    job ran out of memory."""
    slot: Slot
    can_pause: bool = True
    """Whether it can be stopped and go on later without starting over."""
    unit: str = "image"
    """What its progress counts."""
    verb: str = "Working"
    """What the header says while it runs."""
    check: Callable[[Workspace, Mapping[str, Any]], None] = _anything
    """Raises an AppError for arguments that make no sense, before the job is queued."""


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("propose", propose.run, "heavy", verb="Proposing", check=propose.check),
        Kind("train", train.run, "heavy", unit="step", verb="Training", check=train.check),
        Kind("probe", probe.run, "heavy", can_pause=False, unit="step", verb="Estimating", check=probe.check),
        Kind("compare", compare.run, "heavy", verb="Comparing", check=compare.check),
        Kind(label_studio.PUSH, label_studio.run_push, "light", verb="Pushing", check=label_studio.check_push),
        Kind(label_studio.PULL, label_studio.run_pull, "light", verb="Pulling", check=label_studio.check_pull),
    )
}


def kind_of(name: str) -> Kind:
    """The kind of this name.

    Raises:
        JobError: there is none, for example because a newer version of the app queued the job.
    """
    try:
        return KINDS[name]
    except KeyError:
        raise JobError(f"this version of the app has no jobs of kind {name!r}: it has {', '.join(KINDS)}") from None


def slot_of(name: str) -> Slot:
    """What a job of this kind takes; one that this version does not know only says so when it runs."""
    return KINDS[name].slot if name in KINDS else "light"
