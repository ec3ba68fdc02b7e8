import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services import goodness, ingest
from app.services.quality import effort
from app.services.quality.effort import LONGEST, coverage, curve, gains
from app.services.quality.pace import Pace
from tests.app.helpers import make_folder
from tests.app.services.goodness.helpers import decide, fill

ESTIMATES = st.lists(st.floats(0.0001, 0.9999), min_size=1, max_size=60)


@given(ESTIMATES, st.integers(0, 500), st.floats(0.2, 600))
def test_more_time_never_covers_less_and_everything_is_all(estimates, accepted, seconds):
    gained = gains(np.array(estimates))
    points = curve(gained, accepted, seconds)
    shares = [share for _, share in points]
    assert all(0 <= share <= 1 for share in shares)
    assert shares == sorted(shares)
    assert [minutes for minutes, _ in points] == sorted(minutes for minutes, _ in points)
    assert coverage(gained, accepted, len(estimates)) == pytest.approx(1)
    assert coverage(gained, accepted, 10 * len(estimates)) == pytest.approx(1), "there is nothing beyond"
    assert points[-1][0] == pytest.approx(min(LONGEST, len(estimates) * seconds / 60))


@given(ESTIMATES, st.integers(0, 500))
def test_the_most_promising_masks_first_are_worth_more_than_later_ones(estimates, accepted):
    gained = gains(np.array(estimates))
    shares = np.array([coverage(gained, accepted, number) for number in range(len(gained))])
    steps = np.diff(shares)
    assert (np.diff(steps) <= 1e-9).all()


def test_coverage_is_the_accepted_share_of_what_is_good():
    gained = gains(np.array([0.2, 0.8]))
    assert [coverage(gained, 1, number) for number in (0, 0.5, 1, 2)] == pytest.approx([0.5, 0.7, 0.9, 1])
    assert coverage(gains(np.empty(0)), 0, 5) == 0


@pytest.fixture
def decided(ws, tmp_path, monkeypatch):
    """Six of eight images decided, every second mask good, at ten seconds a decision."""
    ingest.import_folder(ws, make_folder(tmp_path / "photos", [f"{index}.png" for index in range(8)]))
    good = [index % 2 == 0 for index in range(12)]
    for image in range(1, 9):
        ids = fill(ws, image, good, seed=image)
        if image <= 6:
            decide(
                ws,
                image,
                {mask: "accepted" if is_good else "rejected" for mask, is_good in zip(ids, good, strict=True)},
            )
    goodness.bring_up_to_date(ws)

    def at(per_hour, lowest=None, highest=None):
        monkeypatch.setattr(effort, "pace_of", lambda _: Pace(72, 720, per_hour, lowest, highest))
        return effort.effort(ws)

    return at


def test_the_rest_is_decided_in_some_minutes(decided):
    found = decided(360)
    assert found.sentence.startswith(
        "4 more minutes decide all 24 masks that wait: estimated coverage of the good proposals 7"
    )
    assert found.sentence.endswith(" -> 100 %, at 10.0 s a decision.")
    assert found.points[0][1] == pytest.approx(36 / 48, abs=0.05), "36 accepted, 12 good ones wait"
    assert found.points[-1] == pytest.approx((4, 1))


def test_twenty_minutes_are_worth_so_much_with_an_interval_where_there_is_one(decided):
    rough = decided(30).sentence
    assert rough.startswith(
        "20 more minutes here, the most promising masks first: estimated coverage of the good proposals 7"
    )
    assert "(rough: there is little to go by yet), at 120.0 s a decision" in rough
    assert " by how much your pace varies)" in decided(30, 20, 40).sentence


def test_it_says_what_it_does_not_know(decided, ws, tmp_path, monkeypatch):
    nothing = decided(None)
    assert (nothing.seconds, nothing.points) == (None, [])
    assert nothing.sentence.startswith("What more minutes are worth is not known yet: A forecast needs 50 decisions")
    monkeypatch.setattr(
        goodness, "estimates", lambda _ws, **_: type("Estimates", (), {"calibrated": False, "quality": None})()
    )
    unknown = decided(360)
    assert unknown.points == []
    assert unknown.sentence.startswith("10.0 s a decision. ")


def test_without_masks_there_is_nothing_to_plan(ws):
    assert effort.effort(ws).sentence == "No mask waits for a decision."
