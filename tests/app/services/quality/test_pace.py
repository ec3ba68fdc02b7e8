from datetime import datetime, timedelta, timezone

import pytest

from app.services import categories, review, undo
from app.services.quality import pace
from app.services.review import Operation

START = datetime(2026, 11, 24, 9, tzinfo=timezone.utc)


def moments(*gaps, who="me"):
    """(who, when) rows with these seconds between them."""
    rows, at = [(who, START.isoformat())], START
    for gap in gaps:
        at += timedelta(seconds=gap)
        rows.append((who, at.isoformat()))
    return rows


def test_the_pace_is_that_of_the_work_without_the_breaks():
    steady = pace.pace_of(moments(*[6] * 200))
    assert steady.per_hour == pytest.approx(600)
    broken = pace.pace_of(moments(*[6] * 100, 7200, *[6] * 100))
    assert broken.per_hour == pytest.approx(600)
    assert broken.seconds == pytest.approx(1200)


def test_two_people_at_once_do_not_count_each_others_time():
    mine, yours = moments(*[10] * 100), moments(*[10] * 100, who="you")
    both = sorted([*mine, *yours], key=lambda row: row[1])
    assert pace.pace_of(both).per_hour == pytest.approx(360)


@pytest.mark.parametrize("rows", [[], moments(), moments(*[1] * 200), moments(*[100] * 20), moments(*[500] * 300)])
def test_little_work_gives_no_pace(rows):
    assert pace.pace_of(rows).per_hour is None


def test_an_uneven_pace_has_a_wide_interval():
    even = pace.pace_of(moments(*[5] * 600))
    uneven = pace.pace_of(moments(*([2] * 150 + [50] * 6) * 5))
    assert even.highest - even.lowest < 0.1 * even.per_hour
    assert uneven.highest - uneven.lowest > 0.5 * uneven.per_hour
    assert 0 < uneven.lowest < uneven.per_hour < uneven.highest


def test_progress_counts_states_and_categories_and_says_what_a_forecast_needs(reviewed):
    ws, masks = reviewed
    boat = categories.add(ws, "boat")
    review.apply(
        ws,
        "me",
        [
            Operation("1", 1, "g", "state", masks[1][0], 0, "accepted"),
            Operation("2", 1, "g", "category", masks[1][0], 1, category_id=boat.id),
            Operation("3", 1, "h", "state", masks[1][1], 0, "rejected"),
        ],
    )
    found = pace.progress(ws)
    assert found.pace.decided == 2
    assert found.states == {"pending": 7, "accepted": 1, "rejected": 1, "unsure": 0}
    assert found.categories == [
        (boat.id, {"pending": 0, "accepted": 1, "rejected": 0, "unsure": 0}),
        (None, {"pending": 0, "accepted": 0, "rejected": 1, "unsure": 0}),
    ]
    assert found.forecast == "7 masks wait. A forecast needs 50 decisions in 5 minutes of work; so far: 2 in 0 min."
    undo.undo(ws, "me")
    assert (
        pace.progress(ws).pace.decided == 2
    )  # taking it back is no decision, and took no decision away from the work done


@pytest.mark.parametrize(
    ("found", "pending", "sentence"),
    [
        (pace.Pace(99, 600, 600, 500, 800), 0, "No mask waits for a decision."),
        (pace.Pace(99, 600, 600, 400, 1200), 1200, "about 2.0 h of work at 600 masks an hour (95 %: 60 min to 3.0 h)."),
        (
            pace.Pace(99, 600, 600, None, None),
            1,
            "1 mask waits: about 1 min of work at 600 masks an hour. That is rough",
        ),
    ],
)
def test_the_forecast_is_a_sentence(found, pending, sentence):
    assert sentence in pace._forecast(found, pending)
