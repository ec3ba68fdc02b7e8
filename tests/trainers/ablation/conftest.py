"""Pictures with human masks, and the command that ablates on them."""

import json

import pytest
from typer.testing import CliRunner

from freesolo import proposers
from tests.trainers.ablation.teacher import NAME
from tests.trainers.training.conftest import TINY, drawn  # noqa: F401 - a fixture
from trainers import extract, worker
from trainers.cli import cli

SETTINGS = [word for setting in TINY for word in ("--set", setting)]


class HerePool:
    """In the place of `trainers.pool.ProcessPool`, whose workers each load torch for seconds."""

    workers = 1

    def __init__(self, name):
        self._proposer = proposers.make(name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def identity(self):
        return self._proposer.identity

    def run(self, items):
        for item in items:
            yield worker._answer(item, self._proposer, False)


@pytest.fixture
def in_process(monkeypatch):
    """Masks are found in this process."""
    monkeypatch.setattr(extract, "_pool", lambda settings, *_: HerePool(settings.proposer))


@pytest.fixture
def ablate(drawn, tmp_path):  # noqa: F811 - the fixture
    """Runs ``ablate`` on 6 pictures with human masks, of which 3 are scored; returns the exit code, the table and what it said."""
    truth = drawn(6)

    def run(table, *more):
        out = tmp_path / "ablation"
        options = ["--truth", str(truth), "--out", str(out), "--table", table, "--steps", "2", "--batch", "2"]
        options += ["--threads", "1", "--workers", "1", "--events", "--teacher", NAME, *SETTINGS, *more]
        done = CliRunner().invoke(cli, ["ablate", str(tmp_path / "images"), *options])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        path = out / table / "table.json"
        return done.exit_code, json.loads(path.read_text()) if path.exists() else None, done.stdout + done.stderr

    return run
