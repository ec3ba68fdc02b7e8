"""What the Train screen shows before, while and after something is trained."""

from dataclasses import dataclass

from app.services import models
from app.services.training import decided
from app.services.training.improving import LEAST_ACCEPTED, STEPS
from app.services.workspace import Workspace
from app.store.records import InstanceState, Model


@dataclass(frozen=True)
class Plan:
    """What *Improve* would do now, and why."""

    is_ready: bool
    sentence: str


@dataclass(frozen=True)
class Overview:
    """The data there is, the plan, and the models."""

    states: dict[InstanceState, int]
    """Masks by state, over all images."""
    learnt_images: int
    """Images with decisions that training sees."""
    learnt_masks: int
    """Accepted masks on them."""
    held_images: int
    """Images with decisions that no training sees."""
    held_masks: int
    undecided_images: int
    changed_images: int
    """Images on which the last proposer found other masks than the one before."""
    plan: Plan
    models: list[Model]
    """Newest first."""
    in_use: str
    """Name of the proposer."""


def overview(ws: Workspace) -> Overview:
    """Everything at once."""
    parts = decided.reviewed(ws)
    with ws.store.read() as tx:
        states, changed = tx.images.by_state(), tx.images.count_changed()
        statuses, touched = tx.images.by_status(), len(tx.decisions.images_in_order())
    readable = sum(statuses.values()) - statuses["error"]
    learnt_masks = sum(image.accepted for image in parts.learnt)
    held_masks = sum(image.accepted for image in parts.held)
    return Overview(
        states=states,
        learnt_images=len(parts.learnt),
        learnt_masks=learnt_masks,
        held_images=len(parts.held),
        held_masks=held_masks,
        undecided_images=max(0, readable - touched),
        changed_images=changed,
        plan=_plan(len(parts.learnt), learnt_masks, len(parts.held), held_masks),
        models=models.list_all(ws),
        in_use=models.in_use(ws),
    )


def _plan(images: int, masks: int, held: int, held_masks: int) -> Plan:
    if masks < LEAST_ACCEPTED:
        missing = LEAST_ACCEPTED - masks
        return Plan(
            False,
            f"Accept {missing} more mask{'' if missing == 1 else 's'} first: ten reviewed images already make a difference. Every fifth "
            "image that you review is kept out of training, to compare models on.",
        )
    compare = (
        f"and then compared with the present proposals on the {held} reviewed image{'' if held == 1 else 's'} that no training sees. "
        "It is used only if it is better there."
        if held_masks
        else "but cannot be compared yet, since no held-out image has an accepted mask: review some more images to be sure."
    )
    return Plan(
        True,
        f"The network goes on from the one in use, for {STEPS} steps on your {masks} accepted masks on {images} images; what you "
        "rejected is background to it, what you marked unsure is left out, and undecided masks that are nearly certain help a "
        f"little. It is kept, {compare}",
    )
