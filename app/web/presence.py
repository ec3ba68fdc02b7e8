"""Who has the app open right now, and on which image: in memory only, and only what open pages say of themselves."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

GRACE_SECONDS = 5.0
"""How long a page that did not say goodbye counts as open after its last question; the next one comes at once unless it is gone."""


@dataclass(frozen=True)
class Page:
    """One open page."""

    who: str
    image_id: int | None
    """The image that its Review shows, or None."""


@dataclass
class _Open:
    page: Page
    questions: set[object] = field(default_factory=set)
    """Those that wait for an answer."""
    until: float = 0.0
    """When it is forgotten, unless it asks."""


class Presence:
    """The open pages. Used inside the server's event loop alone, so it needs no lock."""

    def __init__(self) -> None:
        self._open: dict[str, _Open] = {}
        self._changed = asyncio.Event()
        self.closed = False

    def others(self, page: str) -> list[Page]:
        """Who else is here, in order of name and image."""
        now = time.monotonic()
        for name in [name for name, each in self._open.items() if not each.questions and each.until < now]:
            del self._open[name]
        found = [each.page for name, each in self._open.items() if name != page]
        return sorted(found, key=lambda each: (each.who, each.image_id or 0))

    @contextmanager
    def asking(self, page: str, who: str, image_id: int | None) -> Iterator[None]:
        """The page is here for the block and some seconds more; an empty name is nobody's."""
        if not page:
            yield
            return
        mine = self._open.setdefault(page, _Open(Page("", None)))
        if mine.page != Page(who, image_id):
            mine.page = Page(who, image_id)
            self._tell()
        question = object()
        mine.questions.add(question)
        try:
            yield
        finally:
            mine.questions.discard(question)
            mine.until = time.monotonic() + GRACE_SECONDS

    def leave(self, page: str) -> None:
        """The page says that it was closed or loaded anew, perhaps before its last question is known to be given up."""
        if self._open.pop(page, None) is not None:
            self._tell()

    async def wait(self, seconds: float) -> None:
        """Sleep, but no longer than until somebody comes or moves on, or the server stops."""
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._changed.wait(), seconds)

    def close(self) -> None:
        """The server stops: nobody waits any longer."""
        self.closed = True
        self._tell()

    def _tell(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
