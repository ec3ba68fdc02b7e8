"""What goes wrong between us and Label Studio is one sentence each."""

import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from app.errors import LabelStudioError, ProjectGoneError
from app.labelstudio.client import Client
from tests.ports import free_port

LEGACY = "0123456789abcdef"
PERSONAL = "aaa.bbb.ccc"


@contextmanager
def answering(*answers):
    """A server that gives these (status, content type, body[, headers]) one after the other, then the last for ever."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def handle_one(self):
            length = int(self.headers.get("content-length", 0))
            asked.append((self.command, self.path, self.headers.get("authorization"), self.rfile.read(length)))
            answer = answers[min(len(asked), len(answers)) - 1]
            if callable(answer):
                answer(self)
                return
            status, kind, body, *more = answer
            self.send_response(status)
            for name, value in {"content-type": kind, "content-length": len(body), **(more[0] if more else {})}.items():
                self.send_header(name, str(value))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = handle_one  # noqa: N815  (names of the standard library)

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=[0.01])
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def as_json(status, body):
    return status, "application/json", json.dumps(body).encode()


HTML = (200, "text/html", b"<html><h1>Log in</h1></html>")


def sentence_of(url, call, token=LEGACY, **options):
    with Client(url, token, **options) as client, pytest.raises(LabelStudioError) as caught:
        call(client)
    assert token not in str(caught.value)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def ask(client):
    return client.get("api/projects/7")


@pytest.mark.parametrize(
    ("answer", "part"),
    [
        (as_json(401, {"detail": "Invalid token."}), "refuses this legacy token (Invalid token.)"),
        (as_json(403, {"detail": "no"}), "does not allow this to the token's owner (no)"),
        (as_json(404, {"detail": "No Project matches the given query."}), "does not have it any more"),
        (as_json(500, {"detail": "boom"}), "could not do it (status 500) (boom)"),
        (as_json(400, {"detail": "x", "validation_errors": {"path": ["bad"]}}), '(status 400) ({"path": ["bad"]})'),
        ((413, "text/html", b"<html>413</html>"), "a proxy before Label Studio refuses 0 MB at once"),
        ((404, "text/html", b"<html>nothing here</html>"), "is a web page and not Label Studio's interface"),
        ((502, "text/html", b"<html>Bad gateway</html>"), "(status 502)"),
        (HTML, "is a web page and not Label Studio's interface"),
        ((302, "text/html", b"", {"location": "https://other/"}), "sends requests on to https://other/"),
    ],
)
def test_each_refusal_is_a_sentence(answer, part):
    with answering(answer) as (url, _):
        assert part in sentence_of(url, ask)


def test_a_project_that_is_gone_is_told_apart():
    answer = as_json(404, {"detail": "No Project"})
    with answering(answer) as (url, _), Client(url, LEGACY) as client, pytest.raises(ProjectGoneError):
        ask(client)


def test_a_dead_server():
    url = f"http://127.0.0.1:{free_port()}"
    assert sentence_of(url, ask) == f"nothing answers at {url}: start Label Studio there, or correct the address"


def test_a_slow_server():
    with answering(lambda handler: time.sleep(1)) as (url, _):
        assert "did not answer within 0.2 s" in sentence_of(url, ask, timeout=0.2)


def test_a_connection_that_breaks_is_not_tried_again():
    with answering(lambda handler: handler.connection.close()) as (url, asked):
        assert "broke" in sentence_of(url, lambda client: client.post("api/projects/7/import", []))
        assert len(asked) == 1


@pytest.mark.parametrize(
    "url", ["localhost:8080", "ftp://x", "", "http://", "http://h:port", "http://h/?a=1", "http://[x"]
)
def test_what_is_no_address(url):
    with pytest.raises(LabelStudioError, match="begins with http"):
        Client(url, LEGACY)


@pytest.mark.parametrize("token", ["", "  ", "zwölf", "a\nb"])
def test_what_is_no_token(token):
    with pytest.raises(LabelStudioError, match="a token is needed"):
        Client("http://localhost", token)


def test_a_login_in_the_address_is_never_shown():
    with answering(as_json(500, {"detail": "boom"})) as (url, _):
        secret = url.replace("http://", "http://me:secret@")
        assert "secret" not in sentence_of(secret, ask)


def test_a_personal_token_is_exchanged_and_renewed():
    pair = as_json(200, {"access": "one"}), as_json(200, {"access": "two"})
    expired, good = as_json(401, {"detail": "expired"}), as_json(200, {"id": 7})
    with answering(pair[0], good, expired, pair[1], good) as (url, asked), Client(url, PERSONAL) as client:
        assert client.token_kind == "personal access token"
        assert ask(client) == {"id": 7}
        assert ask(client) == {"id": 7}
    assert [(path, authorisation) for _, path, authorisation, _ in asked] == [
        ("/api/token/refresh/", None),
        ("/api/projects/7", "Bearer one"),
        ("/api/projects/7", "Bearer one"),
        ("/api/token/refresh/", None),
        ("/api/projects/7", "Bearer two"),
    ]


@pytest.mark.parametrize("answer", [as_json(401, {"detail": "Token is invalid"}), HTML, as_json(200, ["x"])])
def test_a_personal_token_that_is_refused(answer):
    with answering(answer) as (url, _):
        assert sentence_of(url, ask, token=PERSONAL)


@pytest.mark.parametrize("body", [{"name": "something else"}, [], "text"])
def test_another_service_is_not_taken_for_label_studio(body):
    with answering(as_json(200, body)) as (url, _):
        assert "is no Label Studio" in sentence_of(url, lambda client: client.test())


def test_tasks_are_read_page_by_page():
    pages = [
        as_json(200, {"total": 3, "tasks": [{"id": 1}, {"id": 2}]}),
        as_json(200, {"total": 3, "tasks": [{"id": 3}]}),
    ]
    with answering(*pages) as (url, asked), Client(url, LEGACY) as client:
        assert [task["id"] for task in client.tasks(5, {"filters": {}}, fields="all")] == [1, 2, 3]
    assert [path.split("page=")[1][0] for _, path, _, _ in asked] == ["1", "2"]
    assert "project=5" in asked[0][1]
