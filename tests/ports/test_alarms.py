# SPDX-License-Identifier: Apache-2.0
"""Alarms that fire now, asked of whoever watches the nodes: since when, and under one key for as long as they fire."""

import pytest

from federation.core import instant
from federation.core.alarm import breach_event
from federation.errors import ServiceError


def told(monitor):
    """What a release would hear of each alarm: one event each."""
    return {breach_event(firing.key, firing.at, firing.labels).id for firing in monitor.alarms.firing()}


def test_while_all_is_well_nothing_fires(monitor):
    assert list(monitor.alarms.firing()) == []


def test_an_alarm_fires_until_it_ends(monitor):
    monitor.fires("errors")
    (firing,) = monitor.alarms.firing()
    assert "errors" in firing.key
    assert (firing.name or firing.key).endswith("errors")
    assert not set(":|") & set(firing.name or firing.key), "a policy names it as people do, not by an address"
    assert instant.normalise(firing.at) == firing.at
    assert all(isinstance(text, str) for pair in firing.labels.items() for text in pair)
    monitor.ends("errors")
    assert list(monitor.alarms.firing()) == []


def test_an_alarm_that_goes_on_is_one_breach_however_often_it_is_asked_for(monitor):
    monitor.fires("errors")
    assert told(monitor) == told(monitor)
    assert len(told(monitor)) == 1


def test_two_alarms_are_two_breaches(monitor):
    monitor.fires("errors")
    monitor.fires("latency")
    assert len(told(monitor)) == 2
    monitor.ends("errors")
    (firing,) = monitor.alarms.firing()
    assert "latency" in firing.key


def test_an_alarm_about_something_else_leaves_no_release(monitor):
    monitor.strange()
    assert list(monitor.alarms.firing()) == []
    monitor.fires("errors")
    assert len(told(monitor)) == 1


def test_a_monitor_that_does_not_answer_is_not_taken_for_silence(monitor):
    monitor.fires("errors")
    monitor.deny()
    with pytest.raises(ServiceError):
        monitor.alarms.firing()
