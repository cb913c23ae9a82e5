# SPDX-License-Identifier: Apache-2.0
"""Is one instant the same text, however a sender writes it?"""

import math
import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.core.instant import microseconds, moment, normalise, order, text
from federation.errors import ContractError

SAME = "2026-11-18T10:02:38.557Z"


@pytest.mark.parametrize(
    "written",
    [
        1794996158557,
        1794996158.557,
        1794996158557000,
        1794996158557000000,
        "1794996158557",
        "1794996158.557",
        "1.794996158557E12",
        "1.794996158557e+9",
        " 1794996158557\n",
        SAME,
        "2026-11-18T10:02:38.557+0000",
        "2026-11-18T10:02:38.557000+00:00",
        "2026-11-18t10:02:38.557000999z",
        "2026-11-18T11:02:38,557+01:00",
        "2026-11-18 04:32:38.557 -0530",
        "2026-11-18T10:02:38.557",
    ],
)
def test_every_spelling_of_an_instant_is_one_text(written: object):
    assert normalise(written) == SAME


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (1794996160, "2026-11-18T10:02:40Z"),
        ("2026-11-16T23:59:59.999999999Z", "2026-11-16T23:59:59.999999Z"),
        ("2026-11-18T10:44:10.000001Z", "2026-11-18T10:44:10.000001Z"),
        ("2026-11-18T09:12:05.4Z", "2026-11-18T09:12:05.4Z"),
        ("2026-12-31T23:59:60Z", "2027-01-01T00:00:00Z"),
        (1, "1970-01-01T00:00:01Z"),
        (253402300799, "1978-01-11T21:31:40.799Z"),
    ],
)
def test_fractions_are_cut_and_zeros_trimmed(written: object, expected: str):
    assert normalise(written) == expected


@pytest.mark.parametrize(
    "garbage",
    [
        None,
        True,
        "",
        "yesterday",
        math.inf,
        -math.inf,
        math.nan,
        "inf",
        "nan",
        "1e999999999",
        "9" * 5000,
        0,
        -1,
        10**400,
        "0001-01-01T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "2026-11-18T25:00:00Z",
        "2026-11-18T10:02:61Z",
        "2026-11-18T10:02:38+99:99",
        "9999-12-31T23:59:59.9-23:59",
        "\uff12\uff10\uff12\uff16-11-18T10:02:38Z",
        "1_794_996_158",
        [],
        {"seconds": 1},
        b"1794996158",
    ],
)
def test_what_tells_no_time_is_none(garbage: object):
    assert normalise(garbage) is None


@given(st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.lists(st.integers()))
def test_nothing_whatever_makes_it_raise(anything: object):
    told = normalise(anything)
    assert told is None or microseconds(told) > 0


@given(st.text(alphabet="0123456789-+:.,TZtz eE", max_size=40))
def test_no_text_that_looks_like_a_time_makes_it_raise(written: str):
    told = normalise(written)
    assert told is None or normalise(told) == told


@given(
    st.datetimes(timezones=st.just(UTC)).filter(lambda when: 1980 < when.year < 9990),
    st.integers(min_value=-23 * 60 - 59, max_value=23 * 60 + 59),
)
def test_an_offset_changes_the_text_and_not_the_instant(utc: datetime, minutes: int):
    when = utc.astimezone(timezone(timedelta(minutes=minutes)))
    assert normalise(when.isoformat()) == text(when)
    assert moment(text(when)) == when


@given(st.integers(min_value=315532800 * 10**6, max_value=4102444800 * 10**6))
def test_seconds_milliseconds_microseconds_and_nanoseconds_are_told_apart_by_their_size(count: int):
    whole = count // 10**6
    expected = text(datetime.fromtimestamp(whole, UTC))
    assert {normalise(whole * 10**scale) for scale in (0, 3, 6, 9)} == {expected}
    assert normalise(count) == text(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=count))


@given(st.integers(min_value=1, max_value=4 * 10**15), st.integers(min_value=0, max_value=999))
def test_nanoseconds_never_round_up(count: int, nanoseconds: int):
    when = text(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=count))
    padded = when[:-1] + ("" if "." in when else ".")
    digits = len(padded.split(".")[1])
    assert normalise(f"{padded}{'0' * (6 - digits)}{nanoseconds:03d}Z") == when


whens = st.datetimes(datetime(2026, 11, 18), datetime(2026, 11, 18, 0, 0, 3), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds UTC


@given(st.lists(whens, max_size=6))
def test_instants_are_put_in_order_by_what_they_say_and_not_by_their_letters(told: list[datetime]):
    assert sorted(map(text, told), key=order) == list(map(text, sorted(told)))


@pytest.mark.parametrize("nothing", ["", "never", "2026-13-18T10:02:38Z"])
def test_what_tells_no_instant_stands_before_all_others(nothing: str):
    assert order(nothing) < order("0001-01-01T00:00:00Z")


@pytest.mark.parametrize("document", ["2026-11-18T10:02:38Z", SAME, "2026-11-18T11:02:38.557001+01:00"])
def test_our_own_documents_state_rfc_3339(document: str):
    assert moment(document).tzinfo is UTC
    assert microseconds(document) == order(document) == round(moment(document).timestamp() * 1_000_000)


@pytest.mark.parametrize(
    "document",
    [
        "2026-11-18",
        "2026-11-18T10:02:38",
        "2026-11-18 10:02:38Z",
        "2026-11-18T10:02:38+0000",
        "1794996158",
        "",
        "2026-13-18T10:02:38Z",
        "0001-01-01T00:00:00+23:00",
        "2026-11-18T10:02:38.1234567Z",
        "2026-11-18T10:02:38Z\n",
    ],
)
def test_our_own_documents_state_nothing_else(document: str):
    with pytest.raises(ContractError, match=re.escape("2026-11-18T10:02:38.557Z")):
        moment(document)
