"""Pictures that Label Studio's pages load from a web server."""

import shutil
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import quote

import pytest

from app.errors import LabelStudioError
from app.labelstudio.check import check
from tests.integration.helpers import here, make_case, predicted, pushed, tasks, three_images
from tests.ports import free_port


@contextmanager
def web_server(folder, cors="*"):
    """A web server of the folder's files; its address."""

    class Handler(SimpleHTTPRequestHandler):
        def end_headers(self):
            if cors:
                self.send_header("Access-Control-Allow-Origin", cors)
            super().end_headers()

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=folder))
    thread = Thread(target=server.serve_forever, args=[0.01])
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def away(tmp_path):
    """Three images that Label Studio cannot read."""
    case = make_case(tmp_path / "away", three_images())
    yield case, tmp_path / "away" / "photos"
    case.ws.close()


def test_an_address_is_tried_told_and_put_into_the_tasks(away, client):
    case, photos = away
    with web_server(photos) as url:
        report = pushed(case, client, address=url)
        assert report.images == f"browsers load the pictures from {url}/"
        project = report.project.id
        assert {name: task["data"]["image"] for name, task in tasks(client, project).items()} == {
            name: f"{url}/{quote(name)}" for name in case.masks
        }
        found = check(case.ws, client)
        assert found.loads
        assert f"its first picture loads from {url}/" in found.words
        for name in list(case.masks)[:2]:
            assert predicted(client, project, name) == here(case, name)
        again = pushed(case, client, way="url", address=f"{url}/")
        assert (again.tasks, again.sent, again.unchanged) == (0, 0, 3)
    found = check(case.ws, client)
    assert (found.loads, "no picture can be loaded from" in found.words) == (False, True)


def test_a_server_that_allows_label_studio_alone_is_enough(away, client):
    case, photos = away
    with web_server(photos, cors=client.url) as url:
        assert pushed(case, client, way="url", address=url).sent == 2
    with web_server(photos, cors="https://elsewhere.example") as url, pytest.raises(LabelStudioError, match="CORS"):
        pushed(make_case(photos.parent / "other", three_images()), client, way="url", address=url)


@pytest.mark.parametrize(
    ("cors", "path", "sentence"),
    [
        ("", "", r"does not allow pages of http://127\.0\.0\.1:\d+ to read its pictures \(CORS\)"),
        ("*", "/nowhere", "answers with status 404 and no picture: correct the address"),
        ("*", "/copy", "is another file than a b#1.png here"),
    ],
    ids=["cors", "404", "another"],
)
def test_an_address_that_does_not_do_is_told_before_anything_is_added(away, client, cors, path, sentence):
    case, photos = away
    shutil.copytree(photos, photos / "copy")
    (photos / "copy" / "a b#1.png").write_bytes((photos / "ü" / "50%.png").read_bytes())
    with web_server(photos, cors) as url, pytest.raises(LabelStudioError, match=sentence):
        pushed(case, client, way="url", address=url + path)
    [project] = client.get("api/projects")["results"]
    assert not tasks(client, project["id"])
    report = pushed(case, client)
    assert "uploaded" in report.images
    assert report.sent == 2


def test_a_web_server_that_is_not_there_is_told(away, client):
    with pytest.raises(LabelStudioError, match="no picture can be loaded from http://127"):
        pushed(away[0], client, way="url", address=f"http://127.0.0.1:{free_port()}")
