"""What people decide: saved in batches, undone and redone, and told again."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from app.services import catalogue, history, review
from app.store.records import ImageStatus, InstanceState
from app.web.routes.common import LARGEST_ID, RowId, Who, WorkspaceOf, instance_json

router = APIRouter()

_Name = Annotated[str, Field(min_length=1, max_length=200)]
_Id = Annotated[int, Field(ge=1, le=LARGEST_ID)]
_Side = Annotated[int, Field(ge=0, le=10**6)]
_Revision = Annotated[int, Field(ge=0, le=LARGEST_ID)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Operation(_Body):
    """One decision; `app.services.review.Operation` says what the fields mean."""

    key: _Name
    image_id: _Id
    group: _Name
    action: review.Action
    instance_id: _Id | None = None
    instance_key: _Name | None = None
    revision: _Revision | None = None
    state: InstanceState | None = None
    category_id: _Id | None = None
    counts: str | None = None
    parent_id: _Id | None = None
    parent_key: _Name | None = None
    box: tuple[_Side, _Side, _Side, _Side] | None = None


class Decisions(_Body):
    """A batch of decisions, in their order."""

    operations: Annotated[list[Operation], Field(max_length=5000)]


class Nothing(_Body):
    """An empty body."""


@router.post("/decisions")
def decide(workspace: WorkspaceOf, who: Who, body: Decisions, response: Response) -> dict[str, Any]:
    """Save decisions; 409 where some conflict with what others saved meanwhile (the rest is saved)."""
    operations = [review.Operation(**operation.model_dump()) for operation in body.operations]
    outcome = review.apply(workspace, who, operations)
    answer: dict[str, Any] = {"saved": outcome.saved, "created": outcome.created, "images": outcome.image_status}
    if outcome.conflicts:
        response.status_code = 409
        answer["conflicts"] = [
            {
                "key": conflict.key,
                "instance": None if conflict.instance is None else instance_json(conflict.instance),
                "message": conflict.message,
            }
            for conflict in outcome.conflicts
        ]
    return answer


@router.post("/undo")
def undo(workspace: WorkspaceOf, who: Who, _body: Nothing) -> dict[str, Any]:
    """Take the reviewer's last step back, on whatever image it was."""
    return _undone(review.undo(workspace, who))


@router.post("/redo")
def redo(workspace: WorkspaceOf, who: Who, _body: Nothing) -> dict[str, Any]:
    """Bring the step back that was undone last."""
    return _undone(review.redo(workspace, who))


@router.get("/images/{image_id}/history")
def told(workspace: WorkspaceOf, image_id: RowId) -> dict[str, Any]:
    """What was decided on an image, the newest step first."""
    catalogue.image(workspace, image_id)  # 404 where there is none
    return {"events": [asdict(event) for event in history.of_image(workspace, image_id)]}


def _undone(undone: review.Undone | None) -> dict[str, Any]:
    if undone is None:
        return {"image_id": None}
    status: ImageStatus = undone.image_status
    return {
        "image_id": undone.image_id,
        "instances": [instance_json(instance) for instance in undone.instances],
        "image_status": status,
        "what": undone.what,
    }
