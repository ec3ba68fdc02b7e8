import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app import jobs
from app.errors import NotFoundError
from app.jobs import events, logs
from app.jobs.logs import LogLine
from app.jobs.work import folder_of


@pytest.fixture
def folder(ws):
    """The folder of job 1."""
    job = jobs.submit(ws, "propose", {})
    path = folder_of(ws, job.id)
    path.mkdir(parents=True)
    return path


def test_the_tail_of_a_log(ws, folder):
    assert logs.view(ws, 1) == logs.LogView([], more=False)
    (folder / "log.txt").write_text("".join(f"line {number}\n" for number in range(1, 8)))
    assert logs.view(ws, 1, limit=2) == logs.LogView(
        [LogLine("log", 6, "line 6"), LogLine("log", 7, "line 7")], more=True
    )
    assert [line.number for line in logs.view(ws, 1, limit=7).lines] == [1, 2, 3, 4, 5, 6, 7]
    assert not logs.view(ws, 1, limit=7).more


def test_the_tail_of_a_long_log_is_not_read_from_its_beginning(ws, folder):
    (folder / "log.txt").write_bytes(b"\xffx" * 500_000 + b"\nlast but one\nlast \xff\n")
    assert logs.view(ws, 1) == logs.LogView(
        [LogLine("log", None, "last but one"), LogLine("log", None, "last \ufffd")], more=True
    )


def test_lines_with_a_text_are_found_in_log_and_events_in_any_case(ws, folder):
    (folder / "log.txt").write_text("Warning: hot\nfine\nWARNING again\n")
    for name in ("a.png", "warning.png"):
        events.append(folder, {"event": "image", "name": name})
    found = logs.view(ws, 1, "warning")
    assert [(line.source, line.number) for line in found.lines] == [("log", 1), ("log", 3), ("events", 2)]
    assert json.loads(found.lines[2].text)["name"] == "warning.png"
    assert not found.more
    assert [line.number for line in logs.view(ws, 1, "warning", limit=1).lines] == [3, 2]
    assert logs.view(ws, 1, "warning", limit=1).more
    assert logs.view(ws, 1, "absent").lines == []


def test_the_messages_of_a_training_are_read_too(ws, folder):
    (folder / "log.txt").write_text("one\n")
    (folder / "run").mkdir()
    (folder / "run" / "messages.txt").write_text("CUDA out of luck\n")
    assert {(line.source, line.text) for line in logs.view(ws, 1).lines} == {
        ("log", "one"),
        ("run/messages.txt", "CUDA out of luck"),
    }
    assert logs.view(ws, 1, "cuda").lines == [LogLine("run/messages.txt", 1, "CUDA out of luck")]


def test_a_job_that_is_not_there(ws):
    with pytest.raises(NotFoundError, match="no job 5"):
        logs.view(ws, 5)


def test_an_event_that_a_crash_cut_short_spoils_no_other(folder):
    events.append(folder, {"event": "one"})
    with (folder / "events.jsonl").open("ab") as stream:
        stream.write(b'{"event": "tw')
    events.append(folder, {"event": "three"})
    assert [event["event"] for event in events.read(folder)] == ["one", "three"]
    assert all(event["at"].endswith("Z") or "+00:00" in event["at"] for event in events.read(folder))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(st.dictionaries(st.text(), st.text() | st.integers() | st.none())), cut=st.binary(max_size=5))
def test_events_come_back_as_they_were(tmp_path_factory, values, cut):
    folder = tmp_path_factory.mktemp("job")
    (folder / "events.jsonl").write_bytes(cut.replace(b"\n", b""))
    for value in values:
        events.append(folder, {**value, "at": "now"})
    read = list(events.read(folder))
    assert [event for event in read if isinstance(event, dict)][-len(values) or len(read) :] == [
        {**value, "at": "now"} for value in values
    ]
