"""Workers of a Ray cluster: the same work as `trainers.pool.ProcessPool`, on many machines.

Ray comes with the extra ``cluster`` and is imported when a cluster is joined or started, not before. Images are read
where they are worked on: all machines need to see them under the same paths (a shared file system), and to have this
package.
"""

import os
import secrets
import signal
import socket
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, redirect_stdout
from functools import partial
from types import ModuleType, TracebackType
from typing import Any, TypeVar

from trainers.errors import UsageError, WorkersError
from trainers.pool import POLL_SECONDS, Dead, Member, Pool, environment, usable_cores
from trainers.work_list import WorkItem
from trainers.worker import ONE_THREAD, Finished, Ready, Refused, Worker

T = TypeVar("T")
R = TypeVar("R")

_LOOPBACK = "127.0.0.1"

_REACH_SECONDS = 5.0
"""Ray itself asks an address that does not answer for minutes."""

_STORE_BYTES = 256 * 2**20
"""Shared memory of a Ray that is started here: answers are small, and few at once."""

_CAUSE = "killed (perhaps out of memory) or crashed"
"""What a process died of; Ray does not tell."""


class RayPool(Pool["_Actor"]):
    """Actors of a Ray cluster, one core each. The cluster is left, or ended if it was started here, at the pool's end."""

    def __init__(
        self,
        proposer: str,
        workers: int | None,
        most: int,
        keep_hierarchies: bool,
        stop: Callable[[], bool],
        address: str | None,
    ) -> None:
        """Join or start the cluster and start the actors. Those for which it has no free core begin as soon as it has.

        Args:
            proposer: name for `freesolo.proposers.make`.
            workers: number of actors; None: one a core of the cluster.
            most: but no more than this.
            keep_hierarchies: answers carry region hierarchies.
            stop: as `Pool`.
            address: of the cluster, as `cluster`.

        Raises:
            UsageError: as `cluster`.
            WorkersError: as `cluster`.
        """
        with ExitStack() as stack:
            self._ray = stack.enter_context(cluster(address, min(workers or usable_cores(), most)))
            kind = self._ray.remote(num_cpus=1, runtime_env={"env_vars": ONE_THREAD})(Worker)
            start = partial(_Actor, self._ray, partial(kind.remote, proposer, keep_hierarchies))
            super().__init__(start, min(workers or _cores(self._ray), most), stop)
            self._cluster = stack.pop_all()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._cluster:
            super().__exit__(kind, error, trace)

    def _speaking(self, members: Sequence["_Actor"]) -> "list[_Actor]":
        by_answer = {member.next: member for member in members if member.next is not None}
        answers = list(by_answer)
        if self._ray.wait(answers, timeout=POLL_SECONDS)[0]:
            return [by_answer[answer] for answer in self._ray.wait(answers, num_returns=len(answers), timeout=0)[0]]
        return []


class _Actor(Member):
    """The parent's end of one actor. (An actor that dies idle is noticed when it is given an image.)"""

    CAPACITY = 2  # while an answer travels, it has the next image

    def __init__(self, ray: ModuleType, start: Callable[[], Any]) -> None:
        super().__init__()
        self._ray = ray
        self._actor = start()
        self._answers = deque([self._actor.make.remote()])

    @property
    def next(self) -> object | None:
        """The answer that comes next; None when it is idle."""
        return self._answers[0] if self._answers else None

    def give(self, item: WorkItem) -> None:
        self.items.append(item)
        self._answers.append(self._actor.answer.remote(item))

    def hear(self) -> Ready | Refused | Finished:
        try:
            message: Ready | Refused | Finished = self._ray.get(self._answers.popleft())
        except self._ray.exceptions.RayTaskError as error:
            raise _unable(error) from error
        except self._ray.exceptions.RuntimeEnvSetupError as error:
            raise _unable(error) from error
        except self._ray.exceptions.RayError as error:
            raise Dead(_CAUSE) from error
        return message

    def kill(self) -> None:
        self._ray.kill(self._actor)


def spread(address: str | None, function: Callable[[T], R], arguments: Iterable[T]) -> Iterator[R]:
    """Like ``map(function, arguments)``, on the cores of a Ray cluster; two arguments a core are under way at once.

    Args:
        address: of the cluster, as `cluster`.
        function: of a module that the cluster's machines have.
        arguments: each is sent to the machine that works on it. What a killed process had is given to another.

    Yields:
        The results, in the order of the arguments.

    Raises:
        UsageError: as `cluster`.
        WorkersError: as `cluster`; or processes die of an argument again and again.
        Exception: what ``function`` raises.
    """
    with cluster(address, usable_cores()) as ray:
        task = ray.remote(num_cpus=1, max_retries=1, runtime_env={"env_vars": ONE_THREAD})(function)
        under_way: deque[Any] = deque()
        for argument in arguments:
            if len(under_way) >= 2 * _cores(ray):
                yield _result(ray, under_way.popleft())
            under_way.append(task.remote(argument))
        while under_way:
            yield _result(ray, under_way.popleft())


