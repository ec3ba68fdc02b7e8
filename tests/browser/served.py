"""A real app in a process of its own, and a real Chromium without a network.

`page` fails its test on any page error, console error or request to a foreign host.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import sync_playwright

from tests.ports import free_port

REPOSITORY = Path(__file__).parents[2]
FAKE_TRAINERS = REPOSITORY / "tests" / "app" / "fakes" / "trainers_main.py"
START_SECONDS = 180
STOP_SECONDS = 20

FLAGS = [
    "--no-sandbox",  # root in a container has none
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@dataclass
class Server:
    """``python -m app`` at work."""

    workspace: Path
    port: int
    process: subprocess.Popen
    output: Path
    auth: tuple[str, str] | None = None

    @property
    def url(self):
        return f"http://localhost:{self.port}"

    def api(self, path, **options):
        """An answer of the API as JSON; with ``json=``, of a POST."""
        with httpx.Client(trust_env=False, headers={"X-Requested-With": "annotator"}) as client:
            method = "POST" if "json" in options else "GET"
            answer = client.request(method, f"{self.url}/api/{path}", timeout=30, **options)
        answer.raise_for_status()
        return answer.json()

    def wait_for(self, condition, seconds=60):
        """Ask for the overview until it fulfils the condition; returns it."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            overview = self.api("overview")
            if condition(overview):
                return overview
            time.sleep(0.1)
        raise AssertionError(f"not within {seconds} s; the overview is {overview}")

    def stop(self, number=signal.SIGTERM):
        """End it as a person would, or as the system does; returns the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(STOP_SECONDS)

    def end(self):
        """End it in whatever way works."""
        try:
            self.stop()
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def start_app(folder, *arguments, fake=True):
    """Start ``python -m app``; ``fake``: its proposer is the stand-in of tests/app/fakes. Returns (process, output)."""
    folder.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "NO_COLOR": "1"}
    cwd = folder
    if fake:
        package = folder / "cwd" / "trainers"
        if not package.exists():
            package.mkdir(parents=True)
            (package / "__init__.py").write_text("")
            shutil.copy(FAKE_TRAINERS, package / "__main__.py")
        cwd = package.parent  # where ``python -m`` looks first
    output = folder / f"output-{time.monotonic_ns()}.txt"
    with output.open("wb") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "app", *map(str, arguments)],
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
    return process, output


def wait_until_ready(server):
    deadline = time.monotonic() + START_SECONDS
    with httpx.Client(trust_env=False) as client:
        while time.monotonic() < deadline:
            if server.process.poll() is not None:
                raise AssertionError(f"the app ended: {server.output.read_text()}")
            with suppress(httpx.TransportError):
                if client.get(f"{server.url}/api/overview", timeout=5).status_code in (200, 401):
                    return
            time.sleep(0.1)
    raise AssertionError(f"the app does not answer: {server.output.read_text()}")


@dataclass
class Servers:
    """Starts apps, and stops those that still run at the end."""

    running: list[Server] = field(default_factory=list)

    def __call__(self, folder, *arguments, workspace=None, auth=None, fake=True):
        """An app on ``<folder>/workspace`` (or the one given), answering."""
        workspace = workspace or folder / "workspace"
        port = free_port()
        login = [] if auth is None else ["--auth", ":".join(auth)]
        flags = ["--no-browser", "--port", port, "--workspace", workspace, *login, *arguments]
        process, output = start_app(folder, *flags, fake=fake)
        server = Server(workspace, port, process, output, auth)
        self.running.append(server)
        wait_until_ready(server)
        return server

    def stop_all(self):
        for server in self.running:
            server.end()


@pytest.fixture(scope="module")
def make_server():
    """Starts apps: ``make_server(folder, *flags, workspace=None, auth=None, fake=True)`` -> `Server`."""
    servers = Servers()
    yield servers
    servers.stop_all()


@pytest.fixture(scope="session")
def chromium():
    """A Chromium: the system's where there is one, else Playwright's own."""
    path = next(filter(None, map(shutil.which, _BROWSERS)), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@dataclass
class Watch:
    """What must not happen on a page."""

    faults: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)
    """Parts of messages that a test provokes on purpose."""

    def follow(self, page):
        page.on("pageerror", lambda error: self._note(f"page error: {error}"))
        page.on("console", lambda message: message.type == "error" and self._note(f"console: {message.text}"))
        page.on("request", lambda request: self._host(request.url))

    def _host(self, url):
        if not url.startswith(("http://localhost:", "http://127.0.0.1:", "data:", "blob:")):
            self._note(f"request to a foreign host: {url}")

    def _note(self, fault):
        if not any(part in fault for part in self.expected):
            self.faults.append(fault)


@pytest.fixture
def new_page(chromium):
    """Opens watched pages, each in a browser profile of its own: ``new_page(width=1440, height=900, ...)``."""
    watch, contexts = Watch(), []

    def open_page(width=1440, height=900, **options):
        context = chromium.new_context(viewport={"width": width, "height": height}, **options)
        context.set_default_timeout(40_000)
        contexts.append(context)
        page = context.new_page()
        watch.follow(page)
        page.watch = watch
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert watch.faults == []


def deaf(page):
    """The page, which from now on hears nothing of what others do: only so can its decisions conflict with theirs."""
    page.route("**/api/changes*", lambda route: None)
    return page


@pytest.fixture
def page(new_page):
    """One watched page, 1440 x 900."""
    return new_page()
