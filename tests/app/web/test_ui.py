"""The Gradio page as it is built, without a browser."""

import asyncio

import pytest
from fastapi.testclient import TestClient

from app import jobs
from app.errors import ExportError
from app.formats.registry import FORMATS
from app.services import ingest
from app.web import server, ui
from app.web.importer import Importer
from app.web.ui import export_tab, propose_tab
from app.web.ui.page import build
from tests.app.helpers import add_masks, make_folder


def in_loop(make):
    """Call ``make`` where an event loop runs; elsewhere Gradio opens loops of its own and never closes them."""

    async def inside():
        return make()

    return asyncio.run(inside())


@pytest.fixture
def page(ws):
    return in_loop(lambda: build(ws, Importer(ws), local=True)).get_config_file()


def test_every_handler_is_private_and_answers_at_once(page):
    handlers = [event for event in page["dependencies"] if event["backend_fn"]]
    assert len(handlers) > 10
    assert all(event["queue"] is False and event["api_visibility"] == "private" for event in handlers)


def test_templates_take_no_data(page):
    """Gradio evaluates a template as code: ours are constant, and values go in as text or as escaped HTML."""
    for component in page["components"]:
        if component["type"] == "html":
            template = component["props"]["html_template"]
            assert template == "${value}" or not ("${" in template or "{{" in template or "`" in template)


def test_tabs_have_the_addresses_that_scripts_know(page):
    tabs = [component["props"] for component in page["components"] if component["type"] == "tabitem"]
    assert [(tab["id"], tab["label"]) for tab in tabs] == [
        ("import", "Import"),
        ("propose", "Propose"),
        ("queue", "Queue"),
        ("review", "Review"),
        ("grid", "Grid"),
        ("train", "Train"),
        ("quality", "Quality"),
        ("export", "Export"),
        ("jobs", "Jobs"),
        ("settings", "Settings"),
    ]


def test_the_page_needs_no_other_host(ws):
    app = in_loop(lambda: server.make_app(ws))
    mounted = app.routes[-1].app
    blocks = mounted.get_blocks()
    assert "http" not in blocks.head
    assert "@import" not in blocks.theme_css
    assert "url(http" not in blocks.theme_css.replace('"', "")
    assert blocks.allowed_paths == []
    assert blocks.analytics_enabled is False


def test_accounts_are_checked_whole(ws):
    check = ui._checker(("ann", "pässword"))
    assert check("ann", "pässword")
    for wrong in (("ann", "passwort"), ("bob", "pässword"), ("", ""), ("ann", "pässword2")):
        assert not check(*wrong)


@pytest.mark.parametrize(
    ("typed", "local", "sentence"),
    [
        ("  ", True, "type the path"),
        ("~/.bashrc", True, "does not end in .json"),
        ("../../etc/x.json", False, "over the network"),
        ("/tmp/x.json", False, "over the network"),
    ],
)
def test_export_paths_that_are_refused(ws, typed, local, sentence):
    with pytest.raises(ExportError, match=sentence):
        export_tab._target(ws, typed, ".json", local=local)


@pytest.mark.parametrize("local", [True, False])
def test_export_paths_are_meant_below_the_exports(ws, local):
    out = export_tab._target(ws, " mine.json ", ".json", local=local)
    assert out == (ws.path / "exports" / "mine.json").resolve()
    assert out.parent.is_dir()


def test_export_elsewhere_makes_no_folder(ws, tmp_path):
    out = export_tab._target(ws, str(tmp_path / "new" / "out.json"), ".json", local=True)
    assert out == tmp_path / "new" / "out.json"
    assert not out.parent.exists()


def test_an_export_of_no_state_is_refused():
    with pytest.raises(ExportError, match="no masks are chosen"):
        export_tab._request("coco", [], "rle")


def test_a_trial_takes_images_from_the_whole_queue(ws, tmp_path):
    assert propose_tab._spread(ws) == []
    ingest.import_folder(ws, make_folder(tmp_path / "photos", [f"{n:02}.png" for n in range(30)]))
    ids = propose_tab._spread(ws)
    assert len(ids) == len(set(ids)) == propose_tab.TRIAL
    assert (min(ids), max(ids)) == (1, 28)


def test_a_trial_of_few_images_takes_all(reviewed):
    assert propose_tab._spread(reviewed[0]) == [1, 2, 3]


def test_two_clicks_are_one_run(ws, tmp_path):
    ingest.import_folder(ws, make_folder(tmp_path / "photos"))
    for _ in range(2):
        propose_tab._submit(ws, "default", None)
    (job,) = jobs.list_jobs(ws)
    assert job.args == {"proposer": "default", "limit": None, "image_ids": None}


@pytest.mark.parametrize("button", ["propose-run", "propose-trial"])
@pytest.mark.parametrize("proposer", ["os:getcwd", "/models/solo.safetensors", ["default"], None])
def test_a_browser_gets_no_other_proposer_than_the_registered_ones(reviewed, button, proposer):
    """A forged request: names of code or of files never start a job."""
    ws, _ = reviewed
    app = in_loop(lambda: server.make_app(ws))
    with TestClient(app, base_url="http://localhost:7860") as client:
        page = client.get("/config").json()
        (pressed,) = [part["id"] for part in page["components"] if part["props"].get("elem_id") == button]
        (handler,) = [
            event["id"]
            for event in page["dependencies"]
            if event["backend_fn"] and [pressed, "click"] in [list(target) for target in event["targets"]]
        ]
        body = {"data": [proposer], "fn_index": handler, "session_hash": "forged", "trigger_id": pressed}
        answer = client.post("/gradio_api/run/predict", json=body)
    assert answer.status_code >= 400
    assert "default" in answer.json()["error"]
    assert "fast" in answer.json()["error"]
    assert jobs.list_jobs(ws) == []


def test_a_trial_of_nothing_starts_nothing(ws):
    propose_tab._submit(ws, "default", [])
    assert jobs.list_jobs(ws) == []


def test_buttons_follow_the_work(ws, tmp_path):
    def interactive():
        trial, run, stop, *_ = propose_tab._view(ws)
        return trial.interactive, run.interactive, stop.interactive

    assert interactive() == (False, False, False)
    ingest.import_folder(ws, make_folder(tmp_path / "photos"))
    assert interactive() == (True, True, False)
    job = jobs.submit(ws, "propose", {"proposer": "default", "limit": None, "image_ids": None})
    assert interactive() == (False, False, True)
    jobs.cancel(ws, job.id)
    assert interactive() == (True, True, False)


def test_the_preview_shows_the_trial_then_what_is_to_do(ws, tmp_path):
    ingest.import_folder(ws, make_folder(tmp_path / "photos"))
    add_masks(ws, 2)
    assert propose_tab._previewed(ws, []) == [2]
    trial = jobs.submit(ws, "propose", {"proposer": "default", "limit": None, "image_ids": [1, 3]})
    assert propose_tab._previewed(ws, [trial]) == [1, 3]
    whole = jobs.submit(ws, "propose", {"proposer": "default", "limit": None, "image_ids": None})
    assert propose_tab._previewed(ws, [whole, trial]) == [2]


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_says_what_it_keeps_and_has_words_for_its_encodings(ws, name):
    assert FORMATS[name].loses.split()[0] in export_tab._about(name)
    assert [encoding for _, encoding in export_tab._ways(name)] == list(FORMATS[name].encodings)
    assert export_tab._usual_path(ws, name).endswith(f"-{name}{FORMATS[name].suffix}")
