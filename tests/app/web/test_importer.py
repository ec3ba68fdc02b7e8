"""Imports in the background."""

import threading

import pytest

from app.errors import IngestError
from app.services import ingest
from app.web import demo
from app.web.importer import Importer
from tests.app.helpers import make_folder, make_image

SECONDS = 20


@pytest.fixture
def importer(ws):
    return Importer(ws)


def test_nothing_has_run(importer):
    assert importer.last() is None
    assert importer.join()


def test_a_folder_is_imported_and_reported(importer, tmp_path):
    assert importer.start_folder(make_folder(tmp_path / "photos"))
    assert importer.join(SECONDS)
    run = importer.last()
    assert run.what == str(tmp_path / "photos")
    assert run.report.added == 3
    assert (run.done, run.total, run.running) == (3, 3, False)


def test_a_missing_folder_is_a_sentence(importer, tmp_path):
    importer.start_folder(tmp_path / "none")
    assert importer.join(SECONDS)
    assert "there is no folder" in importer.last().error
    assert importer.current() is None


def test_one_at_a_time(importer, tmp_path, monkeypatch):
    going_on = threading.Event()

    def slow(*_):
        assert going_on.wait(SECONDS)
        raise IngestError("over")

    monkeypatch.setattr(ingest, "import_folder", slow)
    assert importer.start_folder(tmp_path)
    assert not importer.start_folder(tmp_path)
    assert importer.current().running
    assert not importer.join(0.01)
    going_on.set()
    assert importer.join(SECONDS)
    assert importer.last().error == "over"


def test_progress_is_seen_while_it_runs(importer, tmp_path, monkeypatch):
    halfway, go_on = threading.Event(), threading.Event()

    def slow(_ws, _folder, progress):
        progress(3, 7)
        halfway.set()
        assert go_on.wait(SECONDS)
        return ingest.IngestReport(7, 0, 0, [], 0.1)

    monkeypatch.setattr(ingest, "import_folder", slow)
    importer.start_folder(tmp_path)
    assert halfway.wait(SECONDS)
    run = importer.current()
    assert (run.done, run.total) == (3, 7)
    go_on.set()
    assert importer.join(SECONDS)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_bug_ends_the_run_and_says_so(importer, tmp_path, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(ingest, "import_folder", broken)
    importer.start_folder(tmp_path)
    assert importer.join(SECONDS)
    assert "ZeroDivisionError" in importer.last().error


def test_uploads_are_removed_after_the_import(importer, tmp_path):
    file = make_image(tmp_path / "incoming" / "picture.png").rename(tmp_path / "incoming" / "0123")
    assert importer.start_uploads([("holiday/a.png", file)])
    assert importer.join(SECONDS)
    assert importer.last().report.added == 1
    assert importer.last().what == "1 uploaded file"
    assert not file.exists()


def test_the_demo_proposes_when_its_images_are_there(ws, importer):
    from app import jobs

    assert demo.start(ws, importer)
    assert importer.join(SECONDS)
    assert importer.last().report.added > 5
    job = jobs.current(ws)
    assert (job.kind, job.state, job.args["image_ids"]) == ("propose", "queued", None)
    demo.propose_missing(ws)
    assert len(jobs.list_jobs(ws)) == 1
