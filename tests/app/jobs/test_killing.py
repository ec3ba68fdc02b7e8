"""The app, the worker, or both are killed while somebody reviews: no decision is lost, and every job ends by itself."""

import subprocess
import sys
from pathlib import Path

import pytest

from app.services import ingest
from tests import killing
from tests.app.helpers import make_folder
from tests.ports import free_port

SMALL_APP = Path(__file__).parents[1] / "fakes" / "small_app.py"
IMAGES = 16


@pytest.mark.parametrize("seed", [1])
def test_nothing_is_lost_by_kills_at_random_moments(ws, tmp_path, fake_trainers, seed):
    ingest.import_folder(ws, make_folder(tmp_path / "photos", [f"{number:02}.png" for number in range(IMAGES)]))
    fake_trainers.setenv("FAKE_SECONDS", "0.4")
    port = free_port()

    def start():
        return subprocess.Popen([sys.executable, str(SMALL_APP), str(ws.path), str(port)])

    drill = killing.Drill(ws, port, start, seed)
    reviewer = drill.run(5, list(range(1, IMAGES + 1)))
    assert drill.killed["app"] >= 1
    assert drill.killed["worker"] >= 1
    assert len(reviewer.saved) >= 10
    assert killing.losses(ws, reviewer, masks_an_image=3) == []