@contextmanager
def cluster(address: str | None, cores: int) -> Iterator[ModuleType]:
    """Join a Ray cluster, or start one on this machine that ends with the context.

    The latter listens on the loopback interface only, has no dashboard and leaves no files. What Ray prints goes to
    standard error meanwhile.

    Args:
        address: ``host:port`` of a cluster that this machine belongs to, or ``ray://host:port`` of any; None: start one.
        cores: of the one that is started.

    Yields:
        The module ``ray``.

    Raises:
        UsageError: Ray is not installed, or the address does not answer.
        WorkersError: no cluster can be started on this machine.
    """
    with ExitStack() as stack:
        if address is None:
            stack.enter_context(environment(_loopback()))  # before the import, which reads some of it
        else:
            _reach(address)
        ray = _installed()
        stack.enter_context(redirect_stdout(sys.stderr))
        with _signal_handler_kept():
            stack.callback(ray.shutdown)
            _start(ray, cores, stack) if address is None else _join(ray, address)
        yield ray


def _installed() -> ModuleType:
    try:
        import ray
    except ImportError as error:
        raise UsageError("Ray is not installed: pip install 'freesolo-annotator[cluster]'") from error
    return ray


def _loopback() -> dict[str, str]:
    """Environment for a Ray on this machine alone, with a secret of its own."""
    return {
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # off, all its servers listen on 127.0.0.1, on Linux too
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
    }


def _start(ray: ModuleType, cores: int, stack: ExitStack) -> None:
    place = "/tmp" if os.name == "posix" else None  # noqa: S108 - others' are often too long: sockets have paths of 107 bytes at most
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="ray-", dir=place, ignore_cleanup_errors=True))
    stack.callback(ray.shutdown)  # before the folder goes
    try:
        ray.init(
            address="local",
            num_cpus=cores,
            object_store_memory=_STORE_BYTES,
            include_dashboard=False,
            configure_logging=False,
            log_to_driver=False,
            _temp_dir=folder,
        )
    except (ray.exceptions.RayError, OSError, RuntimeError, ValueError) as error:
        raise WorkersError(f"Ray cannot be started on this machine: {_sentence(error)}") from error
    listens_on = ray.util.get_node_ip_address()
    if listens_on != _LOOPBACK:  # a Ray of another version, or imported by someone else before
        raise WorkersError(
            f"Ray listens on {listens_on}, not only on this machine: start a cluster and name --ray-address"
        )


def _join(ray: ModuleType, address: str) -> None:
    try:
        ray.init(address=address, configure_logging=False, log_to_driver=False)
    except (ray.exceptions.RayError, OSError, RuntimeError, ValueError) as error:
        raise UsageError(f"the Ray cluster at {address} cannot be joined: {_sentence(error)}") from error


def _reach(address: str) -> None:
    """Raise UsageError unless something answers at the address."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host or not port.isdecimal():
        raise UsageError(f"{address!r} is no address of a Ray cluster: write host:port or ray://host:port")
    try:
        socket.create_connection((host.strip("[]"), int(port)), _REACH_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise UsageError(f"no Ray cluster answers at {address} ({error}): check the address, or start it") from error


@contextmanager
def _signal_handler_kept() -> Iterator[None]:
    """Undo what ``ray.init`` does to SIGTERM."""
    handler = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, handler)


def _cores(ray: ModuleType) -> int:
    return max(1, int(ray.cluster_resources().get("CPU", 1)))


def _result(ray: ModuleType, answer: object) -> Any:  # noqa: ANN401  (whatever the function returns)
    try:
        return ray.get(answer)
    except ray.exceptions.RayTaskError as error:
        raise error.cause from error
    except ray.exceptions.RayError as error:
        raise _unable(error) from error


def _unable(error: Exception) -> WorkersError:
    return WorkersError(f"the workers of the Ray cluster cannot do their work: {_sentence(error)}")


def _sentence(error: Exception) -> str:
    """The last line of an error: Ray puts whole reports before it."""
    lines = str(error).strip().splitlines()
    return lines[-1].strip() if lines else type(error).__name__
