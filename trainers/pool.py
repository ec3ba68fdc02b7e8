"""Workers that survive each other: a dead one costs at most the image it had, and a new one takes its place.

`Pool` is what all kinds of workers have in common; `ProcessPool` has processes of this machine, `trainers.ray_pool`
those of a Ray cluster. (`concurrent.futures.ProcessPoolExecutor` gives up wholly when one of its processes is killed.)
"""

import multiprocessing
import os
import signal
import sys
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from multiprocessing.connection import Connection, wait
from types import TracebackType
from typing import ClassVar, Generic, TypeVar

from typing_extensions import Self

from trainers import worker
from trainers.errors import UsageError, WorkersError
from trainers.work_list import WorkItem
from trainers.worker import Finished, Ready, Refused

POLL_SECONDS = 0.2
"""How often ``stop`` is asked while the workers are busy."""

_DYING_SECONDS = 2.0
"""A dying process closes its connection a little before its exit code is known."""

_SPAWN = multiprocessing.get_context("spawn")  # a fork of a process with threads may hang; spawn is the same everywhere


class Dead(Exception):  # noqa: N818  (it is no error of the program's)
    """A worker will not answer any more; ``str()`` is what it died of, in words."""


class Member(ABC):
    """The parent's end of one worker."""

    CAPACITY: ClassVar[int]
    """Images that it may have at once; it works on one."""

    def __init__(self) -> None:
        self.identity: str | None = None
        """Of its proposer, once it has made it."""
        self.items: deque[WorkItem] = deque()
        """What it has, in the order in which it works on them."""

    @abstractmethod
    def give(self, item: WorkItem) -> None:
        """Add an image to what it has."""

    @abstractmethod
    def hear(self) -> Ready | Refused | Finished:
        """Its next message, which is there.

        Raises:
            Dead: there is none and will be none.
        """

    @abstractmethod
    def kill(self) -> None:
        """End the worker, if it has not ended."""


M = TypeVar("M", bound=Member)


class Pool(ABC, Generic[M]):
    """Workers that each answer one image at a time; a context manager that kills them at its end.

    Memory does not grow with the number of images: each worker has `Member.CAPACITY` of them, the parent one answer.
    """

    def __init__(self, start: Callable[[], M], workers: int, stop: Callable[[], bool]) -> None:
        """Start the workers; they make their proposers meanwhile.

        Args:
            start: starts one.
            workers: how many.
            stop: asked a few times a second; once true, `identity` and `run` end early.
        """
        self.workers = workers
        self._start = start
        self._stop = stop
        self._retried: set[str] = set()
        self._members = [start() for _ in range(workers)]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for member in self._members:
            member.kill()

    def identity(self) -> str | None:
        """The proposer's identity, as soon as one worker has made it; None when stopped.

        Raises:
            UsageError: there is no such proposer.
            WorkersError: it cannot be made on this machine, or the workers die of it.
        """
        while not self._stop():
            for member in self._members:
                if member.identity is not None:
                    return member.identity
            for member in self._speaking(self._members):
                self._hear(member, deque())
        return None

    def run(self, items: Iterable[WorkItem]) -> Iterator[Finished]:
        """Answers to all items, as they are finished; ends early when stopped.

        Raises:
            UsageError, WorkersError: as `identity`.
        """
        waiting = deque(items)
        while not self._stop():
            self._distribute(waiting)
            if not waiting and not any(member.items for member in self._members):
                return
            for member in self._speaking(self._members):
                answer = self._hear(member, waiting)
                if answer is not None:
                    yield answer

    @abstractmethod
    def _speaking(self, members: Sequence[M]) -> list[M]:
        """Workers that have said something, or died; waits for `POLL_SECONDS` at most."""

    def _distribute(self, waiting: deque[WorkItem]) -> None:
        """Give images to those that have the fewest, as far as there is room."""
        while waiting:
            able = [member for member in self._members if self._can_take(member, waiting[0])]
            if not able:
                return
            min(able, key=lambda member: len(member.items)).give(waiting.popleft())

    def _can_take(self, member: M, item: WorkItem) -> bool:
        if member.identity is None or not member.items:
            return member.identity is not None
        # one that a worker died of is alone with its next worker, so that no other is blamed for its deeds
        is_suspect = item.key in self._retried or member.items[0].key in self._retried
        return not is_suspect and len(member.items) < member.CAPACITY

    def _hear(self, member: M, waiting: deque[WorkItem]) -> Finished | None:
        """Take in one message; returns the answer to an image, if it is one."""
        try:
            message = member.hear()
        except Dead as death:
            return self._bury(member, str(death), waiting)
        if isinstance(message, Refused):
            raise UsageError(message.reason) if message.is_usage else WorkersError(message.reason)
        if isinstance(message, Ready):
            member.identity = message.identity
            return None
        member.items.popleft()
        return message

    def _bury(self, member: M, cause: str, waiting: deque[WorkItem]) -> Finished | None:
        """Replace a dead worker. Its image is tried once more, then given up: the answer says so."""
        self._members.remove(member)
        member.kill()
        if member.identity is None:  # it died of making its proposer, so would the next: go on with those that live
            if not self._members:
                raise WorkersError(f"the worker processes die, {cause}, while they load the proposer")
            return None
        given_up = None
        if member.items and member.items[0].key in self._retried:
            given_up = member.items.popleft()
        elif member.items:
            self._retried.add(member.items[0].key)
        waiting.extendleft(reversed(member.items))
        if waiting:
            self._members.append(self._start())
        if given_up is None:
            return None
        return Finished.failed(given_up, f"the worker process died, {cause}, on this image")


