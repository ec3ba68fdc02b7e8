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
from tests.browser.conftest import free_port, start_app

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
    page.wait_for_selector("html[data-workspace=open]")


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


T0=time.monotonic()
def test_from_a_folder_to_a_coco_file(make_server, tmp_path, page):
    """With the real proposer: import, propose, accept, reject, undo, reload, resume, export."""
    photos = photographs(tmp_path / "photos")
    print(round(time.monotonic()-T0,1), 'photos = photographs(tmp_path / "photos")', flush=True)
    (photos / "broken.jpg").write_bytes(b"\xff\xd8 no picture")
    print(round(time.monotonic()-T0,1), '(photos / "broken.jpg").write_bytes(b"\\xff\\xd8 no picture")', flush=True)
    server = make_server(tmp_path, fake=False)
    print(round(time.monotonic()-T0,1), 'server = make_server(tmp_path, fake=False)', flush=True)
    import_in_page(page, server, photos)
    print(round(time.monotonic()-T0,1), 'import_in_page(page, server, photos)', flush=True)

    page.goto(f"{server.url}/#/import")
    print(round(time.monotonic()-T0,1), 'page.goto(f"{server.url}/#/import")', flush=True)
    report = page.locator("#import-report")
    print(round(time.monotonic()-T0,1), 'report = page.locator("#import-report")', flush=True)
    report.locator("[data-import=done]").wait_for()
    print(round(time.monotonic()-T0,1), 'report.locator("[data-import=done]").wait_for()', flush=True)
    assert report.get_by_text("broken.jpg").is_visible()
    print(round(time.monotonic()-T0,1), 'assert report.get_by_text("broken.jpg").is_visible()', flush=True)

    page.goto(f"{server.url}/#/propose")
    print(round(time.monotonic()-T0,1), 'page.goto(f"{server.url}/#/propose")', flush=True)
    page.click("#propose-run")
    print(round(time.monotonic()-T0,1), 'page.click("#propose-run")', flush=True)
    page.wait_for_selector("#propose-status [data-job=running]")
    print(round(time.monotonic()-T0,1), 'page.wait_for_selector("#propose-status [data-job=running]")', flush=True)
    page.locator("[data-pill-text]", has_text="Proposing").wait_for()
    print(round(time.monotonic()-T0,1), 'page.locator("[data-pill-text]", has_text="Proposing").wait_for()', flush=True)
    server.wait_for(lambda now: now["job"] is None and now["images"]["todo"] == 2, seconds=120)
    print(round(time.monotonic()-T0,1), 'server.wait_for(lambda now: now["job"] is None and now["images"]["todo', flush=True)
    page.locator("#propose-status", has_text="2 images with masks to review").wait_for()
    print(round(time.monotonic()-T0,1), 'page.locator("#propose-status", has_text="2 images with masks to revie', flush=True)
    page.locator(".shot canvas").nth(1).wait_for()
    print(round(time.monotonic()-T0,1), 'page.locator(".shot canvas").nth(1).wait_for()', flush=True)

    page.goto(f"{server.url}/#/review")
    print(round(time.monotonic()-T0,1), 'page.goto(f"{server.url}/#/review")', flush=True)
    review_state(page, "ready")
    print(round(time.monotonic()-T0,1), 'review_state(page, "ready")', flush=True)
    press(page, "f", "r", "f", "f")
    print(round(time.monotonic()-T0,1), 'press(page, "f", "r", "f", "f")', flush=True)
    assert (totals(server)["accepted"], totals(server)["rejected"]) == (3, 1)
    print(round(time.monotonic()-T0,1), 'assert (totals(server)["accepted"], totals(server)["rejected"]) == (3,', flush=True)
    assert page.locator("[data-saved]").text_content().startswith("Saved ")
    print(round(time.monotonic()-T0,1), 'assert page.locator("[data-saved]").text_content().startswith("Saved "', flush=True)
    page.keyboard.press("Control+z")
    print(round(time.monotonic()-T0,1), 'page.keyboard.press("Control+z")', flush=True)
    server.wait_for(lambda now: now["instances"]["accepted"] == 2)
    print(round(time.monotonic()-T0,1), 'server.wait_for(lambda now: now["instances"]["accepted"] == 2)', flush=True)

    page.reload()
    print(round(time.monotonic()-T0,1), 'page.reload()', flush=True)
    review_state(page, "ready")
    print(round(time.monotonic()-T0,1), 'review_state(page, "ready")', flush=True)
    page.keyboard.press("Control+Shift+z")
    print(round(time.monotonic()-T0,1), 'page.keyboard.press("Control+Shift+z")', flush=True)
    server.wait_for(lambda now: now["instances"]["accepted"] == 3)
    print(round(time.monotonic()-T0,1), 'server.wait_for(lambda now: now["instances"]["accepted"] == 3)', flush=True)

    server.stop()
    print(round(time.monotonic()-T0,1), 'server.stop()', flush=True)
    again = make_server(tmp_path, fake=False)
    print(round(time.monotonic()-T0,1), 'again = make_server(tmp_path, fake=False)', flush=True)
    assert (totals(again)["accepted"], totals(again)["rejected"]) == (3, 1)
    print(round(time.monotonic()-T0,1), 'assert (totals(again)["accepted"], totals(again)["rejected"]) == (3, 1', flush=True)
    page.goto(f"{again.url}/#/export")
    print(round(time.monotonic()-T0,1), 'page.goto(f"{again.url}/#/export")', flush=True)
    page.locator("#export-summary", has_text="accepted 3").wait_for()
    print(round(time.monotonic()-T0,1), 'page.locator("#export-summary", has_text="accepted 3").wait_for()', flush=True)
    page.click("#export-check")
    print(round(time.monotonic()-T0,1), 'page.click("#export-check")', flush=True)
    page.locator("#export-report [data-export=check]", has_text="3 masks").wait_for()
    print(round(time.monotonic()-T0,1), 'page.locator("#export-report [data-export=check]", has_text="3 masks")', flush=True)
    page.click("#export-write")
    print(round(time.monotonic()-T0,1), 'page.click("#export-write")', flush=True)
    written = Path(page.locator("#export-report [data-written]").text_content())
    print(round(time.monotonic()-T0,1), 'written = Path(page.locator("#export-report [data-written]").text_cont', flush=True)
    assert written == again.workspace / "exports" / f"{tmp_path.name}-coco.json"
    print(round(time.monotonic()-T0,1), 'assert written == again.workspace / "exports" / f"{tmp_path.name}-coco', flush=True)
    assert faults(written, photos) == []
    print(round(time.monotonic()-T0,1), 'assert faults(written, photos) == []', flush=True)
    assert len(json.loads(written.read_text())["annotations"]) == 3
    print(round(time.monotonic()-T0,1), 'assert len(json.loads(written.read_text())["annotations"]) == 3', flush=True)

    with page.expect_download() as download:
        page.click("#export-download")
    assert Path(download.value.path()).read_bytes() == written.read_bytes()
    print(round(time.monotonic()-T0,1), 'assert Path(download.value.path()).read_bytes() == written.read_bytes(', flush=True)



