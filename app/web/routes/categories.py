"""Names for masks, and which of them masks probably have."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from app.services import categories, naming
from app.web.routes.common import WorkspaceOf, suggestion_json

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


@router.get("/suggestions")
def suggestions(workspace: WorkspaceOf, ids: Annotated[list[int], Query(max_length=400)]) -> dict[str, Any]:
    """Names that these masks probably have, by mask; those without one are left out."""
    found = naming.suggestions(workspace, ids)
    return {str(key): suggestion_json(each) for key, each in found.items()}
