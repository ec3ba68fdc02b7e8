"""Whatever breaks between us and Label Studio: one sentence, nothing lost, and the next push completes."""

import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import numpy as np
import pytest

from app.errors import LabelStudioError
from app.labelstudio.client import Client
from app.labelstudio.push import PushRequest, push
from tests.integration.helpers import here, make_case, predicted_by, pushed, tasks
from tests.integration.server import TOKEN


@contextmanager
def between(server, otherwise, then):
    """A proxy before the server that hands on requests, but does ``then`` with those that are to go ``otherwise``."""

    class Handler(BaseHTTPRequestHandler):
        def serve(self):
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            if otherwise(self.path):
                then(self)
                return
            headers = {name: self.headers[name] for name in ("content-type", "authorization") if name in self.headers}
            answer = httpx.request(self.command, server + self.path, headers=headers, content=body, timeout=60)
            reply(self, answer.status_code, answer.headers.get("content-type", ""), answer.content)

        do_GET = do_POST = do_PATCH = do_DELETE = serve  # noqa: N815  (names of the standard library)

        def log_message(self, *arguments):
            pass

    proxy = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=proxy.serve_forever, args=[0.01])
    thread.start()
    try:
        yield f"http://127.0.0.1:{proxy.server_port}"
    finally:
        proxy.shutdown()
        thread.join()
        proxy.server_close()


def reply(handler, status, kind, body):
    handler.send_response(status)
    handler.send_header("content-type", kind)
    handler.send_header("content-length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def page(status, body):
    return lambda handler: reply(handler, status, "text/html", body)


class SecondOf:
    """From the second request of this kind on."""

    def __init__(self, kind):
        self._kind, self._seen = kind, 0

    def __call__(self, path):
        self._seen += self._kind in path
        return self._kind in path and self._seen > 1


@pytest.fixture
def six(folder, monkeypatch):
    """Six images, pushed in chunks of one."""
    monkeypatch.setattr("app.labelstudio.push._CHUNK_BYTES", 1)
    made = make_case(folder, {f"{k}.png": ((9, 12), [np.ones((9, 12), bool)]) for k in range(6)})
    yield made
    made.ws.close()


def check_whole(case, client):
    """The next push completes, and nothing is there twice."""
    report = pushed(case, client)
    assert 0 < report.sent < 6
    found = tasks(client, report.project.id)
    assert sorted(found) == sorted(case.masks)
    for name, task in found.items():
        assert len(task["predictions"]) == 1
        assert predicted_by(task) == here(case, name)
    assert pushed(case, client).unchanged == 6


@pytest.mark.parametrize(
    ("then", "sentence"),
    [
        (lambda handler: handler.connection.close(), "the connection to Label Studio at .* broke"),
        (lambda handler: time.sleep(3), "did not answer within 2 s"),
        (page(413, b"<html>too large</html>"), "a proxy before Label Studio refuses"),
        (page(200, b"<html>Log in</html>"), "is a web page and not Label Studio"),
        (page(502, b"<html>oops</html>"), "status 502"),
    ],
    ids=["broken", "slow", "413", "html", "502"],
)
def test_a_push_that_breaks_is_completed_by_the_next(six, client, label_studio, then, sentence):
    with between(label_studio.url, SecondOf("import/predictions"), then) as url:
        proxied = Client(url, TOKEN, timeout=2 if "within" in sentence else 60)
        with proxied, pytest.raises(LabelStudioError, match=sentence):
            push(six.ws, proxied, PushRequest())
    assert all(mask.state == "pending" for name in six.masks for mask in six.of_image(name))
    check_whole(six, client)


def test_a_server_that_is_killed_in_the_middle(six, client, label_studio):
    def kill(done, total):
        if done == 2:
            label_studio.kill()

    with pytest.raises(LabelStudioError, match=r"broke|nothing answers"):
        push(six.ws, client, PushRequest(), kill)
    assert all(mask.state == "pending" for name in six.masks for mask in six.of_image(name))
    with pytest.raises(LabelStudioError, match="nothing answers"):
        pushed(six, client)
    label_studio.start()
    check_whole(six, client)
