"""Downloads against a real HTTP server on this machine: resumed, checked, atomic, and clear when they fail."""

import hashlib
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from freesolo.backbones.download import cache_folder, fetch
from freesolo.backbones.passports import Passport
from freesolo.errors import DownloadError

CONTENT = bytes(range(256)) * 5000
DIGEST = hashlib.sha256(CONTENT).hexdigest()


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves CONTENT with ranges; ``/drop`` breaks off in the middle of every whole answer; anything else is 404."""

    protocol_version = "HTTP/1.1"
    requests: ClassVar[list[tuple[str, str | None]]] = []

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        Handler.requests.append((self.path, wanted))
        if self.path not in ("/weights.pth", "/drop.pth", "/plain.pth"):
            self.send_error(404)
            return
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and self.path != "/plain.pth" else 0
        body = CONTENT[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.path == "/drop.pth" and not start:
            self.wfile.write(body[: len(body) // 3])
            self.close_connection = True
            return
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        """Quiet."""


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("FREESOLO_CACHE", str(tmp_path / "cache"))
    Handler.requests = []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        threading.Thread(target=httpd.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{httpd.server_port}"
        httpd.shutdown()


def passport(*mirrors: str, sha256: str | None = DIGEST) -> Passport:
    return Passport(
        name="small",
        architecture="resnet50",
        mirrors=mirrors,
        sha256=sha256,
        licence="CC0",
        commercial=True,
        trained_on="nothing",
    )


def test_fetches_once_and_reports_progress(server: str, caplog: pytest.LogCaptureFixture) -> None:
    seen: list[tuple[int, int | None]] = []
    path = fetch(passport(f"{server}/weights.pth"), lambda done, total: seen.append((done, total)))
    assert path.read_bytes() == CONTENT
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert "Licence: CC0" in caplog.text
    assert fetch(passport(f"{server}/weights.pth")) == path
    assert len(Handler.requests) == 1


def test_a_dropped_connection_goes_on_where_it_broke(server: str) -> None:
    path = fetch(passport(f"{server}/drop.pth"))
    assert path.read_bytes() == CONTENT
    assert Handler.requests == [("/drop.pth", None), ("/drop.pth", f"bytes={len(CONTENT) // 3}-")]


def test_a_part_left_by_a_killed_process_is_used(server: str) -> None:
    cache_folder().mkdir(parents=True)
    (cache_folder() / "small.pth.part").write_bytes(CONTENT[:1000])
    assert fetch(passport(f"{server}/weights.pth")).read_bytes() == CONTENT
    assert Handler.requests == [("/weights.pth", "bytes=1000-")]


def test_a_server_that_cannot_resume_starts_again(server: str) -> None:
    cache_folder().mkdir(parents=True)
    (cache_folder() / "small.pth.part").write_bytes(b"other bytes")
    assert fetch(passport(f"{server}/plain.pth")).read_bytes() == CONTENT


def test_the_next_mirror_is_tried(server: str) -> None:
    assert fetch(passport(f"{server}/gone.pth", f"{server}/weights.pth")).read_bytes() == CONTENT


def test_a_wrong_checksum_leaves_nothing(server: str) -> None:
    with pytest.raises(DownloadError, match=r"checksum .* instead of 0000"):
        fetch(passport(f"{server}/weights.pth", sha256="0000"))
    assert list(cache_folder().iterdir()) == []


def test_offline_says_where_to_put_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FREESOLO_CACHE", str(tmp_path))
    with pytest.raises(DownloadError, match=r"small could not be fetched \(127.0.0.1: .*put it at .*small.pth"):
        fetch(passport("http://127.0.0.1:9/weights.pth"))
    with pytest.raises(DownloadError, match="not for download"):
        fetch(passport())
