"""The main job in a real browser: a folder of photographs becomes a correct COCO file; and what may interrupt it."""

import json
import os
import signal
import time
from importlib.util import find_spec
from pathlib import Path

import psutil
import pytest
from PIL import Image

from tests.browser.coco_check import faults
from tests.browser.served import deaf, start_app
from tests.ports import free_port

PHOTOGRAPHS = {"coffee.png": "coffee.jpg", "chelsea.png": "cat #1.jpg"}
"""In the scikit-image wheel -> what they are called here."""


def photographs(folder, names=PHOTOGRAPHS, side=240):
    """A folder of small real photographs, one of them in a subfolder."""
    source = Path(find_spec("skimage").origin).parent / "data"
    for number, (original, name) in enumerate(names.items()):
        path = folder / ("inner" if number else "") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with Image.open(source / original) as picture:
            picture.thumbnail((side, side))
            picture.convert("RGB").save(path)
    return folder


def noise(folder, number):
    """A folder of tiny pictures, for the stand-in proposer."""
    folder.mkdir(parents=True)
    for index in range(number):
        Image.effect_noise((48, 36), 10 + index).convert("RGB").save(folder / f"n{index:02}.png")
    return folder


def review_state(page, *states):
    page.wait_for_selector(",".join(f"html[data-review={state}]" for state in states))


def press(page, *keys):
    for key in keys:
        page.keyboard.press(key)
    review_state(page, "saved")


def totals(server):
    return server.api("overview")["instances"]


def import_in_page(page, server, folder):
    page.goto(server.url)
    page.fill("#welcome-folder input", str(folder))
    page.click("#welcome-open")
    page.wait_for_url("**/#/import")


@pytest.fixture(scope="module")
def reviewed(make_server, tmp_path_factory):
    """An app whose eight images have the stand-in's three masks each."""
    folder = tmp_path_factory.mktemp("reviewed")
    server = make_server(folder)
    server.photos = noise(folder / "photos", 8)
    return server


@pytest.fixture(scope="module")
def ready(reviewed, chromium):
    """The same, imported and proposed."""
    context = chromium.new_context()
    import_in_page(context.new_page(), reviewed, reviewed.photos)
    page = context.pages[0]
    page.goto(f"{reviewed.url}/#/propose")
    page.click("#propose-run")
    reviewed.wait_for(lambda now: now["images"]["todo"] == 8)
    context.close()
    return reviewed


def test_from_a_folder_to_a_coco_file(make_server, tmp_path, page):
    """With the real proposer: import, propose, accept, reject, undo, reload, resume, export."""
    photos = photographs(tmp_path / "photos")
    (photos / "broken.jpg").write_bytes(b"\xff\xd8 no picture")
    server = make_server(tmp_path, fake=False)
    import_in_page(page, server, photos)

    report = page.locator("#import-report")
    report.locator("[data-import=done]").wait_for()
    assert report.get_by_text("broken.jpg").is_visible()

    page.goto(f"{server.url}/#/propose")
    page.click("#propose-run")
    page.wait_for_selector("#propose-status [data-job=running]")
    page.locator("[data-pill-text]", has_text="Proposing").wait_for()
    server.wait_for(lambda now: now["job"] is None and now["images"]["todo"] == 2, seconds=240)
    page.locator("#propose-status", has_text="2 images with masks to review").wait_for()
    page.locator(".shot canvas").nth(1).wait_for()

    page.goto(f"{server.url}/#/review")
    review_state(page, "ready")
    press(page, "f", "r", "f", "f")
    assert (totals(server)["accepted"], totals(server)["rejected"]) == (3, 1)
    assert page.locator("[data-saved]").text_content().startswith("Saved ")
    page.keyboard.press("Control+z")
    server.wait_for(lambda now: now["instances"]["accepted"] == 2)

    page.reload()
    review_state(page, "ready")
    page.keyboard.press("Control+Shift+z")
    server.wait_for(lambda now: now["instances"]["accepted"] == 3)

    page.watch.expected += ["Failed to load resource", "ERR_CONNECTION"]  # the page listens on for others
    server.stop()
    again = make_server(tmp_path, fake=False)
    assert (totals(again)["accepted"], totals(again)["rejected"]) == (3, 1)
    page.goto(f"{again.url}/#/export")
    page.locator("#export-summary", has_text="accepted 3").wait_for()
    page.click("#export-check")
    page.locator("#export-report [data-export=check]", has_text="3 masks").wait_for()
    page.click("#export-write")
    written = Path(page.locator("#export-report [data-written]").text_content())
    assert written == again.workspace / "exports" / f"{tmp_path.name}-coco.json"
    assert faults(written, photos) == []
    assert len(json.loads(written.read_text())["annotations"]) == 3

    with page.expect_download() as download:
        page.click("#export-download")
    assert Path(download.value.path()).read_bytes() == written.read_bytes()


