"""Worker processes that survive each other: a dead one costs at most the image it had, and a new one takes its place.

(`concurrent.futures.ProcessPoolExecutor` gives up wholly when one of its processes is killed.)
"""

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from multiprocessing.connection import Connection, wait
from types import TracebackType

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


class Pool:
    """Processes that each answer one image at a time; a context manager that kills them at its end.

    Memory does not grow with the number of images: each worker holds one image, the parent one answer.
    """

    def __init__(self, proposer: str, workers: int, keep_hierarchies: bool, stop: Callable[[], bool]) -> None:
        """Start the processes; they make their proposers meanwhile.

        Args:
            proposer: name for `freesolo.proposers.make`.
            workers: number of processes.
            keep_hierarchies: answers carry region hierarchies.
            stop: asked a few times a second; once true, `identity` and `run` end early.
        """
        self._start = partial(_Worker, proposer, keep_hierarchies)
        self._stop = stop
        self._retried: set[str] = set()
        self._workers = [self._start() for _ in range(workers)]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for member in self._workers:
            member.kill()

    def identity(self) -> str | None:
        """The proposer's identity, as soon as one worker has made it; None when stopped.

        Raises:
            UsageError: there is no such proposer.
            WorkersError: it cannot be made on this machine, or the workers die of it.
        """
        while not self._stop():
            for member in self._workers:
                if member.identity is not None:
                    return member.identity
            for member in self._speaking():
                self._hear(member, deque())
        return None

    def run(self, items: Iterable[WorkItem]) -> Iterator[Finished]:
        """Answers to all items, as they are finished; ends early when stopped.

        Raises:
            UsageError, WorkersError: as `identity`.
        """
        waiting = deque(items)
        while not self._stop():
            for member in self._workers:
                if waiting and member.is_idle:
                    member.give(waiting.popleft())
            if not waiting and not any(member.item for member in self._workers):
                return
            for member in self._speaking():
                answer = self._hear(member, waiting)
                if answer is not None:
                    yield answer

    def _speaking(self) -> "list[_Worker]":
        """Workers that have said something, or died."""
        by_connection = {member.connection: member for member in self._workers}
        return [by_connection[ready] for ready in wait(by_connection, POLL_SECONDS) if isinstance(ready, Connection)]

    def _hear(self, member: "_Worker", waiting: deque[WorkItem]) -> Finished | None:
        """Take in one message; returns the answer to an image, if it is one."""
        try:
            message = member.connection.recv()
        except (EOFError, OSError):  # its end is closed, perhaps in the middle of a message
            return self._bury(member, waiting)
        if isinstance(message, Refused):
            raise UsageError(message.reason) if message.is_usage else WorkersError(message.reason)
        if isinstance(message, Ready):
            member.identity = message.identity
            return None
        member.item = None
        return message

    def _bury(self, member: "_Worker", waiting: deque[WorkItem]) -> Finished | None:
        """Replace a dead worker. Its image is tried once more, then given up: the answer says so."""
        self._workers.remove(member)
        cause = member.cause_of_death()
        member.kill()
        if member.identity is None:  # it died of making its proposer, so would the next: go on with those that live
            if not self._workers:
                raise WorkersError(f"the worker processes die, {cause}, while they load the proposer")
            return None
        lost = member.item
        if lost is not None and lost.key not in self._retried:
            self._retried.add(lost.key)
            waiting.appendleft(lost)
            lost = None
        if waiting:
            self._workers.append(self._start())
        return None if lost is None else Finished.failed(lost, f"the worker process died, {cause}, on this image")


class _Worker:
    """The parent's end of one process."""

    def __init__(self, proposer: str, keep_hierarchies: bool) -> None:
        self.connection: Connection[WorkItem, Ready | Refused | Finished]
        self.connection, theirs = _SPAWN.Pipe()
        self.identity: str | None = None
        """Of its proposer, once it has made it."""
        self.item: WorkItem | None = None
        """What it works on."""
        self._process = _SPAWN.Process(target=worker.main, args=(theirs, proposer, keep_hierarchies), daemon=True)
        with _environment(worker.ONE_THREAD):
            self._process.start()
        theirs.close()  # so that the connection ends with the process

    @property
    def is_idle(self) -> bool:
        return self.identity is not None and self.item is None

    def give(self, item: WorkItem) -> None:
        self.item = item
        with suppress(OSError):  # it died while idle: noticed at the next reading
            self.connection.send(item)

    def cause_of_death(self) -> str:
        """What it died of, in words; its end of the connection is closed."""
        self._process.join(_DYING_SECONDS)
        code = self._process.exitcode
        if code is None or code == -signal.SIGKILL:
            return "probably out of memory"
        return f"exit code {code}" if code >= 0 else f"by signal {-code} ({signal.strsignal(-code)})"

    def kill(self) -> None:
        """End the process, if it has not ended."""
        self._process.kill()
        self._process.join()
        self._process.close()
        self.connection.close()


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
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
