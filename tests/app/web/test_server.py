"""Listening: what a person is told when it cannot be."""

import socket

import pytest

from app.errors import ServeError, WorkspaceBusyError
from app.services.workspace import Workspace, process_started
from app.web import server


@pytest.fixture
def taken():
    """A port that something listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_taken_port_names_a_free_one(taken):
    sentence = rf"port {taken} is in use by another program: try --port \d+"
    with pytest.raises(ServeError, match=sentence) as caught, server._listening("127.0.0.1", taken):
        pass
    suggested = int(str(caught.value).rsplit(" ", 1)[1])
    with server._listening("127.0.0.1", suggested) as listener:
        assert listener.getsockname()[1] == suggested


@pytest.mark.parametrize(
    ("host", "port", "sentence"),
    [
        ("127.0.0.1", 70000, "port 70000 does not exist"),
        ("203.0.113.7", 7860, "cannot listen on 203.0.113.7"),
        ("no.such.host.invalid", 7860, "cannot listen on no.such.host.invalid"),
    ],
)
def test_impossible_addresses_are_told(host, port, sentence):
    with pytest.raises(ServeError, match=sentence), server._listening(host, port):
        pass


def test_port_zero_takes_a_free_one():
    with server._listening("127.0.0.1", 0) as listener:
        assert listener.getsockname()[1] > 0


def test_a_taken_port_releases_the_workspace(tmp_path, taken):
    with pytest.raises(ServeError):
        server.serve(tmp_path / "ws", "127.0.0.1", taken, None, demo=False, open_browser=False)
    workspace = Workspace.open(tmp_path / "ws")
    with workspace.lock(1):
        pass
    workspace.close()


def test_a_workspace_in_use_is_told_before_anything_else(tmp_path, taken):
    import json
    import os

    workspace = Workspace.open(tmp_path / "ws")
    parent = os.getppid()
    holder = {"pid": parent, "started": process_started(parent), "port": 7999}
    with workspace.store.write() as tx:
        tx.meta.set("app", json.dumps(holder))
    with pytest.raises(WorkspaceBusyError, match="http://localhost:7999"):
        server.serve(tmp_path / "ws", "127.0.0.1", taken, None, demo=False, open_browser=False)
    workspace.close()
