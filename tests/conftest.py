"""What all tests share."""

import os

import pytest
from hypothesis import settings

# Of all folders together: a second Chromium cannot be started beside the first.
from tests.browser.served import chromium, make_server, new_page, page  # noqa: F401
from trainers.cli_ending import leave_ray

# Where CI runs, the same examples each time: a push is judged by its change. Everywhere else they are drawn anew.
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")

_ended_with = pytest.StashKey[int]()


def pytest_sessionfinish(session, exitstatus):
    session.config.stash[_ended_with] = int(exitstatus)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config):
    if _ended_with in config.stash:
        leave_ray(config.stash[_ended_with])
