"""The queue, one image with its masks, and its picture. Pictures are served by database id, never by path."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from fastapi.responses import FileResponse

from app.services import catalogue, goodness, naming, pictures, review
from app.store.images import Only
from app.store.records import Image, ImageStatus
from app.web.routes.common import LARGEST_ID, RowId, WorkspaceOf, instance_json, suggestion_json
from freesolo.images import Window

router = APIRouter()

_LONGEST_PAGE = 1000
_FOR_EVER = "private, max-age=31536000, immutable"
_THUMBNAIL_TYPE = "image/webp"

_Percentile = Annotated[float | None, Query(ge=0, le=100)]
Version = Annotated[str, Query(alias="v", max_length=64)]


@router.get("/images")
def images(
    workspace: WorkspaceOf,
    status: ImageStatus | None = None,
    search: Annotated[str, Query(max_length=200)] = "",
    only: Only = "",
    offset: Annotated[int, Query(ge=0, le=LARGEST_ID)] = 0,
    limit: Annotated[int, Query(ge=1, le=_LONGEST_PAGE)] = 200,
) -> dict[str, Any]:
    """A stretch of the queue, in its kept order."""
    page = catalogue.list_images(workspace, status, search, only, offset, limit)
    return {
        "total": page.total,
        "rows": [{**image_row(row), "alike": page.alike.get(row.alike or 0, 0)} for row in page.rows],
    }


@router.get("/next")
def following(
    workspace: WorkspaceOf,
    after: Annotated[int | None, Query(ge=1, le=LARGEST_ID)] = None,
    status: ImageStatus = "todo",
) -> dict[str, int | None]:
    """The next image still to do; one that is begun counts as to do."""
    if status not in ("todo", "doing"):
        neighbour = None if after is None else catalogue.neighbours(workspace, after, status).next
        return {"id": neighbour}
    return {"id": catalogue.next_to_do(workspace, after)}


@router.get("/images/{image_id}")
def image(workspace: WorkspaceOf, image_id: RowId) -> dict[str, Any]:
    """An image with its masks, best score first."""
    found = review.load(workspace, image_id)
    row, place = found.image, found.neighbours
    # Only what was learnt from this project's decisions is told as an estimate.
    estimates = goodness.of_images(workspace, [image_id]) if goodness.estimates(workspace).calibrated else {}
    names = naming.suggestions(workspace, [each.id for each in found.instances if each.category_id is None])
    return {
        "id": row.id,
        "name": row.name,
        "width": row.width,
        "height": row.height,
        "status": row.status,
        "note": row.note,
        "error": row.error,
        "version": row.content_hash,
        "deep": pictures.is_deep(workspace, row),
        "revision": row.revision,
        "index": place.index,
        "total": place.total,
        "previous": place.previous,
        "next": place.next,
        "instances": [
            {**instance_json(each), "p": estimates.get(each.id), "suggested": suggestion_json(names.get(each.id))}
            for each in found.instances
        ],
    }


@router.get("/images/{image_id}/pixels")
def pixels(
    workspace: WorkspaceOf,
    image_id: RowId,
    version: Version = "",
    low: _Percentile = None,
    high: _Percentile = None,
    gamma: Annotated[float | None, Query(ge=0.05, le=20)] = None,
) -> Response:
    """The picture, upright, as the canvas shows it; of 16-bit and float images any range of values (percentiles)."""
    if (low, high, gamma) != (None, None, None):
        standard = Window()
        window = Window(
            standard.low if low is None else low,
            standard.high if high is None else high,
            standard.gamma if gamma is None else gamma,
        )
        picture = pictures.windowed(workspace, image_id, window)
        return Response(picture, media_type="image/jpeg", headers=_caching(workspace, image_id, version))
    path, media_type = pictures.display_file(workspace, image_id)
    return FileResponse(path, media_type=media_type, headers=_caching(workspace, image_id, version))


@router.get("/images/{image_id}/thumbnail")
def thumbnail(workspace: WorkspaceOf, image_id: RowId, version: Version = "") -> FileResponse:
    """The picture at 240 pixels."""
    path = pictures.thumbnail_file(workspace, image_id)
    return FileResponse(path, media_type=_THUMBNAIL_TYPE, headers=_caching(workspace, image_id, version))


def _caching(workspace: WorkspaceOf, image_id: int, version: str) -> dict[str, str]:
    """A picture asked for by its own version never changes; any other answer may."""
    same = version == catalogue.image(workspace, image_id).content_hash
    return {"cache-control": _FOR_EVER if same else "no-store"}


def image_row(row: Image) -> dict[str, Any]:
    """An image as lists show it."""
    names = ("id", "name", "status", "width", "height", "masks", "pending", "accepted", "rejected", "unsure")
    values: dict[str, Any] = {name: getattr(row, name) for name in (*names, "note", "error")}
    values["version"] = row.content_hash
    return values
