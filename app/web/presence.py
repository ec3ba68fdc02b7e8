"""Who has the app open right now, and on which image: in memory only, and only what open pages say of themselves."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

GRACE_SECONDS = 5.0
"""How long a page counts as open after its last question; the next one comes at once unless it was closed."""


@dataclass(frozen=True)
class Page:
    """One open page."""

    who: str
    image_id: int | None
    """The image that its Review shows, or None."""


class Presence:
    """The open pages. Used inside the server's event loop alone, so it needs no lock."""

    def __init__(self) -> None:
        self._pages: dict[str, Page] = {}
        self._asking: dict[str, int] = {}
        """Questions of each page that wait for an answer."""
        self._until: dict[str, float] = {}
        """When a page that asks nothing is forgotten."""
        self._changed = asyncio.Event()
        self.closed = False

    def others(self, page: str) -> list[Page]:
        """Who else is here, in order of name and image."""
        now = time.monotonic()
        for name in [name for name, until in self._until.items() if until < now and not self._asking.get(name)]:
            del self._pages[name], self._until[name]
            self._asking.pop(name, None)
        found = [each for name, each in self._pages.items() if name != page]
        return sorted(found, key=lambda each: (each.who, each.image_id or 0))

    @contextmanager
    def asking(self, page: str, who: str, image_id: int | None) -> Iterator[None]:
        """The page is here for the block and some seconds more; an empty name is nobody's."""
        if not page:
            yield
            return
        if self._pages.get(page) != Page(who, image_id):
            self._pages[page] = Page(who, image_id)
            self._tell()
        self._asking[page] = self._asking.get(page, 0) + 1
        self._until[page] = float("inf")
        try:
            yield
        finally:
            self._asking[page] -= 1
            self._until[page] = time.monotonic() + GRACE_SECONDS

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
