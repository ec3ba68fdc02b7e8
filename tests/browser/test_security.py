"""Attacks on the running app: from other sites' pages, from the network, and through file names."""

import http.client
import json
import urllib.parse

import httpx
import pytest
from PIL import Image

EVIL_NAMES = [
    "<img src=x onerror=window.hacked=1>.png",
    "${window.hacked=1}`${window.hacked=1}`.png",
    "{{constructor.constructor('window.hacked=1')()}}.png",
    "\"onmouseover='window.hacked=1'.png",
    "50% #1 räume 图.png",
]


def picture(path, colour):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (32, 24), colour).save(path)


@pytest.fixture(scope="module")
def server(make_server, tmp_path_factory):
    folder = tmp_path_factory.mktemp("security")
    for index, name in enumerate(EVIL_NAMES):
        picture(folder / "photos" / name, (40 * index, 90, 120))
    (folder / "photos" / "<svg onload=window.hacked=1>.png").write_bytes(b"no picture")
    server = make_server(folder)
    server.photos = folder / "photos"
    return server


@pytest.fixture(scope="module")
def locked(make_server, tmp_path_factory):
    return make_server(tmp_path_factory.mktemp("locked"), auth=("ann", "s3cret"))


def raw(server, method, path, headers=None, body=None):
    """A request exactly as given: no client library tidies the path or the Host header."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    try:
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in {"Host": f"localhost:{server.port}", **(headers or {})}.items():
            connection.putheader(name, value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        answer = connection.getresponse()
        return answer.status, answer.read(), dict(answer.getheaders())
    finally:
        connection.close()


@pytest.mark.parametrize("path", ["/", "/api/overview", "/config", "/static/js/shell.js", "/gradio_api/info"])
def test_a_rebound_name_gets_nothing(server, path):
    status, body, _ = raw(server, "GET", path, {"Host": f"evil.example:{server.port}"})
    assert status == 403
    assert "localhost" in json.loads(body)["error"]


@pytest.mark.parametrize(
    "path", ["/api/undo", "/gradio_api/run/predict", "/gradio_api/queue/join", "/gradio_api/upload"]
)
@pytest.mark.parametrize("headers", [{"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}])
def test_another_sites_page_changes_nothing(server, path, headers):
    status, body, _ = raw(server, "POST", path, {"Content-Type": "application/json", **headers}, b"{}")
    assert status == 403
    assert "another site" in json.loads(body)["error"]


def test_own_posts_need_the_header(server):
    status, body, _ = raw(server, "POST", "/api/undo", {"Content-Type": "application/json"}, b"{}")
    assert status == 403
    assert "X-Requested-With" in json.loads(body)["error"]


@pytest.mark.parametrize(
    "path",
    [
        "/static/../server.py",
        "/static/%2e%2e/server.py",
        "/static/js/..%2f..%2fserver.py",
        "/static//etc/passwd",
        "/api/images/..%2f..%2f..%2fetc%2fpasswd/pixels",
        "/api/images/1%2f..%2f2/pixels",
        "/gradio_api/file=/etc/passwd",
        "/gradio_api/file={workspace}/workspace.db",
        "/file={workspace}/workspace.db",
        "/workspace.db",
    ],
)
def test_no_path_leads_to_files(server, path):
    path = path.replace("{workspace}", urllib.parse.quote(str(server.workspace)))
    status, body, _ = raw(server, "GET", path)
    assert status in (400, 403, 404, 405, 422), body[:200]
    assert b"root:" not in body
    assert b"SQLite" not in body
    assert b"import" not in body


def test_the_api_describes_itself_to_nobody(server):
    for path in ("/docs", "/openapi.json", "/redoc"):
        assert raw(server, "GET", path)[0] == 404


def test_file_names_run_no_code(server, page):
    page.goto(server.url)
    page.fill("#welcome-folder input", str(server.photos))
    page.click("#welcome-open")
    page.wait_for_selector("html[data-workspace=open]")
    server.api("images")
    for tab in ("import", "propose", "queue", "export"):
        page.goto(f"{server.url}/#/{tab}")
        page.wait_for_selector(f"html[data-tab={tab}] #tab-{tab}")
        page.wait_for_timeout(300)
        assert page.evaluate("window.hacked") is None, tab
    page.goto(f"{server.url}/#/import")
    report = page.locator("#import-report")
    report.get_by_text("<svg onload=window.hacked=1>.png").wait_for()
    names = {row["name"] for row in server.api("images")["rows"]}
    assert {name for name in names if "svg" not in name} == set(EVIL_NAMES)


def test_file_names_run_no_code_in_the_preview_and_in_review(server, page):
    if server.api("overview")["images"]["total"] == 0:
        pytest.skip("the import before this failed")
    page.goto(f"{server.url}/#/propose")
    page.click("#propose-run")
    server.wait_for(lambda now: now["images"]["todo"] == len(EVIL_NAMES))
    page.locator(".shot .name").nth(len(EVIL_NAMES) - 1).wait_for()
    shown = page.locator(".shot .name").all_text_contents()
    assert set(shown) == set(EVIL_NAMES)
    for row in server.api("images")["rows"]:
        if row["masks"]:
            page.goto(f"{server.url}/#/review/{row['id']}")
            page.wait_for_selector("html[data-review=ready]")
            assert page.evaluate("window.hacked") is None, row["name"]


def test_without_login_nothing_is_told(locked):
    for path in ("/api/overview", "/api/images", "/api/images/1/pixels", "/api/export"):
        status, body, _ = raw(locked, "GET", path)
        assert status == 401
        assert "not logged in" in json.loads(body)["error"]
    headers = {"X-Requested-With": "annotator", "Content-Type": "application/json"}
    assert raw(locked, "POST", "/api/undo", headers, b"{}")[0] == 401
    forged = {"Cookie": "access-token=x; access-token-unsecure-=x"}
    assert raw(locked, "GET", "/api/overview", forged)[0] == 401
    assert raw(locked, "GET", "/gradio_api/config")[0] in (401, 404)


def test_login_opens_the_app_and_names_the_reviewer(locked, page):
    page.watch.expected += ["401", "Failed to load resource"]
    page.goto(locked.url)
    page.get_by_label("username").fill("ann")
    page.get_by_label("password").fill("s3cret")
    page.get_by_role("button", name="Login").click()
    page.wait_for_selector("#welcome-demo", state="visible")
    assert page.evaluate("fetch('/api/overview').then(answer => answer.json())")["who"] == "ann"


def test_guessing_the_password_ends(locked):
    with httpx.Client(base_url=locked.url, trust_env=False) as client:
        answers = [client.post("/login", data={"username": "ann", "password": f"{n}"}).status_code for n in range(12)]
    assert answers[0] == 400
    assert answers[-1] == 429