HOLD_EARLY_ANSWERS = """
const real = window.fetch
const held = new Promise((release) => (window.release = release))
window.began = false
window.late = 0
window.fetch = async (...request) => {
  const early = !window.began
  const answer = await real(...request)
  if (!answer.url.includes('/gradio_api/run/predict')) return answer
  if (early) {
    await held
    window.late += 1
  } else if ((await answer.clone().text()).includes('<h3>Import')) setTimeout(window.release, 100)
  return answer
}
"""
"""Answers to what was asked before ``window.began`` arrive after the first one that tells of an import."""


def test_an_answer_from_before_the_import_does_not_end_its_report(make_server, tmp_path, page):
    server = make_server(tmp_path)
    page.add_init_script(HOLD_EARLY_ANSWERS)
    page.goto(server.url)
    page.fill("#welcome-folder input", str(noise(tmp_path / "photos", 2)))
    page.evaluate("window.began = true")
    page.click("#welcome-open")
    page.wait_for_function("window.late > 0")
    page.wait_for_timeout(200)  # for the page to take the late answers in
    page.locator("#import-report [data-import=done]").wait_for()


def test_export_of_undecided_polygons_and_refusals(ready, page, tmp_path):
    page.goto(f"{ready.url}/#/export")
    page.get_by_role("checkbox", name="Not decided ·").check()
    page.get_by_label("Polygons").check()
    page.fill("#export-path input", str(tmp_path / "out.txt"))
    page.click("#export-write")
    page.locator("#export-report .problem", has_text="does not end in .json").wait_for()
    page.fill("#export-path input", str(tmp_path / "none" / "out.json"))
    page.click("#export-write")
    page.locator("#export-report .problem").filter(has_not_text=".json:").or_(page.locator("[data-written]")).wait_for()
    page.fill("#export-path input", str(tmp_path / "out.json"))
    page.click("#export-write")
    page.locator("[data-written]", has_text=str(tmp_path / "out.json")).wait_for()
    data = json.loads((tmp_path / "out.json").read_text())
    assert all(isinstance(annotation["segmentation"], list) for annotation in data["annotations"])
    assert faults(tmp_path / "out.json", ready.photos) == []
    page.get_by_role("checkbox", name="Not decided ·").uncheck()
    page.get_by_role("checkbox", name="Accepted ·").uncheck()
    page.click("#export-check")
    page.locator("#export-report .problem", has_text="no masks are chosen").wait_for()


def test_a_closed_browser_loses_nothing(ready, new_page):
    before = totals(ready)["accepted"]
    page = new_page()
    page.goto(f"{ready.url}/#/review/2")
    review_state(page, "ready")
    page.keyboard.press("f")
    page.keyboard.press("f")
    page.close(run_before_unload=True)  # at once: the decisions may still be on their way
    ready.wait_for(lambda now: now["instances"]["accepted"] == before + 2, seconds=15)


def test_two_tabs_on_one_image_tell_of_the_conflict(ready, new_page):
    first, second = new_page(), deaf(new_page())
    second.watch.expected.append("409")
    for page in (first, second):
        page.goto(f"{ready.url}/#/review/5")
        review_state(page, "ready")
    press(first, "f")
    with second.expect_response(lambda answer: answer.url.endswith("/api/decisions")) as answer:
        second.keyboard.press("r")
    assert answer.value.status == 409
    assert "changed elsewhere" in answer.value.json()["conflicts"][0]["message"]
    states = {mask["id"]: mask["state"] for mask in ready.api("images/5")["instances"]}
    assert list(states.values()).count("accepted") == 1
    assert "rejected" not in states.values()


def test_a_second_app_on_the_workspace_is_refused(ready, tmp_path):
    flags = ("--no-browser", "--port", free_port(), "--workspace", ready.workspace)
    process, output = start_app(tmp_path, *flags)
    assert process.wait(30) == 1
    said = " ".join(output.read_text().split())
    assert "open in another app" in said
    assert f"http://localhost:{ready.port}" in said
    assert ready.api("overview")["images"]["total"] == 8


