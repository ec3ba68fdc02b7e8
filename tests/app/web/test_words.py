"""Reports in words: right, and harmless whatever the names."""

import re
from dataclasses import replace

import pytest

from app.services.catalogue import Overview
from app.services.export import ExportReport
from app.services.ingest import Fault, IngestReport
from app.store.records import Job
from app.web.importer import Run
from app.web.ui import words

EVIL = "<img src=x onerror=alert(1)>&\"'"
NO_IMAGES = {"new": 0, "todo": 0, "doing": 0, "done": 0, "error": 0}
JOB = Job(
    id=3,
    kind="propose",
    state="running",
    args={"proposer": "default"},
    pid=1,
    pid_started=1.0,
    heartbeat=1.0,
    done=3,
    total=12,
    rate=0.5,
    seconds_left=18.0,
    message="",
    error="",
    attempts=1,
    created="2026-01-02T03:04:05.678Z",
    finished=None,
    priority=0,
    started="2026-01-02T03:04:06.789Z",
    shrunk=False,
    runner="",
    remote_id=None,
)


def harmless(html):
    """Whether nothing of `EVIL` became markup."""
    return "<img" not in html and "&lt;img" in html


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "less than a second"), (1, "1 second"), (75, "75 seconds"), (120, "2 minutes"), (7200, "2.0 hours")],
)
def test_durations(seconds, text):
    assert words.duration(seconds) == text


def test_plurals():
    assert (words.plural(1, "image"), words.plural(1234, "image")) == ("1 image", "1,234 images")


def test_a_bar_says_how_far_it_is():
    assert 'aria-valuenow="25"' in words.bar(1, 4, "x")
    assert "unknown" in words.bar(0, 0, "x")
    assert "width:100.0%" in words.bar(9, 4, "x")


def test_problems_are_sentences_and_harmless():
    assert ">Cannot do it.</p>" in words.problem("cannot do it")
    assert harmless(words.problem(EVIL))


def test_imports_are_told_from_beginning_to_end():
    assert "Looking for image files" in words.import_run(Run("x"))
    assert "3 of 7 files" in words.import_run(Run("x", done=3, total=7))
    assert 'role="alert"' in words.import_run(Run("x", error="no permission"))
    done = words.import_run(Run("x", report=IngestReport(5, 4, 1, [], 0.4)))
    assert re.findall(r"<dd>(\d+)</dd>", done) == ["5", "4", "1", "0"]
    assert "<table" not in done


def test_faults_are_listed_harmlessly_and_the_rest_is_counted():
    faults = [Fault(EVIL, EVIL)] * (words.LISTED_FAULTS + 17)
    told = words.import_run(Run(EVIL, report=IngestReport(0, 0, 0, faults, 1.0)))
    assert harmless(told)
    assert told.count("<tr><td>") == words.LISTED_FAULTS
    assert "and 17 more" in told


def test_job_progress():
    told = words.job_progress(JOB)
    assert "3 of 12 images · 2.0 s an image · 18 seconds left" in told
    assert 'data-job="running"' in told
    assert "Starting the proposer" in words.job_progress(replace(JOB, done=0, total=0, rate=None, seconds_left=None))
    assert "Stopping" in words.job_progress(replace(JOB, state="cancelling"))


def test_jobs_are_listed_harmlessly():
    assert words.jobs_table([]) == ""
    told = words.jobs_table([replace(JOB, state="failed", error=EVIL, args={"proposer": EVIL}), JOB])
    assert harmless(told)
    assert told.count("</tr>") == 1 + 2
    assert "3 / 12" in told


@pytest.mark.parametrize(
    ("rate", "images", "part"),
    [(None, 5, ""), (2.0, 0, ""), (2.0, 1200, "about <b>10 minutes</b>"), (0.5, 30, "2.0 s an image")],
)
def test_forecasts(rate, images, part):
    told = words.forecast(rate, images)
    assert part in told
    assert bool(told) == bool(part)


@pytest.mark.parametrize(
    ("counts", "href"),
    [({}, "#/import"), ({"new": 2}, "#/propose"), ({"todo": 1, "new": 5}, "#/review"), ({"done": 3}, "#/export")],
)
def test_the_next_step_follows_from_what_there_is(counts, href):
    assert f'href="{href}"' in words.next_step({**NO_IMAGES, **counts})


def test_the_summary_counts_and_leaves_out_what_is_not_there():
    instances = {"pending": 1500, "accepted": 2, "rejected": 0, "unsure": 0}
    told = words.summary(Overview("p", {**NO_IMAGES, "todo": 3, "done": 1}, instances))
    assert "4 images" in told
    assert "not decided <b>1,500</b>" in told
    assert "rejected" not in told


def test_export_reports_name_what_is_lost_and_left_out():
    report = ExportReport(3, 1, {"pending": 8, "accepted": 0, "rejected": 1, "unsure": 0}, [EVIL], ["a note"])
    checked = words.export_report(report)
    assert harmless(checked)
    assert "<b>1 mask</b> on <b>3 images</b>" in checked
    assert "Left out: 8 masks not decided, 1 mask rejected." in checked
    assert "What this file cannot carry" in checked
    assert "A note." in checked
    written = words.export_report(replace(report, losses=[]), written="/x/<b>.json")
    assert "Nothing is lost" in written
    assert "/x/&lt;b&gt;.json" in written
