"""The HTTP API over a small workspace, without Gradio and without a network."""

import pytest
from fastapi.testclient import TestClient

from app.web.security import CSRF_VALUE, Guard
from app.web.server import make_api

HEADERS = {"X-Requested-With": CSRF_VALUE}


@pytest.fixture
def client(reviewed):
    """A browser's requests to the guarded API over three images with three masks each."""
    app = make_api(reviewed[0])
    app.add_middleware(Guard)
    with TestClient(app, base_url="http://localhost:7860", headers=HEADERS) as client:
        client.app = app
        yield client