def test_a_taken_port_names_a_free_one(ready, tmp_path):
    process, output = start_app(tmp_path, "--no-browser", "--port", ready.port, "--workspace", tmp_path / "other")
    assert process.wait(30) == 1
    assert f"port {ready.port} is in use by another program: try --port" in " ".join(output.read_text().split())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_stops_in_order_and_at_once(make_server, tmp_path, new_page, number):
    server = make_server(tmp_path)
    page = new_page()
    page.watch.expected += ["Failed to load resource", "Connection lost", "ERR_"]
    page.goto(server.url)
    page.wait_for_selector("#welcome-demo", state="visible")
    started = time.monotonic()
    assert server.stop(number) == 0
    assert time.monotonic() - started < 8
    assert server.output.read_text().rstrip().endswith("everything is saved.")
    page.evaluate("document.dispatchEvent(new CustomEvent('annotator:refresh'))")
    page.locator("html[data-offline]").wait_for(state="attached")


def test_a_killed_proposal_job_goes_on(make_server, tmp_path, page, monkeypatch):
    monkeypatch.setenv("FAKE_SECONDS", "0.15")
    server = make_server(tmp_path)
    import_in_page(page, server, noise(tmp_path / "photos", 8))
    page.goto(f"{server.url}/#/propose")
    page.click("#propose-run")
    server.wait_for(lambda now: now["images"]["todo"] >= 2)
    job = next(
        process
        for process in psutil.Process(server.process.pid).children(recursive=True)
        if "job-run" in process.cmdline()
    )
    for process in [*job.children(recursive=True), job]:
        process.kill()
    done = server.wait_for(lambda now: now["job"] is None and now["images"]["new"] == 0)
    assert (done["images"]["todo"], done["instances"]["pending"]) == (8, 24)


def test_a_killed_app_goes_on_proposing_when_it_is_started_again(make_server, tmp_path, page, monkeypatch):
    monkeypatch.setenv("FAKE_SECONDS", "0.15")
    server = make_server(tmp_path)
    import_in_page(page, server, noise(tmp_path / "photos", 8))
    page.goto(f"{server.url}/#/propose")
    page.click("#propose-run")
    server.wait_for(lambda now: now["images"]["todo"] >= 2)
    page.close()
    os.kill(server.process.pid, signal.SIGKILL)
    server.process.wait()
    again = make_server(tmp_path)
    done = again.wait_for(lambda now: now["job"] is None and now["images"]["new"] == 0)
    assert (done["images"]["todo"], done["instances"]["pending"]) == (8, 24)


def test_trial_estimate_and_stop(make_server, tmp_path, page, monkeypatch):
    monkeypatch.setenv("FAKE_SECONDS", "0.15")
    server = make_server(tmp_path)
    import_in_page(page, server, noise(tmp_path / "photos", 30))
    page.goto(f"{server.url}/#/propose")
    page.click("#propose-trial")
    server.wait_for(lambda now: now["job"] is None and now["images"]["todo"] == 12)
    page.locator(".forecast", has_text="18 images").wait_for()
    assert page.locator(".shot").count() == 12
    page.locator("#propose-run", has_text="Propose for 18 images").click()
    page.locator("[data-pill-text]", has_text="/ 18").wait_for()
    page.click("[data-pill-cancel]")
    stopped = server.wait_for(lambda now: now["job"] is None)
    assert 0 < stopped["images"]["new"] < 18
    page.locator("#propose-history", has_text="stopped").wait_for()


def test_the_demo_shows_masks_by_itself(make_server, tmp_path, page):
    server = make_server(tmp_path, "--demo")
    page.goto(server.url)
    page.wait_for_url("**/#/review", timeout=60_000)
    review_state(page, "ready")
    assert server.api("overview")["images"]["total"] > 5


def test_uploads_and_a_folder_without_images(make_server, tmp_path, page):
    server = make_server(tmp_path)
    (tmp_path / "empty").mkdir()
    page.goto(server.url)
    for folder, sentence in (
        ("", "type or paste the path"),
        (tmp_path / "missing", "there is no folder"),
        (tmp_path / "empty", "holds no image files"),
    ):
        page.fill("#welcome-folder input", str(folder))
        page.click("#welcome-open")
        page.locator("#welcome-report .problem", has_text=sentence).wait_for()
    photos = noise(tmp_path / "räume & 50%", 2)
    page.locator("#welcome-upload [data-files]").set_input_files([photos / "n00.png", photos / "n01.png"])
    page.wait_for_url("**/#/import")
    page.locator("#import-report", has_text="2 uploaded files").wait_for()
    page.locator("#import-upload [data-folder]").set_input_files(photos)
    server.wait_for(lambda now: now["images"]["total"] == 4)
    names = {row["name"] for row in server.api("images")["rows"]}
    assert {Path(name).name for name in names} == {"n00.png", "n01.png"}
    assert any("räume & 50%" in name for name in names)
