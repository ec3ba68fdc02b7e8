"""The Train screen in a real browser: decide, press Improve, keep reviewing, see what is new, choose between models."""

import pytest

from tests.browser.review_page import proposed

IMAGES = 8
LONG = 150_000
"""Milliseconds for what starts several processes one after the other, on a machine that has other things to do."""


@pytest.fixture(scope="module")
def server(make_server, tmp_path_factory, chromium):
    """Eight images with three masks each, none decided; what is trained finds the right half of an image and nothing else."""
    patch = pytest.MonkeyPatch()
    patch.setenv("FAKE_LEARNT", "better")
    patch.setenv("FAKE_SECONDS", "0.005")
    yield proposed(make_server, tmp_path_factory.mktemp("train"), chromium, IMAGES)
    patch.undo()


@pytest.fixture
def train(server, page):
    page.goto(f"{server.url}/#/train")
    page.wait_for_selector(".train .is-models tbody tr")
    return page


def decide(server, image_ids):
    """Accept the right half of each image and reject the rest."""
    operations = []
    for image_id in image_ids:
        for mask, state in zip(
            server.api(f"images/{image_id}")["instances"], ("rejected", "accepted", "rejected"), strict=True
        ):
            name = f"train-{mask['id']}"
            about = {"image_id": image_id, "instance_id": mask["id"], "revision": mask["revision"]}
            operations.append({"key": name, "group": name, "action": "state", "state": state, **about})
    server.api("decisions", json={"operations": operations})


def test_without_decisions_it_says_what_is_missing(train):
    assert train.is_disabled("[data-key=improve]")
    assert "Accept 5 more masks first" in train.inner_text(".is-improve")
    assert train.locator(".is-used th b").inner_text() == "union"
    assert "not known yet: A forecast needs 50 decisions" in train.inner_text(".train-effort")


def test_decisions_become_a_model_whose_changes_are_marked_and_it_can_be_taken_back(train, server):
    decide(server, range(1, 8))
    train.reload()
    train.click("[data-key=probe]:enabled")
    train.wait_for_selector(
        ".train-cost:has-text('Learn from decisions: about 2 min for 300 steps at 0.5 s each')", timeout=LONG
    )
    train.click("[data-key=improve]:enabled")
    train.wait_for_selector(".train-state[data-state=done]", timeout=LONG)
    assert "Used, as it is better" in train.inner_text(".train-state")
    assert train.locator("[data-model='1']").get_attribute("class") == "is-used"
    assert train.get_attribute(".is-improve .train-curve svg", "aria-label").startswith("Loss 1.00 at step 1")
    train.wait_for_selector(".train-shown")
    assert train.locator(".train-strip").count() == 4
    assert train.locator(".train-strip").first.locator("figcaption").all_inner_texts() == ["at the start", "step 300"]

    server.wait_for(lambda now: now["job"] is None, seconds=LONG / 1000)
    train.goto(f"{server.url}/#/queue/changed")
    train.click("#queue-html [role=option]")
    train.wait_for_selector("html[data-review=ready]")
    assert train.url.endswith("/review/8"), "the only image that nobody has decided on"

    train.goto(f"{server.url}/#/train")
    assert train.input_value("[data-key=compare-after]") == "model-1"
    train.click("[data-key=compare]")
    train.wait_for_selector(".train-pairs li", timeout=LONG)
    assert train.inner_text(".train-figure[data-fate=lost]") != "0\nlost"
    assert "model-1 finds 0 that union does not" in train.inner_text(".train-compared")
    link = train.locator(".train-pairs a").first.get_attribute("href")
    assert link.startswith("#/review/")

    train.click("[data-key=use-union]")
    train.wait_for_selector(".is-used th b:text-is('union')")
    train.on("dialog", lambda dialog: dialog.accept())
    train.click("[data-key=delete-model-1]")
    train.wait_for_selector("[data-model='1']", state="detached")


def test_a_training_is_stopped_tried_again_paused_and_gone_on_with(train, server):
    server.api("training", json={"steps": 20_000})
    train.wait_for_selector(".train-state[data-state=queued], .train-state[data-state=running]")
    train.click("[data-key=cancel]")
    train.wait_for_selector(".train-state[data-state=cancelled]", timeout=LONG)
    train.click("[data-key=retry]")
    train.wait_for_selector(".train-state[data-state=running]", timeout=LONG)
    train.wait_for_function(
        "document.querySelector('.train-usage')?.textContent.match(/^\\d+\\.\\d cores, \\d+ MB of memory$/)"
    )
    train.click("[data-key=pause]")
    train.wait_for_selector(".train-state[data-state=paused]", timeout=LONG)
    train.click("[data-key=resume]")
    train.wait_for_selector(".train-state[data-state=running] + .train-bar")
    train.click("[data-key=cancel]")
    train.wait_for_selector(".train-state[data-state=cancelled]", timeout=LONG)


def test_without_decisions_it_learns_from_the_images_and_the_person_chooses(make_server, tmp_path, chromium, page):
    server = proposed(make_server, tmp_path, chromium, 20)
    page.goto(f"{server.url}/#/train")
    page.wait_for_selector("[data-key=improve]:enabled")
    assert "There are no decisions yet, so Improve learns from the images alone" in page.inner_text(".is-improve")
    server.api("training", json={"steps": 10})
    page.reload()
    page.wait_for_selector(".train-state[data-state=done]", timeout=LONG)
    assert "Not used yet, as no held-out image has an accepted mask" in page.inner_text(".train-state")
    assert "model-1 has learnt from the images alone already" in page.inner_text(".is-improve")
    assert page.is_disabled("[data-key=improve]")

    page.click("[data-key=fold-kinds]")
    page.wait_for_timeout(12_000)  # painted anew meanwhile, and still unfolded
    assert page.is_disabled("[data-key=start-finetune]")
    page.click("[data-key=start-pretrain]")
    page.wait_for_selector(".train-state:not([data-state=done])", timeout=LONG)
    page.click("[data-key=cancel]")
    page.wait_for_selector(".train-state[data-state=cancelled]", timeout=LONG)
    page.click("[data-key=use-model-1]")
    page.wait_for_selector(".is-used th b:text-is('model-1')")
