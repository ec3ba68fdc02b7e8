"""``python -m app push | pull | sync`` with a real Label Studio."""

import json
import stat

import pytest
from typer.testing import CliRunner

from app.cli import cli
from app.errors import LabelStudioError
from app.labelstudio import access
from tests.integration.helpers import submit, tasks, three_images
from tests.integration.server import TOKEN
from tests.ports import free_port

A, B, C = three_images()


@pytest.fixture
def run(case):
    """Runs a command on the case's workspace; returns its words."""

    def run(*arguments, status=0):
        command = [*map(str, arguments), "--workspace", str(case.ws.path)]
        result = CliRunner().invoke(cli, command, env={"COLUMNS": "500"})
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == status, result.output
        assert TOKEN not in result.output
        return result.output

    return run


def test_there_and_back(case, client, run, label_studio):
    login = "--url", label_studio.url, "--token", TOKEN
    assert "it has no project of this workspace yet" in run("push", "--test", *login)
    assert "3 images would be added, masks of 2 would be sent (3 masks)" in run("push", "--dry-run")
    words = run("push")
    assert "3 images added, masks of 2 sent (3 masks)" in words
    assert "Label Studio reads the image files itself" in words
    assert "/projects/" in words
    assert "its first picture loads" in run("push", "--test")
    assert "0 images added, masks of 0 sent (0 masks), of 0 removed; 3 are there just so" in run("push")
    project = client.get("api/projects", page_size=1)["results"][0]["id"]
    there = tasks(client, project)
    case.do("state", case.masks[A][1], state="accepted")
    submit(client, there[A], there[A]["predictions"][0]["result"][:1])
    words = run("sync")
    assert "Took 1 annotated images: 1 accepted; 0 masks were so already" in words
    assert (
        f"conflict: {A}, mask {case.masks[A][1]}: here accepted; there rejected; ours stays until you choose" in words
    )
    words = run("pull", "--resolve", "theirs")
    assert "1 finished, 1 rejected" in words
    assert "kept theirs" in words


def test_the_secrets_are_for_the_owner_only_and_never_shown(case, client, run, label_studio):
    run("push", "--dry-run", "--url", label_studio.url, "--token", TOKEN)
    path = case.ws.path / "label-studio.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert json.loads(path.read_text())["token"] == TOKEN
    known = access.load(case.ws)
    assert TOKEN not in repr(known)
    assert label_studio.url not in repr(known)
    access.forget(case.ws)
    assert access.load(case.ws) is None
    path.write_text("damaged")
    with pytest.raises(LabelStudioError, match="cannot be read"):
        access.load(case.ws)


def test_a_login_that_does_not_work_is_not_kept(case, client, run, label_studio):
    with pytest.raises(LabelStudioError, match="refuses this legacy token"):
        run("push", "--url", label_studio.url, "--token", "wrong")
    with pytest.raises(LabelStudioError, match="nothing answers"):
        run("push", "--url", f"http://127.0.0.1:{free_port()}", "--token", TOKEN)
    with pytest.raises(LabelStudioError, match="which Label Studio"):
        run("push")


def test_a_kept_token_is_not_sent_to_another_server(case, client, run, label_studio):
    run("push", "--test", "--url", label_studio.url, "--token", TOKEN)
    with pytest.raises(LabelStudioError, match="which Label Studio"):
        run("push", "--test", "--url", f"http://localhost:{label_studio.port}")


@pytest.mark.parametrize(
    "flags",
    [["--states", "good"], ["--states", ""], ["--shape", "box"], ["--images", "mail"], ["--images", "url"]],
)
def test_wrong_flags(case, client, run, label_studio, flags):
    run("push", "--url", label_studio.url, "--token", TOKEN, *flags, status=2)


def test_wrong_flags_of_pull_and_sync(case, client, run, label_studio):
    run("push", "--url", label_studio.url, "--token", TOKEN)
    run("pull", "--resolve", "mine", status=2)
    run("sync", "--watch", "--listen", "9000", status=2)
