"""The HTTP API: thin routes over the services, all below ``/api``, JSON in and out.

Every error is ``{"error": sentence}`` with the status that fits. The routes are plain functions, so each runs in a
worker thread with database transactions of its own.
"""

from fastapi import APIRouter, HTTPException

from app.web.routes import (
    annotations,
    categories,
    changes,
    clicks,
    decisions,
    export,
    grid,
    images,
    jobs,
    label_studio,
    missed,
    overview,
    quality,
    queue,
    training,
    uploads,
)

router = APIRouter(prefix="/api")
for _module in (
    overview,
    images,
    changes,
    decisions,
    categories,
    jobs,
    uploads,
    export,
    grid,
    queue,
    training,
    missed,
    quality,
    clicks,
    label_studio,
    annotations,
):
    router.include_router(_module.router)


@router.api_route("/{path:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"], include_in_schema=False)
def unknown(path: str) -> None:
    """404 in the API's own words; without this route Gradio's page would answer."""
    raise HTTPException(404, f"there is no /api/{path[:100]}")
