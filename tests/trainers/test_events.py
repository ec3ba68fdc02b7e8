import io
import json

import pytest
from rich.console import Console

from trainers.events import JsonLines, Pace, ProgressBar, clock_time


def test_pace_counts_only_what_this_run_finished():
    now = [100.0]
    pace = Pace(total=10, done=4, clock=lambda: now[0])
    assert (pace.rate, pace.seconds_left) == (None, None)
    now[0] = 104.0
    pace.step()
    pace.step()
    assert (pace.done, pace.rate, pace.seconds_left) == (6, 0.5, 8.0)


def test_json_lines_say_what_happens(capsys):
    events = JsonLines()
    events.start(total=3, done=1, workers=2)
    events.image("bad-\udcff", 0, "bad-\udcff: is damaged")
    events.image("b", 7, None)
    events.end(is_complete=True)
    start, bad, good, end = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert start == {"event": "start", "total": 3, "done": 1, "workers": 2}
    assert (bad["event"], bad["key"], bad["error"], bad["masks"]) == (
        "image",
        "bad-\udcff",
        "bad-\udcff: is damaged",
        0,
    )
    assert (good["done"], good["total"], good["error"], good["masks"]) == (3, 3, None, 7)
    assert good["rate"] > 0
    assert good["seconds_left"] == 0
    assert end == {"event": "done", "done": 3, "total": 3}


def test_a_stopped_run_does_not_say_done(capsys):
    events = JsonLines()
    events.start(3, 0, 1)
    events.end(is_complete=False)
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["event"] == "stopped"


def test_the_bar_names_failed_images_and_sums_up():
    out = io.StringIO()
    with ProgressBar(Console(file=out, force_terminal=True, width=100)) as bar:
        bar.start(total=4, done=1, workers=2)
        bar.image("a", 5, None)
        bar.image("b", 0, "/photos/[red]\udcff.png: the file is empty")
        bar.end(is_complete=False)
    text = out.getvalue()
    assert "1 of 4 images were finished before" in text
    assert "no masks: /photos/[red]\\udcff.png: the file is empty" in text
    assert "images/s" in text
    assert "stopped: 3 of 4 images, 5 new masks, 1 failed" in text


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (61.4, "1:01"), (3599.6, "1:00:00"), (90061, "25:01:01")])
def test_clock_time(seconds, text):
    assert clock_time(seconds) == text
