"""Names for masks."""

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from app.services import categories
from app.web.routes.common import WorkspaceOf

router = APIRouter()


class NewCategory(BaseModel):
    """A name to be added."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(min_length=1, max_length=200)]


@router.post("/categories")
def add(workspace: WorkspaceOf, body: NewCategory) -> dict[str, Any]:
    """A new category; 409 where the name exists in whatever case."""
    category = categories.add(workspace, body.name)
    return {"id": category.id, "name": category.name}
