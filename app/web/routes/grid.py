"""Masks of all images: lists for the Grid, their crops, look-alike groups, P(good) and what bulk accept promises."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict, Field

from app.services import crops, goodness, grid, promise
from app.store.mask_columns import MaskRow
from app.store.records import InstanceState
from app.web.routes.common import LARGEST_ID, RowId, WorkspaceOf

router = APIRouter()

_FOR_EVER = "private, max-age=31536000, immutable"
_Share = Annotated[float, Query(ge=0, le=1)]
_Id = Annotated[int, Field(ge=1, le=LARGEST_ID)]


@router.get("/grid")
def masks(
    workspace: WorkspaceOf,
    order: grid.Order = "best",
    state: Annotated[list[InstanceState] | None, Query()] = None,
    category: Annotated[int | None, Query(ge=0, le=LARGEST_ID)] = None,
    minimum: _Share = 0.0,
    group: Annotated[int | None, Query(ge=1, le=LARGEST_ID)] = None,
    like: Annotated[int | None, Query(ge=1, le=LARGEST_ID)] = None,
    limit: Annotated[int, Query(ge=1, le=grid.LONGEST)] = 4000,
) -> dict[str, Any]:
    """The masks that match, as columns."""
    states = tuple(state or ("pending",))
    found = grid.listed(workspace, grid.Wanted(states, category, minimum, order, group, like), limit)
    p = [round(each, 4) for each in found.p]
    return {"total": found.total, "calibrated": found.calibrated, **_columns(found.rows), "p": p}


@router.get("/grid/now")
def now(workspace: WorkspaceOf, ids: Annotated[list[int], Query(max_length=200)]) -> dict[str, Any]:
    """How these masks are now, as columns."""
    return _columns(grid.now(workspace, ids))


@router.get("/grid/groups")
def groups(workspace: WorkspaceOf, order: grid.Order = "best") -> dict[str, Any]:
    """Look-alike groups with pending masks."""
    return {"groups": [asdict(group) for group in grid.groups(workspace, order)]}


@router.get("/instances/{instance_id}/crop")
def crop(workspace: WorkspaceOf, instance_id: RowId, version: Annotated[int, Query(alias="v")] = -1) -> FileResponse:
    """The mask in its surroundings, WebP."""
    path, revision = crops.crop_file(workspace, instance_id)
    headers = {"cache-control": _FOR_EVER if version == revision else "no-store"}
    return FileResponse(path, media_type="image/webp", headers=headers)


@router.get("/goodness")
def estimates(workspace: WorkspaceOf) -> dict[str, Any]:
    """Whether P(good) is calibrated, how well, and what is missing."""
    return asdict(goodness.summary(workspace))


@router.get("/promises")
def promises(workspace: WorkspaceOf) -> dict[str, Any]:
    """What accepting everything above each threshold would mean."""
    found = [{"minimum": each.minimum, **asdict(each.promise)} for each in promise.offers(workspace)]
    return {"offers": found, "audit": promise.AUDIT, "sentence": goodness.summary(workspace).sentence}


class Audited(BaseModel):
    """What a blind audit found, and the masks that it speaks for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    ids: Annotated[list[_Id], Field(min_length=1, max_length=grid.LONGEST)]
    minimum: Annotated[float, Field(ge=0, le=1)]
    good: Annotated[int, Field(ge=0, le=1000)]
    wrong: Annotated[int, Field(ge=0, le=1000)]


@router.post("/promises")
def after_audit(workspace: WorkspaceOf, body: Audited) -> dict[str, Any]:
    """The promise for the rest, once some were looked at."""
    return asdict(promise.of_masks(workspace, body.ids, body.minimum, body.good, body.wrong))


def _columns(rows: list[MaskRow]) -> dict[str, Any]:
    return {
        "ids": [row.id for row in rows],
        "image_ids": [row.image_id for row in rows],
        "revisions": [row.revision for row in rows],
        "states": [row.state for row in rows],
        "categories": [row.category_id for row in rows],
        "scores": [round(row.score, 4) for row in rows],
    }
