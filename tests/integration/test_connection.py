"""The connection test against a real Label Studio."""

import pytest

from app.errors import LabelStudioError, ProjectGoneError
from app.labelstudio.client import Client
from tests.environments import LABEL_STUDIO_VERSION
from tests.integration.server import TOKEN, USER


def test_a_legacy_token(label_studio):
    with Client(f" {label_studio.url}/ ", TOKEN) as client:
        found = client.test()
    assert (found.url, found.version, found.token_kind, found.user) == (
        label_studio.url, LABEL_STUDIO_VERSION, "legacy token", USER
    )  # fmt: skip


def test_a_personal_access_token(label_studio, client):
    made = client.post("api/token/", {})
    with Client(label_studio.url, made["token"]) as other:
        assert other.test().token_kind == "personal access token"


@pytest.mark.parametrize("token", ["wrong", "a.b.c", "f" * 40])
def test_a_wrong_token(label_studio, token):
    with Client(label_studio.url, token) as client, pytest.raises(LabelStudioError, match="refuses this"):
        client.test()


def test_a_project_that_is_not_there(client):
    with pytest.raises(ProjectGoneError, match="No Project matches"):
        client.get("api/projects/987654")
