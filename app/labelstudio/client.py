"""Talk to a Label Studio: every request once, every failure as one sentence for a person.

Plain HTTP instead of Label Studio's SDK, which repeats requests that may have been carried out (so that predictions are
there twice), and walks every integer of every mask before it sends it.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal, TypeAlias
from urllib.parse import urlsplit, urlunsplit

import httpx
from typing_extensions import Self

from app.errors import LabelStudioError, ProjectGoneError

Json: TypeAlias = Any
"""What an answer's JSON decodes to."""
Row: TypeAlias = dict[str, Any]
_Option: TypeAlias = Any
"""Of `httpx.Client.request`."""
TokenKind = Literal["personal access token", "legacy token"]

TIMEOUT = 120.0
"""Seconds without a byte from the server; it answers a chunk of 20 MB after about five."""
_PAGE = 1000
_DETAIL = 300
"""Characters of a server's own words that are repeated."""
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Connection:
    """What answers at an address."""

    url: str
    """Without a login that may be in it."""
    version: str
    """Of Label Studio."""
    token_kind: TokenKind
    user: str
    """Whose token it is (an e-mail address)."""


class Client:
    """A connection with a token; to be closed, or used with ``with``. One thread at a time.

    Every method raises:
        ProjectGoneError: the project or task it is about is not (or no longer) there.
        LabelStudioError: anything else that goes wrong.
    """

    def __init__(self, url: str, token: str, timeout: float = TIMEOUT) -> None:
        """
        Args:
            url: as people copy it from the browser, with http:// or https://.
            token: a personal access token or a legacy one.
            timeout: seconds that the server may keep silent.
        """
        self._base, self._host = _address(url)
        self._token = token.strip()
        if not self._token or not (self._token.isascii() and self._token.isprintable()):
            raise LabelStudioError("a token is needed: copy it in Label Studio from Account & Settings")
        self._personal = self._token.count(".") == 2
        self._timeout = timeout
        self._access = ""
        self._http = httpx.Client(timeout=timeout, trust_env=self._host not in _LOOPBACK)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: type[BaseException] | None, _e: BaseException | None, _t: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Give the connection back."""
        self._http.close()

    @property
    def url(self) -> str:
        """The address, without a login that may be in it."""
        parts = urlsplit(self._base)
        return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))

    @property
    def token_kind(self) -> TokenKind:
        """Personal access tokens are JSON Web Tokens: three parts with dots between."""
        return "personal access token" if self._personal else "legacy token"

    def test(self) -> Connection:
        """Ask who answers, and whether it takes the token."""
        version = self.get("api/version")
        release = version.get("release") if isinstance(version, dict) else None
        if not release:
            raise LabelStudioError(f"what answers at {self.url} is no Label Studio: check the address")
        user = self.get("api/current-user/whoami")
        return Connection(self.url, str(release), self.token_kind, str(user.get("email", "")))

    def get(self, path: str, **query: object) -> Json:
        """The JSON answer of a GET."""
        return self._json("GET", path, params=query)

    def post(self, path: str, body: object = None, **query: object) -> Json:
        """The JSON answer of a POST."""
        return self._json("POST", path, params=query, content=json.dumps(body).encode(), headers=_JSON)

    def post_raw(self, path: str, body: bytes) -> Json:
        """As `post`, of JSON that is written already."""
        return self._json("POST", path, content=body, headers=_JSON)

    def patch(self, path: str, body: object) -> Json:
        """The JSON answer of a PATCH."""
        return self._json("PATCH", path, content=json.dumps(body).encode(), headers=_JSON)

    def delete(self, path: str, body: object = None) -> None:
        """Delete something."""
        content = b"" if body is None else json.dumps(body).encode()
        self._json("DELETE", path, content=content, headers=_JSON)

    def upload(self, path: str, files: Sequence[tuple[str, bytes]], **query: object) -> Json:
        """Send files of (name, content), each under a field of its own: of equal ones the server keeps the last."""
        parts = {f"file{number}": file for number, file in enumerate(files)}
        return self._json("POST", path, params=query, files=parts)

    def fetch(self, address: str) -> bytes:
        """The bytes behind an address as it stands in a task's data, with the rights of the token's owner."""
        return self._send("GET", address.lstrip("/")).content

    def tasks(self, project: int, query: Mapping[str, object] | None = None, **fields: str) -> Iterator[Row]:
        """The tasks of a project, page by page.

        Args:
            project: its id.
            query: a filter, as Label Studio's data manager takes it.
            **fields: ``fields`` and ``include`` of the request.
        """
        number, seen = 1, 0
        size = _PAGE if "include" in fields else 100
        while True:
            asked = {"project": project, "page": number, "page_size": size, **fields}
            if query is not None:
                asked["query"] = json.dumps(query)
            page = self.get("api/tasks", **asked)
            rows = page["tasks"]
            yield from rows
            number, seen = number + 1, seen + len(rows)
            if not rows or seen >= page["total"]:
                return

    # Requests

    def _json(self, method: str, path: str, **options: _Option) -> Json:
        answer = self._send(method, path, **options)
        if answer.status_code == httpx.codes.NO_CONTENT or not answer.content:
            return {}
        try:
            return answer.json()
        except ValueError:
            raise LabelStudioError(self._no_label_studio()) from None

    def _send(self, method: str, path: str, **options: _Option) -> httpx.Response:
        answer = self._once(method, path, **options)
        if answer.status_code == httpx.codes.UNAUTHORIZED and self._access:
            self._access = ""  # it lives for minutes; a refused request was not carried out
            answer = self._once(method, path, **options)
        if not answer.is_success:
            raise self._refusal(answer)
        return answer

    def _once(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, **options: _Option
    ) -> httpx.Response:
        known = {**self._authorisation(), **(headers or {})}
        return self._raw(method, path, headers=known, **options)

    def _authorisation(self) -> dict[str, str]:
        if not self._personal:
            return {"Authorization": f"Token {self._token}"}
        if not self._access:
            answer = self._raw("POST", "api/token/refresh/", json={"refresh": self._token})
            if not answer.is_success:
                raise self._refusal(answer)
            try:
                self._access = str(answer.json()["access"])
            except (ValueError, KeyError, TypeError):
                raise LabelStudioError(self._no_label_studio()) from None
        return {"Authorization": f"Bearer {self._access}"}

    def _raw(self, method: str, path: str, **options: _Option) -> httpx.Response:
        try:
            return self._http.request(method, f"{self._base}/{path}", **options)
        except httpx.TimeoutException:
            raise LabelStudioError(
                f"Label Studio at {self.url} did not answer within {self._timeout:g} s: see whether it is busy, and try again"
            ) from None
        except httpx.ConnectError:
            raise LabelStudioError(
                f"nothing answers at {self.url}: start Label Studio there, or correct the address"
            ) from None
        except httpx.HTTPError as error:
            raise LabelStudioError(
                f"the connection to Label Studio at {self.url} broke ({type(error).__name__}): "
                "nothing here is lost, do the same again"
            ) from None

    # Sentences

    def _no_label_studio(self) -> str:
        return (
            f"what answers at {self.url} is a web page and not Label Studio's interface for programs: "
            "correct the address, or log in to the proxy that stands before it"
        )

    def _refusal(self, answer: httpx.Response) -> LabelStudioError:
        status, words = answer.status_code, _words(answer)
        if answer.is_redirect:
            target = answer.headers.get("location", "")
            return LabelStudioError(f"{self.url} sends requests on to {target[:_DETAIL]}: give that address")
        if status == httpx.codes.REQUEST_ENTITY_TOO_LARGE:
            size = len(answer.request.content) / 1e6
            return LabelStudioError(
                f"a proxy before Label Studio refuses {size:.0f} MB at once: raise its limit (nginx: client_max_body_size)"
            )
        if status == httpx.codes.UNAUTHORIZED:
            return LabelStudioError(
                f"Label Studio at {self.url} refuses this {self.token_kind}{words}: copy it again from Account & Settings"
                + ("" if self._personal else "; legacy tokens must be allowed by the organisation")
            )
        if status == httpx.codes.NOT_FOUND and words:
            return ProjectGoneError(f"Label Studio at {self.url} does not have it any more{words}: push anew")
        if status == httpx.codes.FORBIDDEN:
            return LabelStudioError(f"Label Studio at {self.url} does not allow this to the token's owner{words}")
        if not words:
            return LabelStudioError(f"{self._no_label_studio()} (status {status})")
        return LabelStudioError(f"Label Studio at {self.url} could not do it (status {status}){words}")


_JSON = {"Content-Type": "application/json"}


def _address(url: str) -> tuple[str, str]:
    """(address without a slash at its end, host)."""
    base = url.strip().rstrip("/")
    try:
        parts = urlsplit(base)
        host = parts.hostname
        _ = parts.port
    except ValueError:
        host = None
    if host is None or parts.scheme not in ("http", "https") or parts.query or parts.fragment:
        raise LabelStudioError("the address of Label Studio begins with http:// or https://, as http://localhost:8080")
    return base, host


def _words(answer: httpx.Response) -> str:
    """The server's own words in brackets; empty where it gave none, or a web page."""
    try:
        body = answer.json()
    except ValueError:
        return ""
    if not isinstance(body, dict):
        return ""
    found = body.get("validation_errors") or body.get("detail")
    if not found:
        return ""
    text = found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)
    return f" ({text[:_DETAIL]})"
