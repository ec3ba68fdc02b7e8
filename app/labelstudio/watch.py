"""Stay in step with Label Studio: pull when it says that something was submitted, and look by itself now and then.

Label Studio waits a second for the answer to such a message (a webhook) and never repeats one. So it is answered at once, the
work is done afterwards, and what was missed is found by looking.
"""

import hmac
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from app.errors import LabelStudioError
from app.labelstudio import projects
from app.labelstudio.client import Client
from app.labelstudio.pull import PullReport, PullRequest, pull
from app.labelstudio.push import PushReport, PushRequest, push
from app.services.workspace import Workspace

HEADER = "X-Annotator-Secret"
_ACTIONS = ("ANNOTATION_CREATED", "ANNOTATIONS_CREATED", "ANNOTATION_UPDATED", "ANNOTATIONS_DELETED")
_LARGEST = 1_000_000
"""Bytes of a message that are read, and thrown away: what it speaks of is pulled."""
_STEP = 0.2
"""Seconds between two looks at whether to stop."""
_SETTLE = 0.5
"""Seconds that further messages have to arrive before the work begins."""


class Receiver:
    """A web server that hears Label Studio's messages."""

    def __init__(self, host: str, port: int, heard: Callable[[], None], secret: str = "") -> None:
        """
        Args:
            host: address to listen on.
            port: 0 takes a free one.
            heard: called, in another thread, for each message with the right secret.
            secret: what messages must bear; empty: a new one.
        """
        self.secret = secret or secrets.token_urlsafe(32)
        try:
            self._server = ThreadingHTTPServer((host, port), _handler(self.secret, heard))
        except OSError as error:
            raise LabelStudioError(f"nothing can listen on {host}:{port} for messages: {error.strerror}") from error
        self._server.daemon_threads = True
        self.url = f"http://{host}:{self._server.server_port}/"
        self._thread = threading.Thread(target=self._server.serve_forever, args=[_STEP], daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _handler(secret: str, heard: Callable[[], None]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            known = hmac.compare_digest(self.headers.get(HEADER, "").encode(), secret.encode())
            length = self.headers.get("Content-Length", "0")
            if known and length.isdigit():
                self.rfile.read(min(int(length), _LARGEST))
            self.send_response(HTTPStatus.OK if known else HTTPStatus.FORBIDDEN)
            self.send_header("Content-Length", "0")
            self.end_headers()
            if known:
                heard()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (its name there)
            """Nothing: the terminal is for what was pulled."""

    return Handler


@contextmanager
def subscribed(client: Client, project: int, receiver: Receiver) -> Iterator[None]:
    """Let Label Studio send its messages while the block runs.

    Raises:
        LabelStudioError: Label Studio refused.
    """
    body = {
        "project": project,
        "url": receiver.url,
        "send_payload": False,
        "send_for_all_actions": False,
        "actions": list(_ACTIONS),
        "headers": {HEADER: receiver.secret},
        "is_active": True,
    }
    made = client.post("api/webhooks/", body)
    try:
        yield
    finally:
        with suppress(LabelStudioError):  # a server that is gone sends nothing either
            client.delete(f"api/webhooks/{made['id']}/")


def sync(
    ws: Workspace, client: Client, pulling: PullRequest, pushing: PushRequest
) -> tuple[PullReport | None, PushReport]:
    """Pull, then push. The first time there is nothing to pull.

    Raises:
        LabelStudioError: something went wrong; what was done before stays.
    """
    there = projects.find(ws, client, pulling.project) is not None
    back = pull(ws, client, pulling) if there else None
    return back, push(ws, client, pushing)


def listening_host(client: Client) -> str:
    """Where Label Studio reaches this machine without being told: on the machine itself; empty: nowhere."""
    return "127.0.0.1" if urlsplit(client.url).hostname in ("localhost", "127.0.0.1", "::1") else ""


def watch(
    ws: Workspace,
    client: Client,
    pulling: PullRequest,
    pushing: PushRequest,
    *,
    every: float,
    heard: threading.Event,
    stopped: Callable[[], bool],
    pulled: Callable[[PullReport], None],
    pushed: Callable[[PushReport], None],
    failed: Callable[[LabelStudioError], None],
) -> None:
    """Pull whenever something was heard; pull and push every so often; until told to stop. Failures are told, and tried again.

    Args:
        ws: the workspace.
        client: the connection; nobody else uses it meanwhile.
        pulling: what comes back.
        pushing: what goes there.
        every: seconds between two looks without a message.
        heard: set by a `Receiver`.
        stopped: asked several times a second.
        pulled: told of each pull that found something.
        pushed: told of each push that sent something.
        failed: told of each failure.
    """
    next_look = time.monotonic() + every
    while not stopped():
        if not heard.wait(_STEP) and time.monotonic() < next_look:
            continue
        looks = time.monotonic() >= next_look
        if heard.is_set():
            time.sleep(_SETTLE)
        heard.clear()
        try:
            report = pull(ws, client, pulling)
            if report.images:
                pulled(report)
            if looks:
                sent = push(ws, client, pushing, stopped=stopped)
                if sent.tasks or sent.sent or sent.cleared:
                    pushed(sent)
        except LabelStudioError as error:
            failed(error)
        if looks:
            next_look = time.monotonic() + every
