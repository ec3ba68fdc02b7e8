"""A real Label Studio for all tests of this folder, and projects that are gone after each of them."""

from uuid import uuid4

import pytest

from app.labelstudio.client import Client
from tests.environments import LABEL_STUDIO
from tests.integration.helpers import make_case, three_images
from tests.integration.server import TOKEN, LabelStudioServer
from tests.ports import free_port


@pytest.fixture(scope="session")
def label_studio(tmp_path_factory):
    """The running server; skips with the reason where none can be installed."""
    reason = LABEL_STUDIO.why_not()
    if reason:
        pytest.skip(reason)
    server = LabelStudioServer(tmp_path_factory.mktemp("label-studio"), free_port())
    server.start()
    yield server
    server.stop()


@pytest.fixture
def client(label_studio):
    """A client of it; the projects of the test are deleted at its end."""
    with Client(label_studio.url, TOKEN) as client:
        yield client
        for project in client.get("api/projects", page_size=100, include="id")["results"]:
            client.delete(f"api/projects/{project['id']}")


@pytest.fixture
def folder(label_studio):
    """A folder whose files the server may read."""
    return label_studio.root / uuid4().hex


@pytest.fixture
def case(folder):
    """A workspace of three images there."""
    made = make_case(folder, three_images())
    yield made
    made.ws.close()
