"""A disk with room for little: the closest to a full one that needs no disk."""

import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def small_disk(limit: int = 1000) -> Iterator[None]:
    """Files of this process cannot grow past ``limit`` bytes inside the block.

    A fixture would be too wide: pytest writes a test's result before its fixtures end, and dies when its own output is a
    longer file.
    """
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
