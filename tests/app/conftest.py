"""Workspaces, and a proposer's process that needs no network."""

import os
import shutil
from pathlib import Path

import pytest

from app.services import ingest
from app.services.workspace import Workspace
from tests.app.helpers import add_masks, make_folder

REPOSITORY = Path(__file__).parents[2]
FAKE = Path(__file__).with_name("fakes") / "trainers_main.py"


@pytest.fixture(scope="session")
def untouched(tmp_path_factory):
    """The folder of an empty workspace, to be copied: making its tables takes longer than most tests."""
    folder = tmp_path_factory.mktemp("untouched") / "workspace"
    Workspace.open(folder).close()
    return folder


@pytest.fixture
def ws(tmp_path, untouched):
    """An empty workspace."""
    workspace = Workspace.open(shutil.copytree(untouched, tmp_path / "workspace"))
    yield workspace
    workspace.close()


@pytest.fixture
def reviewed(ws, tmp_path):
    """A workspace of three images with three pending masks each: (workspace, {image id: [mask ids]})."""
    ingest.import_folder(ws, make_folder(tmp_path / "photos"))
    return ws, {image_id: add_masks(ws, image_id) for image_id in (1, 2, 3)}


@pytest.fixture
def fake_trainers(tmp_path, monkeypatch):
    """Child processes of this test run the stand-in of `fakes` as ``python -m trainers``."""
    package = tmp_path / "cwd" / "trainers"
    package.mkdir(parents=True)
    # The real package's other modules stay in reach.
    (package / "__init__.py").write_text(f"__path__.append({str(REPOSITORY / 'trainers')!r})")
    shutil.copy(FAKE, package / "__main__.py")
    monkeypatch.chdir(package.parent)  # where ``python -m`` looks first
    paths = [str(REPOSITORY), *filter(None, [os.environ.get("PYTHONPATH")])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))
    return monkeypatch
