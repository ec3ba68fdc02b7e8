"""Supervisors, whose jobs may be of kinds that only tests have."""

import pytest

from app import jobs
from app.jobs import kinds, processes
from tests.app.fakes import job_kinds


@pytest.fixture
def supervised(ws, fake_trainers):
    """A supervisor at work."""
    supervisor = jobs.supervise(ws)
    yield supervisor
    supervisor.stop()


@pytest.fixture
def fake_kinds(fake_trainers):
    """The kinds of `tests.app.fakes.job_kinds`, here and in the jobs' processes."""
    fake_trainers.setattr(kinds, "KINDS", {**kinds.KINDS, **job_kinds.KINDS})
    fake_trainers.setattr(processes, "APP", ("-m", "tests.app.fakes.job_kinds"))
    return fake_trainers
