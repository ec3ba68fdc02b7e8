"""Click to mask: candidates for what a person points at."""

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from app.web.routes.common import LARGEST_ID, ClickerOf, RowId

router = APIRouter()

_MOST_CLICKS = 200
_LONGEST_MASK = 4_000_000
_Pixels = Annotated[float, Field(ge=-1e6, le=1e6, allow_inf_nan=False)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Point(_Body):
    """One click, in pixels of the upright image."""

    x: _Pixels
    y: _Pixels
    adds: bool


class Clicks(_Body):
    """The clicks so far; `app.services.clicking.Clicker.click` says what the fields mean."""

    clicks: Annotated[list[Point], Field(max_length=_MOST_CLICKS)]
    box: tuple[_Pixels, _Pixels, _Pixels, _Pixels] | None = None
    base: Annotated[str, Field(max_length=_LONGEST_MASK)] | None = None
    instance_id: Annotated[int, Field(ge=1, le=LARGEST_ID)] | None = None


class Preparation(_Body):
    """What to do where an image has no merge trees yet."""

    make: bool = False


@router.post("/images/{image_id}/click")
def click(clicker: ClickerOf, image_id: RowId, body: Clicks) -> dict[str, Any]:
    """Masks that the clicks, or the box, can mean, best guess first; ``whole`` and ``part`` are places in this list, or null."""
    from freesolo.freemask.clicks import Box, Click

    clicks = [Click(point.x, point.y, point.adds) for point in body.clicks]
    box = None if body.box is None else Box(*body.box)
    answer = clicker.click(image_id, clicks, body.base, body.instance_id, box)
    masks = answer.masks
    rows = zip(masks.counts, masks.boxes, masks.areas, masks.scores, answer.wholes, answer.parts, strict=True)
    return {
        "candidates": [
            {
                "counts": counts.decode("ascii"),
                "bbox": box.tolist(),
                "area": int(area),
                "score": round(float(score), 4),
                "whole": whole,
                "part": part,
            }
            for counts, box, area, score, whole, part in rows
        ]
    }


@router.post("/images/{image_id}/click/prepare")
def prepare(clicker: ClickerOf, image_id: RowId, body: Preparation) -> dict[str, bool]:
    """Have an image ready, so that its first click is answered at once."""
    return {"ready": clicker.prepare(image_id, make=body.make)}
