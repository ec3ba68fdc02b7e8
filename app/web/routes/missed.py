"""Where an object may have been missed; `POST /api/decisions` with the action dismiss says that none was."""

from typing import Any

from fastapi import APIRouter

from app.services import missed
from app.web.routes.common import RowId, WorkspaceOf

router = APIRouter()


@router.get("/images/{image_id}/missed")
def places(workspace: WorkspaceOf, image_id: RowId) -> dict[str, Any]:
    """Places that no mask covers, best first, or why that is not known."""
    found = missed.hunt(workspace, image_id)
    rows = zip(found.places.counts, found.places.boxes.tolist(), found.places.areas.tolist(), strict=True)
    return {
        "places": [{"counts": counts.decode("ascii"), "bbox": box, "area": area} for counts, box, area in rows],
        "unknown": found.unknown,
    }
