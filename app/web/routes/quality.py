"""The numbers, lists and maps of the Quality screen."""

from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from app.services import categories, goodness, naming
from app.services.quality import atlas, blind, checks, effort, outliers, pace
from app.web.routes.common import LARGEST_ID, WorkspaceOf

router = APIRouter(prefix="/quality")


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Answer(_Body):
    """What the person says of a mask now."""

    instance_id: Annotated[int, Field(ge=1, le=LARGEST_ID)]
    state: Literal["accepted", "rejected", "unsure"]


class Answers(_Body):
    """A round of the blind check."""

    answers: Annotated[list[Answer], Field(min_length=1, max_length=blind.MOST)]


@router.get("/progress")
def progress(workspace: WorkspaceOf) -> dict[str, Any]:
    """Pace, forecast, masks by state and category."""
    found = pace.progress(workspace)
    names = {category.id: category.name for category in categories.list_all(workspace)}
    return {
        "pace": asdict(found.pace),
        "forecast": found.forecast,
        "states": found.states,
        "categories": [{"name": names.get(each or 0, ""), **states} for each, states in found.categories],
        "goodness": goodness.summary(workspace).sentence,
        "naming": naming.summary(workspace),
    }


@router.get("/effort")
def planned(workspace: WorkspaceOf) -> dict[str, Any]:
    """What more minutes of review are worth."""
    return asdict(effort.effort(workspace))


@router.get("/checks")
def check(workspace: WorkspaceOf) -> dict[str, Any]:
    """Odd accepted masks by kind; to be asked again while images are waiting."""
    return asdict(checks.report(workspace))


@router.get("/outliers")
def outlying(workspace: WorkspaceOf) -> dict[str, Any]:
    """Decisions worth a second look, by kind."""
    found = outliers.outliers(workspace)
    return {"rows": {kind: [asdict(row) for row in rows] for kind, rows in found.items()}}


@router.get("/map")
def embedding_map(workspace: WorkspaceOf) -> dict[str, Any]:
    """The map of the masks; coordinates in thousandths."""
    found = atlas.atlas(workspace)
    points = (1000 * found.points).round().astype(int)
    return {
        "ids": found.ids.tolist(),
        "images": found.image_ids.tolist(),
        "states": found.states.tolist(),
        "x": points[:, 0].tolist(),
        "y": points[:, 1].tolist(),
        "total": found.total,
    }


@router.get("/blind")
def questions(workspace: WorkspaceOf, number: Annotated[int, Query(ge=1, le=blind.MOST)] = 20) -> dict[str, Any]:
    """Decided masks without their state, to be judged again."""
    return {
        "questions": [
            {
                "instance_id": each.instance.id,
                "image_id": each.image.id,
                "counts": each.instance.counts,
                "bbox": list(each.instance.bbox),
                "width": each.image.width,
                "height": each.image.height,
                "version": each.image.content_hash,
            }
            for each in blind.questions(workspace, number)
        ]
    }


@router.post("/blind")
def compare(workspace: WorkspaceOf, body: Answers) -> dict[str, Any]:
    """How far the answers agree with the decisions, which stay as they are."""
    answers = [blind.Answer(answer.instance_id, answer.state) for answer in body.answers]
    return asdict(blind.compare(workspace, answers))
