"""How much memory processes hold."""

import threading
from collections.abc import Iterable
from contextlib import suppress

import psutil
from typing_extensions import Self

_SECONDS = 0.25


def memory_of(processes: Iterable[psutil.Process]) -> int:
    """Bytes that living processes hold; what they share counts in each."""
    total = 0
    for process in processes:
        with suppress(psutil.Error):
            total += process.memory_info().rss
    return total


class Peak:
    """Looks at all processes that this one has started, as long as the block lasts."""

    def __init__(self) -> None:
        self.bytes = 0
        """The most they held together at any look."""
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="memory", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        me = psutil.Process()
        while not self._ended.wait(_SECONDS):
            with suppress(psutil.Error):
                self.bytes = max(self.bytes, memory_of(me.children(recursive=True)))
