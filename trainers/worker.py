"""A worker process: makes the proposer once, then answers one image at a time.

It writes nothing, so its parent may kill it at any moment. It ends with its parent, however that ends. `Worker` is the
work itself, for processes that something else starts, too.
"""

import ctypes
import hashlib
import os
import signal
import sys
import threading
import time
from dataclasses import dataclass
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING

import cv2

from freesolo import proposers
from freesolo.errors import ConfigError, FreeSoloError, ImageError
from freesolo.images import read_image
from freesolo.proposers import Proposer
from trainers.records import Failure, Record
from trainers.work_list import WorkItem

if TYPE_CHECKING:
    from freesolo.freemask.hierarchy import RegionHierarchy

_THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")

ONE_THREAD = dict.fromkeys(_THREAD_VARIABLES, "1")
"""Environment of a worker, needed before its first import: one process a core leaves no core for further threads."""


@dataclass(frozen=True)
class Ready:
    """The worker has made its proposer."""

    identity: str
    """Of the proposer."""


@dataclass(frozen=True)
class Refused:
    """The proposer cannot be made; the worker ends."""

    reason: str
    """One sentence."""
    is_usage: bool
    """Whether the name or a setting is at fault, not this machine."""


@dataclass(frozen=True)
class Finished:
    """The answer to one image."""

    key: str
    line: bytes
    """For the results file."""
    masks: int
    error: str | None
    """Why there are none, one sentence."""
    hierarchy: tuple[str, bytes] | None = None
    """File name and content."""

    @classmethod
    def failed(cls, item: WorkItem, reason: str) -> "Finished":
        """The answer where an image has no result."""
        return cls(item.key, Failure(item.key, item.path, reason).to_line(), 0, reason)


class Worker:
    """What a worker process does, whoever started it."""

    def __init__(self, proposer_name: str, keep_hierarchies: bool) -> None:
        """Nothing is loaded yet.

        Args:
            proposer_name: for `freesolo.proposers.make`.
            keep_hierarchies: answers carry region hierarchies, where the proposer has any.
        """
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent ends us in order
        self._name = proposer_name
        self._keep_hierarchies = keep_hierarchies

    def make(self) -> Ready | Refused:
        """Make the proposer, or say why it cannot be made."""
        try:
            self._proposer = proposers.make(self._name)
            identity = self._proposer.identity  # loads the weights, whose hash is part of it
        except FreeSoloError as error:
            return Refused(str(error), isinstance(error, ConfigError))
        except Exception as error:  # noqa: BLE001  a third party's factory may raise anything; its reason must reach the person
            reason = f"the proposer {self._name!r} cannot be made ({type(error).__name__}: {error})"
            return Refused(reason, is_usage=False)
        _use_one_thread()
        return Ready(identity)

    def answer(self, item: WorkItem) -> Finished:
        """Find the masks of one image, or say why there are none; only once `make` was `Ready`."""
        finished = _answer(item, self._proposer, self._keep_hierarchies)
        _return_free_memory()
        return finished


def main(
    connection: "Connection[Ready | Refused | Finished, WorkItem]", proposer_name: str, keep_hierarchies: bool
) -> None:
    """Body of the process: sends `Ready` or `Refused`, then one `Finished` for each `WorkItem` received, until killed.

    Args:
        connection: to the parent.
        proposer_name, keep_hierarchies: as `Worker`.
    """
    worker = Worker(proposer_name, keep_hierarchies)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    os.dup2(2, 1)  # the parent's standard output belongs to its events, whatever a library prints here
    greeting = worker.make()
    connection.send(greeting)
    while isinstance(greeting, Ready):
        connection.send(worker.answer(connection.recv()))


def _end_with_parent() -> None:
    parent = parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os._exit(1)


def _use_one_thread() -> None:
    cv2.setNumThreads(1)
    if (torch := sys.modules.get("torch")) is not None:  # a proposer without torch is spared its import
        torch.set_num_threads(1)


def _return_free_memory() -> None:
    """Hand back what glibc's allocator keeps for reuse: 0.2 GB that its other users could need, for 10 ms an image."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def _answer(item: WorkItem, proposer: Proposer, keep_hierarchies: bool) -> Finished:
    try:
        return _masks(item, proposer, keep_hierarchies)
    except ImageError as error:
        return Finished.failed(item, str(error))
    except Exception as error:  # noqa: BLE001  the boundary of one image: whatever it sets off, the others go on
        return Finished.failed(item, f"{item.path}: the proposer failed on it ({type(error).__name__}: {error})")


def _masks(item: WorkItem, proposer: Proposer, keep_hierarchies: bool) -> Finished:
    started = time.perf_counter()
    image = read_image(item.path)
    proposal = proposer.propose(image.pixels)
    if proposal.instances.size != (image.height, image.width):
        raise ValueError(f"masks of size {proposal.instances.size} for an image of {(image.height, image.width)}")
    hierarchy = _packed(item.key, proposal.hierarchy) if keep_hierarchies and proposal.hierarchy is not None else None
    record = Record(
        key=item.key,
        path=item.path,
        proposer=proposer.identity,
        seconds=time.perf_counter() - started,
        instances=proposal.instances,
        hierarchy=hierarchy and hierarchy[0],
        note=image.note,
    )
    return Finished(item.key, record.to_line(), len(record.instances), None, hierarchy)


def _packed(key: str, hierarchy: "RegionHierarchy") -> tuple[str, bytes]:
    """A file name that any file system takes, whatever the key holds, and the content."""
    name = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return f"{name}.npz", hierarchy.to_bytes()
