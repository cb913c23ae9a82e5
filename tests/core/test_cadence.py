# SPDX-License-Identifier: Apache-2.0
"""Weekly windows in a land whose clocks change."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from federation.core.cadence import Cadence, Window, due, faults, is_open, meets, next_fire

BERLIN = "Europe/Berlin"
TUESDAYS = Window(opens="0 10 * * 2", minutes=240)
NIGHTLY = Window(opens="30 2 * * *", minutes=60)


def at(text):
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("now", "open_"),
    [
        ("2026-11-17T08:59:59Z", False),
        ("2026-11-17T09:00:00Z", True),
        ("2026-11-17T12:59:59Z", True),
        ("2026-11-17T13:00:00Z", False),
        ("2026-07-14T08:00:00Z", True),
        ("2026-07-14T07:59:00Z", False),
    ],
)
def test_a_window_opens_by_the_clock_on_the_wall_in_winter_and_in_summer(now, open_):
    assert is_open(TUESDAYS, BERLIN, at(now)) is open_


def test_a_window_in_the_hour_that_spring_skips_opens_once_when_the_clocks_have_moved():
    # On 29 March 2026 Berlin goes from 02:00 to 03:00: 02:30 does not exist.
    moments = [at("2026-03-29T00:00:00Z") + timedelta(minutes=minute) for minute in range(180)]
    opened = [moment for moment in moments if is_open(NIGHTLY, BERLIN, moment)]
    assert opened[0] == at("2026-03-29T01:00:00Z")
    assert len(opened) == 60


def test_a_window_in_the_hour_that_autumn_repeats_opens_once():
    # On 25 October 2026 Berlin has 02:30 twice, at 00:30 and at 01:30 UTC.
    moments = [at("2026-10-25T00:00:00Z") + timedelta(minutes=minute) for minute in range(240)]
    opened = [moment for moment in moments if is_open(NIGHTLY, BERLIN, moment)]
    assert len(opened) == 60
    assert opened == [opened[0] + timedelta(minutes=minute) for minute in range(60)]


def test_a_clock_change_inside_the_window_neither_shortens_nor_lengthens_it():
    night = Window(opens="0 23 * * 6", minutes=360)
    for sunday in ("2026-03-29", "2026-10-25"):
        start = at(f"{sunday}T00:00:00Z") - timedelta(hours=4)
        opened = [m for m in range(720) if is_open(night, BERLIN, start + timedelta(minutes=m))]
        assert len(opened) == 360


@given(st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - hypothesis adds UTC
def test_the_next_fire_is_later_than_now_and_nothing_fires_between(now):
    after = next_fire("0 9 * * 1,4", BERLIN, now)
    assert now < after
    assert next_fire("0 9 * * 1,4", BERLIN, after - timedelta(seconds=1)) == after
    assert next_fire("0 9 * * 1,4", BERLIN, now + (after - now) / 2) == after


def test_a_timetable_that_means_nothing_is_told_line_by_line():
    broken = Cadence(
        time_zone=BERLIN, ingest="0 6 * * *", merge="0 25 * * *", promotion=Window(opens="0 0 31 2 *", minutes=5)
    )
    assert [fault.split(":")[0] for fault in faults(broken)] == ["$.cadence.merge", "$.cadence.promotion.opens"]
    nowhere = Cadence(time_zone="Europe/Atlantis", ingest="", merge="", promotion=TUESDAYS)
    assert "not an IANA time zone" in faults(nowhere)[0]


WEEKLY = Cadence(time_zone=BERLIN, ingest="0 6 * * *", merge="0 9 * * 1,4", promotion=TUESDAYS)


@pytest.mark.parametrize(
    ("since", "now", "what"),
    [
        ("2026-11-16T04:00:00Z", "2026-11-16T04:59:00Z", []),
        ("2026-11-16T04:00:00Z", "2026-11-16T05:00:00Z", ["sweep 05:00"]),
        ("2026-11-16T05:00:00Z", "2026-11-16T05:01:00Z", []),
        ("2026-11-13T00:00:00Z", "2026-11-16T12:00:00Z", ["sweep 05:00", "merge 08:00"]),
        ("2026-11-17T08:00:00Z", "2026-11-17T09:30:00Z", ["promote 09:30"]),
    ],
)
def test_what_fell_due_since_the_last_look_is_due_once(since, now, what):
    assert [f"{name} {moment:%H:%M}" for name, moment in due(WEEKLY, at(since), at(now))] == what


@pytest.mark.parametrize(
    ("sweep", "opens", "minutes", "met"),
    [
        ("0 6 * * *", "0 5 30 * *", 180, True),
        ("0 6 * * *", "0 5 31 12 *", 180, True),
        ("0 6 * * *", "0 5 29 2 *", 180, True),
        ("0 6 * * *", "0 5 1 7 *", 60, False),
        ("0 6 * * *", "0 5 1 7 *", 61, True),
        ("0 6 1 * *", "0 0 * * 5", 1440, True),
        ("0 6 1 1 *", "0 0 * 2-12 *", 1440, False),
        ("*/5 * * * *", "3 5 * * *", 2, False),
        ("*/5 * * * *", "3 5 * * *", 3, True),
        ("30 2 * * *", "0 3 * * *", 15, True),
    ],
)
def test_a_sweep_meets_a_window_if_it_does_on_any_day_of_the_year(sweep, opens, minutes, met):
    # The last one: on the day that skips 02:30 the sweep comes at 03:00.
    assert meets(sweep, BERLIN, Window(opens=opens, minutes=minutes), BERLIN) is met


def test_zones_are_minded_where_sweep_and_window_have_their_own():
    assert meets("0 6 * * *", "Asia/Tokyo", Window(opens="0 22 * * *", minutes=10), BERLIN)
    assert not meets("0 6 * * *", "Asia/Tokyo", Window(opens="0 21 * * *", minutes=10), BERLIN)


lines = st.builds(
    "{} {} {}".format,
    st.integers(0, 59),
    st.integers(0, 23),
    st.sampled_from(["* * *", "*/7 * *", "30 * *", "1 1,7 *", "* * 0", "29 2 *"]),
)


@given(lines, st.builds(Window, opens=lines, minutes=st.integers(1, 2000)))
@settings(max_examples=20)
def test_whoever_asks_every_fire_of_a_year_finds_the_same(sweep, window):
    year = [moment := at("2027-12-01T00:00:00Z")]
    while (moment := next_fire(sweep, BERLIN, moment)) < at("2029-01-01T00:00:00Z"):
        year.append(moment)
    assert meets(sweep, BERLIN, window, BERLIN) is any(is_open(window, BERLIN, moment) for moment in year[1:])
