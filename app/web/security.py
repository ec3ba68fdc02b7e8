"""What stands between the browser and every route, own or Gradio's: one ASGI middleware.

* Host header: an app that listens on this machine alone answers only to this machine's names. A page of a foreign
  site that re-points its own name at 127.0.0.1 (DNS rebinding) therefore gets nothing.
* Origin: a request that may change something and that another site's page sent is refused; own routes demand a header
  besides, which no form and no cross-site script can add.
* Login: where accounts are set, own routes answer 401 without Gradio's session, and failed logins are counted.
* Headers: nothing is loaded from, sent to, or framed by another host.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from urllib.parse import unquote, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CSRF_HEADER = "x-requested-with"
CSRF_VALUE = "annotator"

LOCAL_REVIEWER = "local"
"""Who decides where there are no accounts and the page gives no name."""

REVIEWER_HEADER = "x-reviewer"
"""The name that a person without an account has chosen, percent-encoded UTF-8. With accounts it is ignored."""
LONGEST_REVIEWER = 80
"""Characters of a reviewer's name."""

_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
_API = "/api/"
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_LONGEST_BODY = 4 * 2**20
"""Bytes of a request to an own route: 10,000 operations."""

_UPLOAD = "/api/uploads/file"
_LONGEST_UPLOAD = 2 * 2**30
"""Bytes of one uploaded file."""

_ASKING = "/ml/"
"""Where Label Studio asks for masks; the address holds a secret instead of a login."""
_LONGEST_ASKING = 64 * 2**20
"""Bytes of its question: tasks with their annotations."""

_LOGIN = "/login"
_FAILED_LOGINS = 10
_FAILED_WINDOW = 60.0
"""Seconds in which so many failed logins of anybody are answered; then 429 until the oldest is that old."""

_POLICY = "; ".join(
    (
        "default-src 'self'",
        # Gradio compiles its templates in the browser and writes its settings into the page.
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "media-src 'none'",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)

_HEADERS = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}

ReviewerOf = Callable[[Mapping[str, str]], str | None]
"""Who a request's cookies belong to, or None."""


def is_loopback(host: str) -> bool:
    """Whether an address to listen on is reached from this machine alone."""
    return host.strip("[]").lower() in _LOOPBACK_NAMES or host.startswith("127.")


