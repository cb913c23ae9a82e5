# SPDX-License-Identifier: Apache-2.0
"""The local queue delivers at least once, oldest first, and keeps as a dead letter what raises again and again."""

import pytest

from federation.core.event import Event
from federation.errors import ServiceError
from federation.local.bus import ATTEMPTS, LocalBus
from federation.local.database import Database

ROUTES = {"federation.tick.merge.v1": ("fuse",), "federation.release.promoted.v1": ("fuse", "audit")}


def event(number, type_="federation.tick.merge.v1"):
    return Event(type=type_, source="//test", subject="s", time="2026-01-05T08:00:00Z", key=str(number), data={})


@pytest.fixture(params=["memory", "file"])
def bus(request, tmp_path):
    database = Database(None if request.param == "memory" else tmp_path / "store.sqlite")
    yield LocalBus(database, ROUTES)
    database.close()


def test_every_step_that_hears_a_type_gets_the_event_and_nobody_else(bus):
    got = []
    bus.announce([event(1, "federation.release.promoted.v1")])
    bus.announce([event(2, "federation.nobody.hears.v1")])
    assert bus.drain(lambda step, heard: got.append((step, heard.key))) == 2
    assert got == [("fuse", "1"), ("audit", "1")]


def test_what_a_step_announces_is_delivered_in_the_same_drain(bus):
    seen = []

    def deliver(step, heard):
        seen.append(heard.key)
        if len(seen) < 3:
            bus.announce([event(len(seen) + 1)])

    bus.announce([event(1)])
    bus.drain(deliver)
    assert seen == ["1", "2", "3"]


def test_what_raises_is_delivered_again_and_then_put_aside_with_its_reason(bus):
    tries = []

    def deliver(step, heard):
        tries.append(heard.key)
        if heard.key == "bad":
            raise ServiceError("the hub is down")

    bus.announce([event("bad")])
    bus.announce([event("good")])
    bus.drain(deliver)
    assert tries.count("bad") == ATTEMPTS
    assert tries.count("good") == 1
    (dead,) = bus.dead()
    assert (dead.step, dead.event.key, dead.failure) == ("fuse", "bad", "ServiceError: the hub is down")
    assert bus.redrive() == 1
    assert bus.drain(lambda step, heard: None) == 1
    assert bus.dead() == []


def test_a_dead_letter_never_has_the_number_of_an_earlier_one(bus):
    def refuse(step, heard):
        raise ServiceError("the hub is down")

    bus.announce([event(1)])
    bus.drain(refuse)
    (first,) = bus.dead()
    bus.redrive()
    bus.drain(lambda step, heard: None)
    bus.announce([event(2)])
    bus.drain(refuse)
    (second,) = bus.dead()
    assert second.id != first.id, "a `redrive ID` that was copied earlier must not send another letter"


def test_a_step_that_breaks_on_an_event_is_put_aside_like_any_other(bus):
    def deliver(step, heard):
        return {"good": 1}[heard.key]

    bus.announce([event("bad")])
    bus.announce([event("good")])
    assert bus.drain(deliver) == 1
    (dead,) = bus.dead()
    assert (dead.event.key, dead.failure, dead.attempts) == ("bad", "KeyError: 'bad'", ATTEMPTS)
    assert bus.waiting() == 0


def test_one_event_that_fails_does_not_hold_up_the_others(bus):
    order = []

    def deliver(step, heard):
        order.append(heard.key)
        if heard.key == "bad" and order.count("bad") < 2:
            raise ServiceError("once")

    for key in ("bad", "a", "b"):
        bus.announce([event(key)])
    bus.drain(deliver)
    assert order == ["bad", "a", "b", "bad"]


def test_a_queue_in_a_file_survives_its_process(tmp_path):
    first = Database(tmp_path / "store.sqlite")
    LocalBus(first, ROUTES).announce([event(1)])
    first.close()
    second = Database(tmp_path / "store.sqlite")
    got = []
    LocalBus(second, ROUTES).drain(lambda step, heard: got.append(heard.key))
    assert got == ["1"]
    second.close()


def test_what_is_still_to_be_delivered_can_be_looked_at_and_stays(bus):
    bus.announce([event(1), event(2, "federation.release.promoted.v1")])
    assert [(one.step, one.event.key, one.at) for one in bus.open()] == [
        ("fuse", "1", "2026-01-05T08:00:00Z"),
        ("fuse", "2", "2026-01-05T08:00:00Z"),
        ("audit", "2", "2026-01-05T08:00:00Z"),
    ]
    assert bus.waiting() == 3
    bus.drain(lambda step, heard: None)
    assert list(bus.open()) == []
