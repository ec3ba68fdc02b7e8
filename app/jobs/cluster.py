"""A Ray cluster's job API over HTTP (the dashboard of ``ray[default]``); Ray itself is not needed here."""

import os
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal
from urllib.parse import urlsplit

import httpx
from typing_extensions import Self

from app.errors import JobError, SettingsError

_DASHBOARD_PORT = 8265
"""Ray's default."""
_CLIENT_PORT = 10001
"""What ``ray://`` addresses usually name: Ray's client server, which is not its dashboard."""
_SECONDS = 10.0
"""For an answer; a cluster that starts a job's environment takes some."""

RayStatus = Literal["PENDING", "RUNNING", "STOPPED", "SUCCEEDED", "FAILED"]


class ClusterGoneError(JobError):
    """Nothing answers at the cluster's address."""


@dataclass(frozen=True)
class RayJob:
    """What the cluster says of a job."""

    status: RayStatus
    message: str

    @property
    def ended(self) -> bool:
        """Whether its process is gone."""
        return self.status in ("STOPPED", "SUCCEEDED", "FAILED")


def dashboard(address: str) -> str:
    """The HTTP address of a cluster's dashboard.

    Args:
        address: ``http://host:port`` of the dashboard itself; or ``ray://host``, whose dashboard has Ray's usual port.

    Raises:
        SettingsError: it is neither.
    """
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or parts.scheme not in ("http", "https", "ray") or parts.path.strip("/"):
        raise SettingsError(
            f"{address!r} is no address of a Ray cluster: write ray://host, or http://host:port of its dashboard"
        )
    if parts.scheme != "ray":
        return address.rstrip("/")
    name = f"[{host}]" if ":" in host else host
    return f"http://{name}:{_DASHBOARD_PORT if port in (None, _CLIENT_PORT) else port}"


class Cluster:
    """The job API of one cluster; a token is read from ``RAY_AUTH_TOKEN``, as Ray does."""

    def __init__(self, address: str) -> None:
        """Nothing is asked yet.

        Raises:
            SettingsError: as `dashboard`.
        """
        self.address = address
        token = os.environ.get("RAY_AUTH_TOKEN", "")
        headers = {"authorization": f"Bearer {token}"} if token else {}
        # Proxies of the environment are for the web; clusters are near.
        self._client = httpx.Client(base_url=dashboard(address), timeout=_SECONDS, headers=headers, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def reach(self) -> None:
        """Raises ClusterGoneError where nothing answers, JobError where it is no cluster that takes jobs."""
        self._ask("GET", "/api/version")

    def submit(self, remote_id: str, command: str, environment: dict[str, str]) -> None:
        """Run a shell command on the cluster's head node.

        Raises:
            ClusterGoneError: nothing answers.
            JobError: the cluster refuses.
        """
        body = {"submission_id": remote_id, "entrypoint": command, "runtime_env": {"env_vars": environment}}
        self._ask("POST", "/api/jobs/", json=body)

    def job(self, remote_id: str) -> RayJob | None:
        """How a job is; None: the cluster does not know it. Raises as `submit`."""
        answer = self._ask("GET", f"/api/jobs/{remote_id}", missing_is_none=True)
        return None if answer is None else RayJob(answer["status"], answer.get("message") or "")

    def stop(self, remote_id: str) -> None:
        """Ask for the end of a job's process: SIGTERM, then SIGKILL. Raises as `submit`."""
        self._ask("POST", f"/api/jobs/{remote_id}/stop", missing_is_none=True)

    def log(self, remote_id: str) -> str:
        """What the job's process wrote. Raises as `submit`."""
        answer = self._ask("GET", f"/api/jobs/{remote_id}/logs", missing_is_none=True)
        return "" if answer is None else str(answer.get("logs") or "")

    def _ask(self, method: str, path: str, *, missing_is_none: bool = False, **options: Any) -> Any:  # noqa: ANN401
        try:
            answer = self._client.request(method, path, **options)
        except httpx.TransportError as error:
            raise ClusterGoneError(
                f"the Ray cluster at {self.address} does not answer ({str(error) or type(error).__name__}): check the "
                f"address, or start it"
            ) from error
        if answer.status_code == 404 and missing_is_none:
            return None
        try:
            answer.raise_for_status()
            return answer.json()
        except (httpx.HTTPStatusError, ValueError) as error:
            said = answer.text.strip().splitlines()
            reason = f"{answer.status_code}{': ' + said[-1][:200] if said else ''}"
            raise JobError(
                f"what answers at {self.address} takes no jobs ({reason}): a Ray cluster with its dashboard is needed "
                f"(pip install 'ray[default]'), and RAY_AUTH_TOKEN where it asks for a token"
            ) from error