class Guard:
    """ASGI middleware around the whole app.

    Args:
        app: what it protects.
        reviewer_of: who a request's cookies belong to; None: there are no accounts and everybody is `LOCAL_REVIEWER`.
        any_host: answer to whatever name the request used; for an app that listens to the network.

    A request that passes carries the reviewer's name in ``request.state.who``, and in ``request.state.login`` whether a login
    says so.
    """

    def __init__(self, app: ASGIApp, *, reviewer_of: ReviewerOf | None = None, any_host: bool = False) -> None:
        self._app = app
        self._reviewer_of = reviewer_of
        self._any_host = any_host
        self._failed_logins: deque[float] = deque(maxlen=_FAILED_LOGINS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it with the reason why not."""
        if scope["type"] != "http":
            # No route speaks WebSocket; the server's start and stop come this way.
            await self._app(scope, receive, send)
            return
        headers, path = Headers(scope=scope), scope["path"]
        own = path.startswith(_API)

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._add_headers(message, path)
                if path.rstrip("/") == _LOGIN and message["status"] == 400:
                    self._failed_logins.append(time.monotonic())
            await send(message)

        refusal = self._refusal(scope["method"], path, headers, own=own)
        if refusal is None:
            try:
                who = self._who(headers)
            except ValueError as error:
                who, refusal = "", (400, str(error))
            scope.setdefault("state", {}).update(who=who, login=self._reviewer_of is not None)
            if own and who is None:
                refusal = (401, "you are not logged in: open the app's page and log in")
        if refusal is None:
            await self._app(scope, receive, send_guarded)
        else:
            status, sentence = refusal
            await JSONResponse({"error": sentence}, status)(scope, receive, send_guarded)

    def _refusal(self, method: str, path: str, headers: Headers, *, own: bool) -> tuple[int, str] | None:
        """(status, sentence) where the request must not pass."""
        host = headers.get("host", "")
        if not self._any_host and _hostname(f"//{host}") not in _LOOPBACK_NAMES:
            return 403, "this app answers only under the names localhost and 127.0.0.1: open it there"
        if method not in _READING:
            if not _same_site(headers, host):
                return 403, "the request came from another site's page and was refused"
            if own and headers.get(CSRF_HEADER) != CSRF_VALUE:
                return 403, f"the header X-Requested-With: {CSRF_VALUE} is missing"
            asking = path.startswith(_ASKING)
            longest = _LONGEST_UPLOAD if path == _UPLOAD else _LONGEST_ASKING if asking else _LONGEST_BODY
            if (own or asking) and not _body_fits(headers, longest):
                return 413, f"the request has no stated length, or is longer than {longest} bytes: send less at once"
            if path.rstrip("/") == _LOGIN and self._too_many_failed():
                return 429, "too many failed logins: wait a minute and try again"
        return None

    def _who(self, headers: Headers) -> str | None:
        if self._reviewer_of is None:
            return reviewer_name(headers.get(REVIEWER_HEADER, ""))
        return self._reviewer_of(cookie_parser(headers.get("cookie", "")))

    def _too_many_failed(self) -> bool:
        failed = self._failed_logins
        return len(failed) == _FAILED_LOGINS and time.monotonic() - failed[0] < _FAILED_WINDOW

    @staticmethod
    def _add_headers(message: Message, path: str) -> None:
        headers = MutableHeaders(scope=message)
        for name, value in _HEADERS.items():
            headers[name] = value
        if path.startswith(_API):
            headers.setdefault("cache-control", "no-store")
        elif path.startswith("/static/"):
            headers.setdefault("cache-control", "no-cache")  # kept, but asked for again: an update shows at once


def reviewer_name(encoded: str) -> str:
    """The name in a reviewer's header; `LOCAL_REVIEWER` where there is none.

    Raises:
        ValueError: it is no name; the message is a sentence.
    """
    if len(encoded) > 12 * LONGEST_REVIEWER:  # a character takes at most so many bytes
        raise ValueError(
            f"a reviewer's name has at most {LONGEST_REVIEWER} characters: choose a shorter one in Settings"
        )
    try:
        name = unquote(encoded, errors="strict").strip(" ")
    except UnicodeDecodeError:
        raise ValueError(f"the header X-Reviewer is not percent-encoded UTF-8: {encoded[:40]!r}") from None
    if len(name) > LONGEST_REVIEWER:
        raise ValueError(
            f"a reviewer's name has at most {LONGEST_REVIEWER} characters: choose a shorter one in Settings"
        )
    if not name.isprintable():  # also no marks that turn the direction of what stands beside it
        raise ValueError("a reviewer's name has letters, digits, signs and spaces only: choose another in Settings")
    return name or LOCAL_REVIEWER


def gradio_reviewer(cookie_id: str, tokens: Mapping[str, str]) -> ReviewerOf:
    """Who a request belongs to by the session cookie that Gradio's login set.

    Args:
        cookie_id: the running Gradio app's own part of its cookie names.
        tokens: its live sessions, token -> user name.
    """
    names: Iterable[str] = (f"access-token-{cookie_id}", f"access-token-unsecure-{cookie_id}")

    def reviewer_of(cookies: Mapping[str, str]) -> str | None:
        found = (tokens.get(cookies.get(name, "")) for name in names)
        return next((user for user in found if user is not None), None)

    return reviewer_of


def _hostname(address: str) -> str | None:
    try:
        return urlsplit(address).hostname
    except ValueError:  # a malformed IPv6 address
        return None


def _same_site(headers: Headers, host: str) -> bool:
    """Whether our own page sent the request, or something that is no browser."""
    if headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
        return False
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == host


def _body_fits(headers: Headers, longest: int) -> bool:
    length = headers.get("content-length", "")
    return length.isdecimal() and int(length) <= longest
