"""The guard in front of every route."""

import pytest
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from fastapi.testclient import TestClient

from app.web.security import Guard, gradio_reviewer, is_loopback

HEADER = {"X-Requested-With": "annotator"}


def guarded(**options):
    app = FastAPI()

    @app.api_route("/api/thing", methods=["GET", "POST", "DELETE"])
    def thing(request: Request):
        return {"who": request.state.who}

    @app.post("/gradio_api/thing")
    def gradio():
        return {}

    @app.post("/login")
    def login(password: str):
        return JSONResponse({}, 200 if password == "right" else 400)

    @app.get("/static/a.js")
    def script():
        return "1"

    app.add_middleware(Guard, **options)
    return TestClient(app, base_url="http://localhost:7860")


@pytest.mark.parametrize("host", ["localhost:7860", "127.0.0.1:7860", "[::1]:7860", "LOCALHOST", "localhost:9999"])
def test_this_machines_names_are_answered(host):
    assert guarded().get("/api/thing", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:7860", "localhost.evil.example", "", "127.0.0.1.nip.io", "[::"]
)
@pytest.mark.parametrize("path", ["/api/thing", "/static/a.js", "/"])
def test_other_names_get_nothing(host, path):
    answer = guarded().get(path, headers={"Host": host})
    assert answer.status_code == 403
    assert "localhost" in answer.json()["error"]


def test_an_app_on_the_network_answers_to_any_name():
    assert guarded(any_host=True).get("/api/thing", headers={"Host": "gpu-box.lan"}).status_code == 200


@pytest.mark.parametrize("method", ["POST", "DELETE"])
@pytest.mark.parametrize("headers", [{}, {"X-Requested-With": "XMLHttpRequest"}])
def test_own_routes_demand_the_header(method, headers):
    answer = guarded().request(method, "/api/thing", headers={**headers, "Content-Length": "0"})
    assert answer.status_code == 403
    assert "X-Requested-With" in answer.json()["error"]


def test_reading_needs_no_header():
    assert guarded().get("/api/thing").json() == {"who": "local"}


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("Ann", "Ann"),
        ("%20Ann%20", "Ann"),
        ("J%C3%BCrgen%20%F0%9F%90%B8", "Jürgen 🐸"),
        ("%3Cb%3E%24%7B1%7D%60", "<b>${1}`"),
        ("x" * 80, "x" * 80),
        ("", "local"),
        ("%20", "local"),
    ],
)
def test_a_person_without_login_says_who_they_are(header, name):
    assert guarded().get("/api/thing", headers={"X-Reviewer": header}).json() == {"who": name}


@pytest.mark.parametrize(
    "header", ["x" * 81, "%0A", "a%00b", "a%1B%5B31m", "%E2%80%AEevil", "%FF%FE", "%C3", "%F0%9F%90%B8" * 81, "a%09b"]
)
def test_what_is_no_name_is_refused(header):
    answer = guarded().get("/api/thing", headers={"X-Reviewer": header})
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_a_login_says_who_it_is_whatever_the_page_says():
    client = guarded(reviewer_of=lambda _cookies: "ann")
    assert client.get("/api/thing", headers={"X-Reviewer": "bo"}).json() == {"who": "ann"}
    assert guarded(reviewer_of=lambda _cookies: None).get("/api/thing").status_code == 401


@pytest.mark.parametrize("path", ["/api/thing", "/gradio_api/thing"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:3000"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_other_sites_change_nothing(path, headers):
    answer = guarded().post(path, headers={**HEADER, **headers}, content=b"")
    assert answer.status_code == 403
    assert "another site" in answer.json()["error"]


@pytest.mark.parametrize("headers", [{"Origin": "http://localhost:7860", "Sec-Fetch-Site": "same-origin"}, {}])
def test_our_own_page_may_change_things(headers):
    assert guarded().post("/api/thing", headers={**HEADER, **headers}, content=b"").status_code == 200


def test_a_long_body_is_refused_before_it_is_read():
    answer = guarded().post("/api/thing", headers=HEADER, content=b"x" * (4 * 2**20 + 1))
    assert answer.status_code == 413


def test_a_body_of_unknown_length_is_refused():
    answer = guarded().post("/api/thing", headers=HEADER, content=(part for part in (b"a", b"b")))
    assert answer.status_code == 413


def test_without_a_session_own_routes_answer_401():
    client = guarded(reviewer_of=gradio_reviewer("abc", {"token": "ann"}))
    for cookies in ({}, {"access-token-abc": "wrong"}, {"access-token-xyz": "token"}, {"access-token-abc": ""}):
        client.cookies.clear()
        client.cookies.update(cookies)
        answer = client.get("/api/thing")
        assert answer.status_code == 401, cookies
        assert "log in" in answer.json()["error"]


@pytest.mark.parametrize("name", ["access-token-abc", "access-token-unsecure-abc"])
def test_a_session_tells_who_decides(name):
    client = guarded(reviewer_of=gradio_reviewer("abc", {"token": "ann"}))
    client.cookies.set(name, "token")
    assert client.get("/api/thing").json() == {"who": "ann"}


def test_the_login_page_stays_reachable():
    client = guarded(reviewer_of=gradio_reviewer("abc", {}))
    assert client.get("/static/a.js").status_code == 200
    assert client.post("/login?password=right").status_code == 200


def test_guessing_passwords_ends():
    client = guarded(reviewer_of=gradio_reviewer("abc", {}))
    answers = [client.post("/login?password=wrong").status_code for _ in range(12)]
    assert answers == [400] * 10 + [429] * 2
    assert client.post("/login?password=right").status_code == 429


@pytest.mark.parametrize("path", ["/api/thing", "/static/a.js", "/none"])
def test_every_answer_carries_the_headers(path):
    headers = guarded().get(path).headers
    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["object-src"] == "'none'"
    assert not any("http" in part or "*" in part for part in policy.values())
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"


def test_refusals_carry_the_headers_too():
    assert "content-security-policy" in guarded().get("/", headers={"Host": "evil.example"}).headers


def test_scripts_are_asked_for_again():
    assert guarded().get("/static/a.js").headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("localhost", True),
        ("::1", True),
        ("127.0.1.5", True),
        ("0.0.0.0", False),
        ("10.0.0.3", False),
    ],
)
def test_loopback(host, expected):
    assert is_loopback(host) is expected
