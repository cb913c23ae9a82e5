# SPDX-License-Identifier: Apache-2.0
"""Whoever is let in may be wrong about the time, or lie: what it tells of next year is dated now."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from federation.core import instant
from federation.sources.reading import Completion, Reading, Signal
from federation.sources.timely import AHEAD, without_future_times

NOW = "2026-11-18T11:00:00Z"
LATER = "9999-01-01T00:00:00Z"
AROUND = st.integers(-(10**7), 10**7).map(
    lambda seconds: instant.text(instant.moment(NOW) + timedelta(seconds=seconds))
)


def reading(at):
    """A changed endpoint, a tick and a completion of that moment, in a batch as SQS delivers it."""
    endpoint = Signal(kind="endpoint", verdict="accept", key="nodes", at=at)
    tick = Signal(kind="tick", verdict="accept", name="sweep", scheduled_for=at)
    done = Completion(provider="s3", resource="a", artifact_uri="s3://bucket/a/", dedupe_key="a", completed_at=at)
    bare = Reading(verdict="accept", why="")
    return replace(
        bare, batch=(replace(bare, signal=endpoint), replace(bare, signal=tick), replace(bare, completions=(done,)))
    )


def test_next_year_is_now():
    assert without_future_times(reading(LATER), NOW) == reading(NOW)


def test_an_alarm_keeps_its_moment_since_told_again_it_is_the_same_alarm():
    alarm = Signal(kind="alarm", verdict="accept", state="firing", key="p95", at=LATER)
    told = Reading(verdict="accept", why="", signal=alarm)
    assert without_future_times(told, NOW) == told


@given(AROUND)
def test_what_clocks_differ_by_is_believed_and_so_is_all_that_is_past(at):
    is_ahead = instant.moment(at) > instant.moment(NOW) + AHEAD
    assert without_future_times(reading(at), NOW) == reading(NOW if is_ahead else at)


def test_who_states_no_moment_has_none():
    assert without_future_times(reading(None), NOW) == reading(None)
