# SPDX-License-Identifier: Apache-2.0
"""A cloud tells us something: is it news, and can it be told on?"""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from federation.core import contract, instant
from federation.reads import LiveReads
from federation.sources import read
from federation.sources.reading import Reading, Request, Signal
from federation.steps import receive
from federation.steps.receive import Delivery, Facts
from tests.sources.bending import closed, opened, paths, replaced
from tests.sources.cases import CASES, TRUST, case

NOW = "2026-11-18T11:00:00Z"
moments = st.datetimes(datetime(2026, 11, 18, 10), datetime(2026, 11, 18, 10, 0, 2), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds UTC
words = st.sampled_from(["firing", "resolved"])


def told(state, at):
    signal = Signal(kind="alarm", verdict="accept", state=state, key="gcm|ours|latency", at=at)
    return Delivery(request=Request(entry="test", body=b""), reading=Reading(verdict="ignore", why="", signal=signal))


def kept(state, at):
    """The name under which an alarm's state is kept."""
    (document,) = receive.decide(told(state, at), Facts(stored={}, settled=frozenset()), NOW).documents
    return document.name


def after(*names):
    return Facts(stored={}, settled=frozenset(), alarm_states=names)


@pytest.mark.parametrize(
    ("before", "at", "counts"),
    [
        ("2026-11-18T10:00:00Z", "2026-11-18T10:00:00.5Z", True),
        ("2026-11-18T10:00:00.5Z", "2026-11-18T10:00:00Z", False),
        ("2026-11-18T10:00:00.25Z", "2026-11-18T10:00:00.3Z", True),
        ("2026-11-18T10:00:00Z", "2026-11-18T10:00:01Z", True),
    ],
)
def test_an_alarm_that_fires_half_a_second_after_it_was_resolved_counts(before, at, counts):
    outcome = receive.decide(told("firing", at), after(kept("resolved", before)), NOW)
    assert [event.type for event in outcome.events] == ["federation.slo.breached.v1"] * counts
    assert bool(outcome) is counts


@pytest.mark.parametrize(
    ("status", "asked"), [("InService", 1), ("Failed", 1), ("Deleted", 1), ("Updating", 0), ("Deleting", 0)]
)
def test_nodes_that_somebody_changed_are_read_back_once_they_are_at_rest(status, asked):
    outcome = of_an_endpoint(status)
    assert [event.type for event in outcome.events] == ["federation.tick.audit.v1"] * asked
    assert outcome.documents == (), "it is no alarm, whose state would be kept"


def test_each_state_that_an_update_gives_one_instant_is_read_back():
    asked = {event.id for status in ("InService", "Failed", "InService") for event in of_an_endpoint(status).events}
    assert len(asked) == 2


def of_an_endpoint(status):
    labels = {"endpoint": "federation", "status": status}
    signal = Signal(kind="endpoint", verdict="accept", key="arn", at="2026-11-18T10:59:00Z", labels=labels)
    reading = Reading(verdict="ignore", why="", signal=signal)
    delivery = Delivery(request=Request(entry="test", body=b""), reading=reading)
    return receive.decide(delivery, Facts(stored={}, settled=frozenset()), NOW)


def test_an_alarm_that_cannot_be_told_from_others_moves_nothing():
    unnamed = told("firing", "2026-11-18T10:59:00Z")
    signal = replace(unnamed.reading.signal, key=None)
    outcome = receive.decide(
        replace(unnamed, reading=replace(unnamed.reading, signal=signal)), Facts(stored={}, settled=frozenset()), NOW
    )
    assert not outcome


@pytest.mark.parametrize(
    ("signal", "listed"),
    [
        (Signal(kind="alarm", verdict="accept", state="firing", key="a", at="2026-11-18T10:50:00Z"), 1),
        (Signal(kind="alarm", verdict="accept", state="resolved", key="a", at="2026-11-18T10:59:00Z"), 1),
        (Signal(kind="alarm", verdict="accept", state="firing", key="a", at="2026-11-18T10:50:01Z"), 0),
        (Signal(kind="alarm", verdict="ignore", state="resolved", key="a", at="2026-11-18T10:59:00Z"), 0),
        (Signal(kind="endpoint", verdict="accept", key="a", labels={"status": "InService"}), 0),
        (Signal(kind="tick", verdict="accept", key="a", name="merge"), 0),
    ],
)
def test_earlier_states_are_looked_up_only_for_an_alarm_that_is_not_new(home, signal, listed):
    """One that began ten minutes ago is not, and what becomes of a new one must wait for no listing."""
    delivery = Delivery(
        request=Request(entry="test", body=b""), reading=Reading(verdict="ignore", why="", signal=signal)
    )
    reads = LiveReads(home.local.ports)
    receive.gather(delivery, (), reads, NOW)
    assert [note["what"] for note in reads.trace] == ["names"] * listed


@pytest.mark.parametrize(
    "not_so",
    [{}, {"verdict": "ignore"}, {"kind": "endpoint"}, {"key": None}, {"state": "resolved"}, {"at": None}],
    ids=["an alarm", "one of no concern", "no alarm", "one that nobody can name", "over", "of an unknown moment"],
)
def test_only_an_alarm_that_counts_is_acted_on_before_it_is_looked_up(not_so):
    firing = told("firing", "2026-11-18T10:59:00Z").reading
    breach = receive.urgent(replace(firing, signal=replace(firing.signal, **not_so)), NOW)
    assert (breach is not None) is (not_so == {})


def test_of_a_group_whose_newest_alarm_is_over_the_others_still_fire():
    """Alertmanager tells of a group as a whole: it fires of the moment at which the newest of those that fire began."""
    newest, older = "2026-11-18T10:32:00Z", "2026-11-18T10:30:00Z"
    (breach,) = receive.decide(told("firing", older), after(kept("firing", newest)), NOW).events
    assert breach.data["at"] == older
    assert not receive.decide(told("firing", older), after(kept("firing", newest), kept("resolved", newest)), NOW)


def test_an_alarm_that_states_no_moment_fires_now_and_is_never_late():
    (breach,) = receive.decide(told("firing", None), after(kept("resolved", "2026-11-18T10:59:00Z")), NOW).events
    assert (breach.time, breach.data["at"]) == (NOW, NOW)


def test_a_tick_that_is_delivered_late_and_twice_is_the_tick_of_its_hour():
    due = Signal(kind="tick", verdict="accept", name="merge", scheduled_for="2026-11-18T10:00:00Z")
    reading = Reading(verdict="ignore", why="", signal=due)
    delivery = Delivery(request=Request(entry="test", body=b""), reading=reading)
    first, again = (receive.decide(delivery, after(), now).events for now in (NOW, "2026-11-18T11:07:00Z"))
    assert first == again
    assert [event.time for event in first] == ["2026-11-18T10:00:00Z"]


@given(moments, words, moments, words)
def test_a_state_is_late_exactly_when_another_was_told_of_a_later_moment_and_not_both_fire(one, state, other, before):
    facts = after(kept(before, instant.text(other)))
    late = not receive.decide(told(state, instant.text(one)), facts, NOW)
    assert late is ((other, before) > (one, state) and "resolved" in (state, before))
    judged = receive.judged(told(state, instant.text(one)), facts)
    assert judged.signal.verdict == ("ignore" if late else "accept")


LOUD = [
    one
    for one in CASES
    if b'"' in one.body and "accept" in (one.told["verdict"], (one.told.get("signal") or {}).get("verdict"))
]
"""Payloads that become an event, or a batch of them."""


def events_of(request, trust=TRUST):
    reading = read(request, trust)
    outcomes = [
        receive.decide(Delivery(request=request, reading=one), after(), NOW) for one in reading.batch or (reading,)
    ]
    return [event for outcome in outcomes for event in outcome.events]


@given(st.sampled_from(LOUD), st.data())
@settings(max_examples=150)
def test_however_long_the_names_in_a_payload_what_it_becomes_is_an_event(one, data):
    body = opened(one.body)
    texts = [path for path in paths(body) if path and isinstance(_at(body, path), str)]
    path, length = data.draw(st.sampled_from(texts)), data.draw(st.sampled_from([0, 900, 1500, 2040, 5000]))
    longer = closed(replaced(body, path, lambda text: text + "x" * length))
    for event in events_of(one.request(json.dumps(longer).encode()), one.trust):
        contract.check("event.v1", event.document())


def _at(value, path):
    for key in path:
        value = value[key]
    return value


def test_a_group_of_alerts_with_a_long_key_still_rolls_back():
    one = case("alertmanager/firing_with_token")
    body = json.loads(one.body)
    (event,) = events_of(one.request(json.dumps({**body, "groupKey": "x" * 5000}).encode()), one.trust)
    contract.check("event.v1", event.document())
    assert event.data["alarm"].endswith("x" * 1500)


def test_an_object_whose_key_is_as_long_as_keys_may_be_is_still_told():
    one = case("s3/object_created_sentinel")
    body = json.loads(one.body)
    stored = body["detail"]["object"]
    stored["key"] = "/".join(("x" * 200,) * 5) + f"/{stored['key'].rpartition('/')[2]}"
    (event,) = events_of(one.request(json.dumps(body).encode()))
    contract.check("event.v1", event.document())
    assert len(event.data["resource"]) > len(event.subject) == 1024
