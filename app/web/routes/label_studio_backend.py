"""The protocol of Label Studio's machine learning backends, below ``/ml/<secret>``: Label Studio asks, this app answers."""

import hmac
from typing import Any

from fastapi import APIRouter, Depends, HTTPException
from pydantic import BaseModel

from app.labelstudio import backend
from app.labelstudio.planning import MODEL
from app.labelstudio.secret import secret
from app.web.routes import training
from app.web.routes.common import ClickerOf, WorkspaceOf


def _known(workspace: WorkspaceOf, given: str) -> None:
    if not hmac.compare_digest(given.encode(), secret(workspace).encode()):
        raise HTTPException(404, "there is nothing here: connect Label Studio again with python -m app ml-backend")


router = APIRouter(prefix=backend.PREFIX + "{given}", dependencies=[Depends(_known)], include_in_schema=False)


class Question(BaseModel):
    """Label Studio's wish for masks; what else it says is not needed."""

    tasks: list[dict[str, Any]]
    params: dict[str, Any] | None = None


class Message(BaseModel):
    """What Label Studio tells."""

    action: str


@router.get("/health")
def health() -> dict[str, str]:
    """Here we are."""
    return {"status": "UP", "model_class": backend.TITLE}


@router.post("/setup")
def setup() -> dict[str, str]:
    """Who answers. The question holds its asker's token, which is not read."""
    return {"model_version": MODEL}


@router.get("/versions")
def versions() -> dict[str, list[str]]:
    """There is one: the workspace's masks as they are."""
    return {"versions": [MODEL]}


@router.post("/predict")
def predict(workspace: WorkspaceOf, clicker: ClickerOf, body: Question) -> dict[str, Any]:
    """The masks of images, or the one that somebody points at."""
    return {"results": backend.predict(workspace, clicker, body.tasks, (body.params or {}).get("context"))}


@router.post("/webhook")
def webhook(workspace: WorkspaceOf, body: Message) -> dict[str, Any]:
    """Its *Start training* is *Improve* here; other messages say nothing new."""
    return {"job": training.start(workspace, training.Start())} if body.action == "START_TRAINING" else {}