class ProcessPool(Pool["_Process"]):
    """Processes of this machine."""

    def __init__(self, proposer: str, workers: int, keep_hierarchies: bool, stop: Callable[[], bool]) -> None:
        """Start the processes.

        Args:
            proposer: name for `freesolo.proposers.make`.
            workers: number of processes.
            keep_hierarchies: answers carry region hierarchies.
            stop: as `Pool`.
        """
        super().__init__(partial(_Process, proposer, keep_hierarchies), workers, stop)

    def _speaking(self, members: Sequence["_Process"]) -> "list[_Process]":
        by_connection = {member.connection: member for member in members}
        return [by_connection[ready] for ready in wait(by_connection, POLL_SECONDS) if isinstance(ready, Connection)]


class _Process(Member):
    """The parent's end of one process."""

    CAPACITY = 1

    def __init__(self, proposer: str, keep_hierarchies: bool) -> None:
        super().__init__()
        self.connection: Connection[WorkItem, Ready | Refused | Finished]
        self.connection, theirs = _SPAWN.Pipe()
        self._process = _SPAWN.Process(target=worker.main, args=(theirs, proposer, keep_hierarchies), daemon=True)
        with environment(worker.ONE_THREAD):
            self._process.start()
        theirs.close()  # so that the connection ends with the process

    def give(self, item: WorkItem) -> None:
        self.items.append(item)
        with suppress(OSError):  # it died while idle: noticed at the next reading
            self.connection.send(item)

    def hear(self) -> Ready | Refused | Finished:
        try:
            return self.connection.recv()
        except (EOFError, OSError):  # its end is closed, perhaps in the middle of a message
            raise Dead(self._cause_of_death()) from None

    def kill(self) -> None:
        self._process.kill()
        self._process.join()
        self._process.close()
        self.connection.close()

    def _cause_of_death(self) -> str:
        self._process.join(_DYING_SECONDS)
        code = self._process.exitcode
        if code is None or code == -signal.SIGKILL:
            return "probably out of memory"
        return f"exit code {code}" if code >= 0 else f"by signal {-code} ({signal.strsignal(-code)})"


def usable_cores() -> int:
    """Cores that this process may run on."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def environment(values: dict[str, str]) -> Iterator[None]:
    """Environment variables for the processes that are started within."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
