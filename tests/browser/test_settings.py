"""Settings: the name, keys and looks that a person prefers, kept in the browser."""

import json

import pytest

from tests.browser.review_page import Review, proposed
from tests.browser.test_main_job import review_state

EVIL = "<img src=x onerror=alert(1)> ${alert(2)} `\"'"


@pytest.fixture(scope="module")
def server(make_server, tmp_path_factory, chromium):
    return proposed(make_server, tmp_path_factory.mktemp("settings"), chromium, 6)


@pytest.fixture
def settings(server, page):
    """The Settings screen."""
    page.on("dialog", lambda _dialog: pytest.fail("a name ran as code"))
    page.goto(f"{server.url}/#/settings")
    page.locator(".settings .key-row").first.wait_for()
    return page


def said(page, text):
    page.locator(".settings-note", has_text=text).wait_for()


def give(page, action, key, place=0):
    """Press the button of an action's key, then the key."""
    page.locator(f"[data-slot='{action}-{place}']").click()
    page.locator(".key.waits, .key-add.waits").wait_for()
    page.keyboard.press(key)


def keys_of(page, action):
    return page.locator(f".key-row[data-action='{action}'] .key").all_inner_texts()


def test_every_action_of_the_table_can_get_another_key(settings):
    actions = settings.evaluate(
        "import('/static/js/review/keymap.js').then(({KEYMAP}) => KEYMAP.map((each) => each.action))"
    )
    rows = settings.locator(".key-row").evaluate_all("(rows) => rows.map((row) => row.dataset.action)")
    assert sorted(rows) == sorted(actions)


def test_a_new_key_works_everywhere_at_once(settings, server):
    give(settings, "accept", ";")
    said(settings, ";: Accept the mask")
    review = Review(settings, server)
    review.open(1)
    assert settings.get_attribute("[data-action=accept]", "title") == "Accept (;)"
    assert settings.inner_text("[data-action=accept] kbd") == ";"
    settings.keyboard.press("f")
    settings.wait_for_timeout(400)
    assert review.states() == ["pending"] * 3, "the old key is nobody's"
    review.press(";")
    assert review.states() == ["accepted", "pending", "pending"]
    settings.keyboard.press("?")
    row = settings.locator("dialog.key-sheet tr", has_text="Accept the mask")
    assert row.locator("kbd").all_inner_texts() == [";"]
    settings.keyboard.press("Escape")
    settings.reload()
    review_state(settings, "ready")
    assert settings.inner_text("[data-action=accept] kbd") == ";", "kept in the browser"


def test_keys_of_categories_keep_their_places(settings, server):
    give(settings, "category", "'", place=1)
    server.api("categories", json={"name": "second"})
    review = Review(settings, server)
    review.open(2)
    settings.locator(".category-buttons button", has_text="second").wait_for()
    assert settings.locator(".category-buttons kbd").all_inner_texts() == ["1", "'"]
    review.press("'")
    assert "second" in review.line()


def test_a_key_that_is_taken_is_told_and_can_be_moved(settings):
    give(settings, "accept", "r")
    said(settings, "R is already the key of “Reject the mask")
    assert keys_of(settings, "accept") == ["F"]
    settings.click("[data-clash=keep]")
    assert keys_of(settings, "reject") == ["R", "Del"]
    give(settings, "accept", "r")
    settings.click("[data-clash=take]")
    assert (keys_of(settings, "accept"), keys_of(settings, "reject")) == (["R"], ["Del"])
    settings.locator(".key-row[data-action=reject] .key-reset").click()
    said(settings, "R is now the key of “Accept the mask")
    settings.locator(".key-row[data-action=accept] .key-reset").click()
    settings.locator(".key-row[data-action=reject] .key-reset").click()
    assert (keys_of(settings, "accept"), keys_of(settings, "reject")) == (["F"], ["R", "Del"])


@pytest.mark.parametrize("key", ["Control+w", "Control+t", "Control+Shift+T", "F5", "F12", "Control+1", "Alt+f"])
def test_keys_of_the_browser_are_refused(settings, key):
    give(settings, "accept", key)
    settings.locator(".settings-note").filter(has_text="elong").wait_for()
    assert keys_of(settings, "accept") == ["F"]


def test_escape_leaves_everything_as_it_is_and_more_keys_can_be_added(settings):
    give(settings, "accept", "Escape")
    said(settings, "Nothing was changed")
    settings.locator("[data-slot='accept-add']").click()
    settings.keyboard.press(";")
    assert keys_of(settings, "accept") == ["F", ";"]
    settings.click("[data-settings=reset-keys]")
    assert keys_of(settings, "accept") == ["F"]
    assert settings.locator(".key-reset").count() == 0


