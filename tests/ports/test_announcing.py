# SPDX-License-Identifier: Apache-2.0
"""What is announced on a bus reaches whoever listens there, whole and at least once."""

import pytest
from tests.ports.line import HEARD

from federation.core.event import Event


@pytest.fixture
def event(line):
    def made(number, **data):
        at = "2026-01-05T08:00:00Z"
        return Event(type=HEARD, source=line.source, subject=f"s{number % 3}", time=at, key=str(number), data=data)

    return made


def test_an_event_is_heard_as_it_was_announced(line, event):
    announced = event(1, why="größer als 0 “und” ≤ 1", at={"releases": ["a", "b"], "count": 2, "none": None})
    line.bus.announce([announced])
    heard = line.heard(1)
    assert heard[0] == announced
    assert {one.id for one in heard} == {announced.id}


def test_nothing_to_announce_brings_nothing(line):
    line.bus.announce([])
    assert line.heard(0) == []


def test_of_more_events_than_one_request_takes_none_is_lost(line, event):
    line.bus.announce([event(number) for number in range(23)])
    assert {heard.key for heard in line.heard(23)} == {str(number) for number in range(23)}


def test_events_that_are_large_together_are_all_heard(line, event):
    announced = [event(number, padding="x" * 100_000) for number in range(3)]
    line.bus.announce(announced)
    heard = {one.key: one for one in line.heard(3)}
    assert heard == {one.key: one for one in announced}


def test_an_event_that_is_announced_twice_is_known_by_its_id(line, event):
    line.bus.announce([event(1)])
    line.bus.announce([event(1), event(2)])
    assert {heard.id for heard in line.heard(2)} == {event(1).id, event(2).id}
