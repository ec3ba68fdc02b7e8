"""The Export screen: choose a format, read what it loses, write it, download it."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from app.formats.registry import FORMATS
from app.services import ingest, review
from app.services.review import Operation
from app.services.workspace import Workspace
from freesolo.codecs import coco_rle
from tests.app.helpers import make_image, new_instances
from tests.browser.served import Servers
from tests.browser.test_screens import serious


@pytest.fixture(scope="module")
def server(make_server: Servers, tmp_path_factory):
    """An image with two accepted masks that overlap, one with a hole."""
    folder = tmp_path_factory.mktemp("export")
    make_image(folder / "photos" / "a b.png", size=(160, 120))
    masks = np.zeros((2, 120, 160), bool)
    masks[0, 10:80, 10:90] = True
    masks[0, 20:40, 20:40] = False
    masks[1, 60:110, 70:150] = True
    ws = Workspace.open(folder / "workspace")
    ingest.import_folder(ws, folder / "photos")
    with ws.store.write() as tx:
        tx.instances.add_many(1, "test@1", new_instances(masks))
        tx.images.change(1, proposer="test@1", proposer_name="test")
        tx.images.refresh([1])
        ids = [mask.id for mask in tx.instances.of_image(1)]
    review.apply(ws, "me", [Operation(f"k{mask}", 1, "g", "state", mask, 0, "accepted") for mask in ids])
    ws.close()
    return make_server(folder)


def choose(page, name):
    """Pick a format and wait until the screen speaks of it."""
    page.click("#export-format input")
    page.get_by_role("option", name=FORMATS[name].title, exact=True).click()
    page.locator("#export-about", has_text=FORMATS[name].keeps).wait_for()
    page.wait_for_function(
        "suffix => document.querySelector('#export-path input').value.endsWith(suffix)",
        arg=f"-{name}{FORMATS[name].suffix}",
    )


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_format_is_chosen_checked_written_and_downloaded(server, new_page, theme):
    page = new_page(color_scheme=theme)
    page.goto(f"{server.url}/?__theme={theme}#/export")
    page.locator("#export-summary [data-summary]").wait_for()
    page.click("#export-check")
    page.locator("[data-export=check]", has_text="Nothing is lost").wait_for()
    choose(page, "voc")
    assert not page.locator("#export-encoding").is_visible(), "there is one way to write it"
    assert page.locator("[data-export]").count() == 0, "the report was of another format"
    page.click("#export-check")
    report = page.locator("[data-export=check]")
    report.wait_for(timeout=120_000)  # the tracer of outlines is compiled first
    assert "400 pixels where masks overlap keep only one of them" in report.inner_text()
    assert serious(page) == []
    page.click("#export-write")
    written = Path(page.locator("[data-written]").text_content())
    with page.expect_download() as waiting:
        page.click("#export-download")
    assert waiting.value.suggested_filename == written.name
    assert Path(waiting.value.path()).read_bytes() == written.read_bytes()
    with zipfile.ZipFile(written) as packed:
        assert "SegmentationObject/a b.png" in packed.namelist()
    choose(page, "labelme")
    page.get_by_label("Polygons").check()
    page.click("#export-check")
    page.locator("[data-export=check]", has_text="1 masks have holes").wait_for()


def test_what_a_format_cannot_hold_is_told_and_nothing_is_written(server, page):
    page.goto(f"{server.url}/#/export")
    page.locator("#export-summary [data-summary]").wait_for()
    choose(page, "coco-panoptic")
    page.click("#export-write")
    page.locator("#export-report .problem", has_text="masks of a b.png overlap").wait_for()
    assert not list((server.workspace / "exports").glob("*panoptic*"))


def test_annotations_come_in_and_conflicts_are_decided_by_keys(server, page):
    file = server.workspace / "annotations.json"
    states = {mask["id"]: mask["state"] for mask in server.api("images/1")["instances"]}
    assert list(states.values()) == ["accepted", "accepted"]
    page.goto(f"{server.url}/#/export")
    page.fill("#export-path input, #export-path textarea", str(file))
    page.click("#export-write")
    page.locator("[data-written]").wait_for()
    content = json.loads(file.read_text())
    first, second = content["annotations"]
    first["state"] = "rejected"
    second["segmentation"] = {"size": [120, 160], "counts": coco_rle.encode(np.eye(120, 160, dtype=bool)).decode()}
    file.write_text(json.dumps(content))

    page.goto(f"{server.url}/#/import")
    assert page.is_disabled("[data-act=import]")
    page.set_input_files("#annotations-file", file)
    page.click("[data-act=check]:enabled")
    answer = page.locator(".annotations-root .exchange-answer")
    answer.get_by_text("1 mask would be added and 0 would be changed on 1 image").wait_for()
    assert serious(page) == []
    page.click("[data-act=import]:enabled")
    answer.get_by_text("1 mask added and 0 changed on 1 image").wait_for()
    row = page.locator(".annotations-root .conflicts tbody tr")
    assert row.locator("td").nth(1).inner_text() == "accepted"
    assert row.locator("input").evaluate_all("all => all.map(({value}) => value)") == ["ours", "theirs"]
    row.locator("input").first.focus()
    page.keyboard.press("b")
    assert page.is_disabled(".annotations-root [data-act=apply]"), "the same pixels cannot stand beside themselves"
    page.keyboard.press("t")
    page.keyboard.press("Enter")
    answer.get_by_text("1 conflict decided as you chose").wait_for()
    assert page.is_hidden(".annotations-root .conflicts")
    assert [mask["state"] for mask in server.api("images/1")["instances"]] == ["rejected", "accepted", "accepted"]
    assert not list((server.workspace / "incoming").iterdir())
    page.select_option("#annotations-format", "yolo")
    page.watch.expected.append("status of 400")
    page.click("[data-act=check]:enabled")
    page.locator(".annotations-root .exchange-answer.bad").wait_for()
