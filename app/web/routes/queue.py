"""The queue as a whole: its order, look-alikes, and the images that were picked out."""

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from app.services import catalogue, ordering
from app.web.routes.common import LARGEST_ID, SurveyorOf, WorkspaceOf

router = APIRouter(prefix="/queue")

_MOST_PICKED = 100_000


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Arrangement(_Body):
    """The order that is asked for."""

    order: ordering.Order


class Picked(_Body):
    """Images for a list of their own."""

    image_ids: Annotated[list[Annotated[int, Field(ge=1, le=LARGEST_ID)]], Field(max_length=_MOST_PICKED)]


@router.get("")
def queue(workspace: WorkspaceOf, surveyor: SurveyorOf) -> dict[str, Any]:
    """How the queue is arranged, and what is being done to it; new images are looked at from now on."""
    surveyor.look()
    standing = ordering.standing(workspace)
    progress = surveyor.progress()
    special = catalogue.special(workspace)
    return {
        "order": standing.arrangement.order,
        "at": standing.arrangement.at,
        "unplaced": standing.unplaced,
        "new_proposals": standing.new_proposals,
        "new_groups": standing.new_groups,
        "arranging": progress.arranging,
        "looking": progress.looking,
        "error": progress.error,
        "alike": special.alike,
        "groups": special.groups,
        "picked": special.picked,
        "changed": special.changed,
    }


@router.post("/arrange")
def arrange(workspace: WorkspaceOf, surveyor: SurveyorOf, body: Arrangement) -> dict[str, Any]:
    """Arrange the queue anew; it is done when `queue` says that nothing is being arranged."""
    surveyor.arrange(body.order)
    return queue(workspace, surveyor)


@router.post("/picks")
def pick(workspace: WorkspaceOf, body: Picked) -> dict[str, int]:
    """Make these images the picked ones, instead of those before."""
    return {"picked": catalogue.pick(workspace, body.image_ids)}