def test_settings_go_to_another_browser_as_a_file(settings, new_page, server, tmp_path):
    give(settings, "accept", ";")
    settings.fill("#settings-name", EVIL)
    settings.keyboard.press("Enter")
    said(settings, "Decisions are noted under")
    settings.get_by_role("radio", name="Dark").check()
    with settings.expect_download() as download:
        settings.click("[data-settings=export]")
    path = tmp_path / "settings.json"
    download.value.save_as(path)
    other = new_page()
    other.goto(f"{server.url}/#/settings")
    other.locator(".settings .key-row").first.wait_for()
    other.locator(".settings input[type=file]").set_input_files(path)
    said(other, "Settings loaded")
    assert keys_of(other, "accept") == [";"]
    assert other.input_value("#settings-name") == EVIL
    assert other.evaluate("document.body.classList.contains('dark')")
    assert other.locator(".settings img").count() == 0


def in_file(**changes):
    return {"file": "freesolo-annotator settings", "version": 1, "settings": {}, **changes}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("no json", "no file of settings"),
        (json.dumps({"images": []}), "no file of settings"),
        (json.dumps(in_file(version=9)), "newer version"),
        (json.dumps(in_file(settings={"keys": {"accept": ["r"]}})), "two actions have the same key"),
        (json.dumps(in_file(settings={"keys": {"accept": ["Ctrl+w"], EVIL: ["q"]}})), "“Accept the mask"),
        (json.dumps(in_file(settings={"theme": "pink", "name": "a\nb"})), "“theme” was left as it is"),
    ],
)
def test_broken_files_of_settings_change_nothing(settings, tmp_path, content, sentence):
    (tmp_path / "broken.json").write_text(content)
    settings.locator(".settings input[type=file]").set_input_files(tmp_path / "broken.json")
    said(settings, sentence)
    assert keys_of(settings, "accept") == ["F"]
    assert settings.input_value("#settings-name") == ""


def test_what_lies_in_the_storage_cannot_break_the_page(server, page):
    page.add_init_script(
        "localStorage.setItem('annotator:prefs', "
        """JSON.stringify({theme: 9, keys: {accept: 'x', category: ['q']}, opacity: 'much', name: ['x']}))"""
    )
    review = Review(page, server)
    review.open(3)
    review.press("f")
    assert review.states()[0] == "accepted"


def test_the_name_stands_in_the_log_and_must_be_one(settings, server):
    settings.fill("#settings-name", "Ann")
    settings.keyboard.press("Tab")
    said(settings, "under “Ann”")
    assert settings.evaluate("fetch('/api/overview').then((answer) => answer.json()).then(({who}) => who)") == "local"
    headers = []
    settings.on("request", lambda request: headers.append(request.headers.get("x-reviewer")))
    review = Review(settings, server)
    review.open(4)
    review.press("f")
    assert "Ann" in headers
    settings.goto(f"{server.url}/#/settings")
    settings.locator("#settings-name").fill("a‮b")
    settings.keyboard.press("Tab")
    said(settings, "Not kept: Letters")


def test_looks_hold_at_once_and_after_a_reload(settings, server):
    settings.get_by_role("radio", name="Dark").check()
    settings.get_by_role("radio", name="High").check()
    settings.get_by_role("radio", name="Safe for").check()
    assert settings.evaluate("document.body.classList.contains('dark')")
    settings.reload()
    settings.locator(".settings .key-row").first.wait_for()
    assert settings.evaluate("document.body.classList.contains('dark')")
    assert settings.evaluate("({...document.documentElement.dataset}).contrast") == "high"
    review = Review(settings, server)
    review.open(5)
    review.press("f")
    swatch = settings.locator(".mask-row >> nth=0 >> .swatch")
    assert "rgb(0 114 178)" in swatch.get_attribute("style"), "blue instead of green"
    settings.goto(f"{server.url}/#/settings")
    settings.get_by_role("radio", name="As the system").check()
    assert not settings.evaluate("document.body.classList.contains('dark')")


def test_review_begins_as_preferred(settings, server):
    settings.get_by_role("checkbox", name="Review goes on").uncheck()
    settings.locator("#settings-opacity").fill("50")
    review = Review(settings, server)
    review.open(6)
    assert settings.get_attribute("[data-action=auto-advance]", "aria-pressed") == "false"
    review.press("f")
    assert review.line().startswith("#1 · accepted")


def test_keys_typed_here_decide_nothing_in_review(settings, server):
    review = Review(settings, server)
    review.open(6)
    before = review.states()
    settings.goto(f"{server.url}/#/settings")
    settings.locator("#settings-name").wait_for()
    settings.fill("#settings-name", "")
    settings.locator("#settings-name").press_sequentially("frs")
    settings.locator("#settings-opacity").focus()
    settings.keyboard.press("r")
    settings.keyboard.press("ArrowRight")
    give(settings, "unsure", "f")
    settings.wait_for_timeout(500)
    assert review.states() == before
