"""The Jobs screen: long work is seen, paused, resumed, stopped and retried with the keyboard, and its log is searched."""

import re

import pytest
from playwright.sync_api import expect

from app import jobs
from app.services import ingest
from app.services.workspace import Workspace
from tests.app.helpers import make_folder

IMAGES = 12

expect.set_options(timeout=60_000)  # as the pages of these tests: the machine may be busy


@pytest.fixture(scope="module")
def server(make_server, tmp_path_factory):
    """Twelve images, each of which takes the proposer a while."""
    folder = tmp_path_factory.mktemp("jobs")
    ws = Workspace.open(folder / "workspace")
    ingest.import_folder(ws, make_folder(folder / "photos", [f"{number:02}.png" for number in range(IMAGES)]))
    ws.close()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FAKE_SECONDS", "1")
        yield make_server(folder)


@pytest.fixture
def ws(server):
    workspace = Workspace.open(server.workspace)
    yield workspace
    workspace.close()


@pytest.fixture
def screen(server, page):
    page.goto(f"{server.url}/#/jobs")
    page.locator(".jobs-page").wait_for()
    return page


def row(page, job):
    return page.locator(f".jobs-list [data-job='{job.id}']")


def test_a_job_is_paused_and_goes_on_with_the_keyboard_alone(screen, ws):
    expect(screen.locator(".jobs-empty")).to_be_visible()
    job = jobs.submit(ws, "propose", {"proposer": "fast"})
    screen.evaluate("document.dispatchEvent(new CustomEvent('annotator:refresh'))")
    shown = row(screen, job)
    expect(shown.locator(".tag")).to_have_text("running")
    expect(shown.locator(".jobs-facts")).to_contain_text(f"of {IMAGES} images")
    expect(shown.get_by_role("progressbar")).to_have_attribute("aria-valuenow", re.compile("^[1-9]"))
    expect(screen.locator("[data-pill-text]")).to_contain_text("Proposing")

    shown.get_by_role("button", name=f"Pause job {job.id}").focus()
    screen.keyboard.press("Enter")
    resume = shown.get_by_role("button", name=f"Resume job {job.id}")
    expect(resume).to_be_focused()
    expect(shown.locator(".tag")).to_have_text("paused")
    expect(screen.get_by_role("status").filter(has_text=f"Job {job.id} is paus")).to_be_visible()
    assert 0 < jobs.get(ws, job.id).done < IMAGES

    screen.keyboard.press("Enter")
    expect(shown.locator(".tag")).to_have_text("finished")
    expect(shown.locator(".jobs-message")).to_have_text(f"{3 * IMAGES} masks on {IMAGES} images")
    expect(shown.get_by_role("progressbar")).to_be_hidden()


def test_a_log_is_opened_and_searched(screen, ws):
    job = jobs.list_jobs(ws)[-1]
    shown = row(screen, job)
    shown.get_by_role("button", name=f"Log of job {job.id}").click()
    expect(shown.locator("pre")).to_have_text("Nothing was written.")
    shown.get_by_role("searchbox").fill("07.PNG")
    expect(shown.locator("pre")).to_contain_text('"name": "07.png"')
    expect(shown.locator(".jobs-found")).to_have_text("1 line")
    shown.get_by_role("searchbox").fill("<b>nothing")
    expect(shown.locator(".jobs-found")).to_have_text("No line holds “<b>nothing”.")
    shown.get_by_role("button", name=f"Log of job {job.id}").click()
    expect(shown.locator("pre")).to_be_hidden()


def test_a_failure_is_told_and_retried_and_a_waiting_job_is_stopped(screen, ws):
    job, other = (jobs.submit(ws, "propose", {"proposer": "fast", "image_ids": []}, priority=n) for n in (0, 0))
    jobs.pause(ws, other.id)
    with ws.store.write() as tx:
        tx.jobs.change(job.id, {"state": "failed", "error": "<img src=x onerror=alert(1)> the disk is full"})
    screen.evaluate("document.dispatchEvent(new CustomEvent('annotator:refresh'))")
    expect(row(screen, job).locator(".jobs-message.bad")).to_contain_text(
        "<img src=x onerror=alert(1)> the disk is full"
    )
    row(screen, job).get_by_role("button", name=f"Retry job {job.id}").click()
    expect(row(screen, job).locator(".tag")).to_have_text("finished")
    row(screen, other).get_by_role("button", name=f"Stop job {other.id}").click()
    expect(row(screen, other).locator(".tag")).to_have_text("stopped")
    assert jobs.get(ws, other.id).state == "cancelled"


def test_what_cannot_be_done_is_told(screen, ws):
    job = jobs.submit(ws, "propose", {"proposer": "fast", "image_ids": []})
    jobs.pause(ws, job.id)
    screen.evaluate("document.dispatchEvent(new CustomEvent('annotator:refresh'))")
    resume = row(screen, job).get_by_role("button", name=f"Resume job {job.id}")
    resume.wait_for()
    screen.watch.expected.append("409")
    screen.route("**/api/jobs", lambda route: route.abort())
    screen.route("**/api/overview", lambda route: route.abort())
    screen.watch.expected.append("ERR_FAILED")
    jobs.cancel(ws, job.id)
    resume.click()
    expect(screen.locator(".jobs-note.bad")).to_be_visible()
