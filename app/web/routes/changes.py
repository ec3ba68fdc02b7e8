"""What others do: a page asks what changed, and the answer waits until something has."""

import time
from typing import Annotated, Any
from zlib import crc32

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from app.services import changes as feed
from app.web.presence import Page
from app.web.routes.common import LARGEST_ID, PresenceOf, Who, WorkspaceOf
from app.web.routes.images import image_row

router = APIRouter()

_TICK = 0.4
"""Seconds between looks into the database while a question waits: jobs write to it from processes of their own."""
_LONGEST_WAIT = 25.0
"""Below the 30 s after which proxies tend to cut a silent connection."""

_Cursor = Annotated[int | None, Query(ge=0, le=LARGEST_ID)]


@router.get("/changes")
async def changes(
    request: Request,
    workspace: WorkspaceOf,
    presence: PresenceOf,
    who: Who,
    after: _Cursor = None,
    masks: _Cursor = None,
    others: Annotated[str, Query(max_length=16)] = "",
    page: Annotated[str, Query(max_length=64)] = "",
    image: Annotated[int | None, Query(ge=1, le=LARGEST_ID)] = None,
    wait: Annotated[float, Query(ge=0, le=_LONGEST_WAIT)] = 20.0,
) -> dict[str, Any]:
    """Changes after a place in the log (``after``) and a mask (``masks``), as soon as there are any, else after ``wait``.

    Without a place the answer says at once where to begin. ``page`` names the asking page and ``image`` what it shows,
    for the others; ``others`` is what the last answer called its list of them.
    """
    begin = None if after is None or masks is None else feed.Heads(after, masks)
    deadline = time.monotonic() + wait
    with presence.asking(page, who, image):
        while True:
            here = presence.others(page)
            now = await run_in_threadpool(feed.heads, workspace)
            late = time.monotonic() >= deadline or presence.closed
            if begin is None or begin != now or _digest(here) != others or late or await request.is_disconnected():
                break
            await presence.wait(_TICK)
        found = feed.Changes(now, [], many=False)
        if begin is not None and begin != now:
            found = await run_in_threadpool(feed.since, workspace, begin)
        return {
            "after": found.heads.log,
            "masks": found.heads.masks,
            "many": found.many,
            "images": [_change(change) for change in found.images],
            "others": _digest(here),
            "here": [{"who": each.who, "image_id": each.image_id} for each in here],
        }


class Goodbye(BaseModel):
    """A page that was closed or loaded anew."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    page: Annotated[str, Field(max_length=64)]


@router.post("/changes/leave")
async def leave(presence: PresenceOf, body: Goodbye) -> dict[str, Any]:
    """The others need not wait some seconds to hear that this page is gone."""
    presence.leave(body.page)
    return {}


def _change(change: feed.ImageChange) -> dict[str, Any]:
    return {
        "row": image_row(change.image),
        "revisions": change.revisions,
        "who": sorted(change.who),
        "new_masks": change.new_masks,
    }


def _digest(here: list[Page]) -> str:
    """A short name of who is here: a page that has heard of the same people need not be told again."""
    return f"{crc32(repr([(each.who, each.image_id) for each in here]).encode()):08x}"
