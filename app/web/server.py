"""Open the app: one process, one port, one workspace.

Order matters: the workspace is locked and the port bound before Gradio is imported (seconds), so that a second app or
a taken port is told at once.
"""

import errno
import os
import signal
import socket
import threading
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import NoReturn

import uvicorn
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from app import jobs
from app.errors import ServeError
from app.jobs.usage import Meter
from app.services import catalogue
from app.services.clicking import Clicker
from app.services.workspace import Workspace
from app.web import demo, routes
from app.web.importer import Importer
from app.web.presence import Presence
from app.web.routes import errors, label_studio_backend, uploads
from app.web.security import Guard, is_loopback
from app.web.surveyor import Surveyor

STATIC = Path(__file__).with_name("static")
Auth = tuple[str, str]
"""(user, password)."""

_LAST_PORT = 65535
_SUGGESTED_PORTS = 50
"""Ports above a taken one that are tried for the suggestion."""
_GRACE_SECONDS = 2
"""How long open event streams may hold up a stop."""


def serve(workspace: Path, host: str, port: int, auth: Auth | None, demo: bool, open_browser: bool) -> None:
    """Serve the app until it is interrupted (Ctrl+C or SIGTERM).

    Args:
        workspace: its folder, made where it is missing.
        host: address to listen on; anything but this machine's own makes the app reachable from the network.
        port: TCP port; 0 takes a free one, which is printed.
        auth: what people log in with; None: no login.
        demo: fill an empty workspace with the demo photographs, and propose at once.
        open_browser: show the page when it is ready.

    Raises:
        WorkspaceError: the workspace cannot be used, or another app has it open.
        ServeError: the port is taken or the address not this machine's; a free port is named.
    """
    # Gradio reads these when it is imported: nothing is reported anywhere, nothing is looked up.
    os.environ.update(GRADIO_ANALYTICS_ENABLED="False", HF_HUB_OFFLINE="1")
    with _stoppable(), _opened(workspace, port) as opened, _listening(host, port) as listener:
        url = f"http://{_name(host)}:{listener.getsockname()[1]}"
        if auth is None and not is_loopback(host):
            _say(f"Warning: everybody who reaches {host} can see and change this workspace; --auth USER:PASSWORD asks.")
        uploads.clear(opened.path)
        app = make_app(opened, auth=auth, local=is_loopback(host))
        supervisor = jobs.supervise(opened)
        try:
            if demo:
                _start_demo(opened, app.state.importer)
            _run(app, listener, ready=lambda: _announce(url, opened, open_browser))
        finally:
            supervisor.stop()


def make_api(workspace: Workspace) -> FastAPI:
    """The own routes over an open workspace, without page and without guard."""
    app = FastAPI(title="FreeSOLO Annotator", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.workspace = workspace
    app.state.importer = Importer(workspace)
    app.state.surveyor = Surveyor(workspace)
    app.state.presence = Presence()
    app.state.meter = Meter()
    app.state.clicker = Clicker(workspace)
    errors.install(app)
    app.include_router(routes.router)
    app.include_router(label_studio_backend.router)
    return app


def make_app(workspace: Workspace, *, auth: Auth | None = None, local: bool = True) -> FastAPI:
    """The whole web application over an open workspace: API, static files, Gradio's page, all behind `Guard`.

    Args:
        workspace: open and locked.
        auth: what people log in with; None: no login.
        local: whether only this machine reaches the app.
    """
    from app.web import ui  # Gradio takes seconds

    app = make_api(workspace)
    app.mount("/static", StaticFiles(directory=STATIC, packages=[ui.OWN_STATIC]))
    reviewer_of = ui.mount(app, workspace, app.state.importer, auth, local=local)
    app.add_middleware(Guard, reviewer_of=reviewer_of, any_host=not local)
    return app


@contextmanager
def _stoppable() -> Iterator[None]:
    """SIGTERM unwinds like Ctrl+C, and neither ends in a traceback: the server returns, or raises KeyboardInterrupt."""

    def stop(_signal: int, _frame: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        with suppress(KeyboardInterrupt):
            yield
        _say("Stopped; everything is saved.")
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _opened(path: Path, port: int) -> Iterator[Workspace]:
    workspace = Workspace.open(path)
    try:
        with workspace.lock(port):
            yield workspace
    finally:
        workspace.close()


@contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    """The socket to serve on. Binding it is the one check of a port that cannot be outrun."""
    if not 0 <= port <= _LAST_PORT:
        raise ServeError(f"port {port} does not exist: choose one from 1 to {_LAST_PORT} with --port")
    try:
        listener = _bind(host, port)
    except OSError as error:
        raise ServeError(_refused(host, port, error)) from error
    with listener:
        yield listener


def _name(host: str) -> str:
    """What to type into a browser to reach an address that is listened on."""
    if is_loopback(host):
        return "localhost"
    if host in ("0.0.0.0", "::"):  # noqa: S104  (every address of this machine)
        return socket.gethostname()
    return f"[{host}]" if ":" in host else host


def _bind(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listener = socket.socket(family, kind, protocol)
    try:
        if os.name == "posix":  # elsewhere this option would let two apps share the port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    return listener


def _refused(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} is in use by another program: try --port {_free_port(host, port)}"
    if error.errno == errno.EACCES:
        return f"no permission to listen on port {port}: choose one above 1023, for example --port 7860"
    return (
        f"cannot listen on {host}, port {port}: {error.strerror or error}; leave --host out to use this machine alone"
    )


def _free_port(host: str, taken: int) -> int:
    for port in (*range(taken + 1, min(taken + _SUGGESTED_PORTS, _LAST_PORT) + 1), 0):
        with suppress(OSError), _bind(host, port) as listener:
            return int(listener.getsockname()[1])
    return 0  # which asks the system for any


def _start_demo(workspace: Workspace, importer: Importer) -> None:
    """Fill an empty workspace with the demo; go on proposing in one that was interrupted."""
    if catalogue.overview(workspace).total == 0:
        demo.start(workspace, importer)
    else:
        demo.propose_missing(workspace)


class _Server(uvicorn.Server):
    """Tells when it answers, and when it is to stop."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None], stopping: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready
        self._stopping = stopping

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._stopping()  # questions that wait for changes are answered: they would hold the stop up
        await super().shutdown(sockets)


def _run(app: FastAPI, listener: socket.socket, ready: Callable[[], None]) -> None:
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        ws="none",
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    presence: Presence = app.state.presence
    _Server(config, ready, presence.close).run(sockets=[listener])


def _announce(url: str, workspace: Workspace, open_browser: bool) -> None:
    _say(f"FreeSOLO Annotator is ready at {url}  (workspace {workspace.path}; Ctrl+C stops it)")
    if open_browser:
        # Some browsers keep the call until they are closed.
        threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()


def _say(sentence: str) -> None:
    print(sentence, flush=True)  # noqa: T201  (this is what a person at the terminal waits for)
