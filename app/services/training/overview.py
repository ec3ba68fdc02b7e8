"""What the Train screen shows before, while and after something is trained."""

from dataclasses import dataclass

from app.services import models
from app.services.training import methods
from app.services.training.methods import Plan
from app.services.workspace import Workspace
from app.store.records import InstanceState, Model


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
    known = methods.facts(ws)
    with ws.store.read() as tx:
        states, changed = tx.images.by_state(), tx.images.count_changed()
        statuses, touched = tx.images.by_status(), len(tx.decisions.images_in_order())
    readable = sum(statuses.values()) - statuses["error"]
    return Overview(
        states=states,
        learnt_images=known.accepted_images,
        learnt_masks=known.accepted,
        held_images=known.held,
        held_masks=known.held_accepted,
        undecided_images=max(0, readable - touched),
        changed_images=changed,
        plan=methods.plan(known),
        models=models.list_all(ws),
        in_use=models.in_use(ws),
    )
