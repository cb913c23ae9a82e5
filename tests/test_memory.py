# SPDX-License-Identifier: Apache-2.0
"""Processes that remember what they met, and guess what they did not: they ask less and decide the same."""

from collections import Counter
from dataclasses import dataclass, field

import pytest
from msgspec.structs import replace

from federation.cache import CachedStore
from federation.core import event as events
from federation.core import names
from federation.core.alarm import breach_event
from federation.core.digest import canonical
from federation.core.event import Event
from federation.errors import ContractError
from federation.runtime import handle
from federation.simulation.platform import POLICY
from tests.steps.home import MONDAY
from tests.steps.home import home as made

AFTER = "2026-01-13T12:00:00Z"


@dataclass
class Asked:
    """A store that counts what it is asked."""

    store: object
    made: Counter = field(default_factory=Counter)

    def __getattr__(self, method):
        asked = getattr(self.store, method)

        def counted(*arguments):
            self.made[method] += 1
            return asked(*arguments)

        return counted


class Process:
    """A deployed function: it remembers for as long as it lives."""

    def __init__(self, home):
        self.home = home
        self.seconds = 0.0
        self.asked = Asked(home.store)
        self.ports = replace(home.local.ports, store=CachedStore(self.asked, lambda: self.seconds))

    def handles(self, step, event, now=MONDAY):
        self.asked.made.clear()
        return handle(step, event, self.ports, now)

    def rests(self, minutes=60):
        self.seconds += 60 * minutes


@pytest.fixture
def home(tmp_path):
    home = made(tmp_path)
    yield home
    home.local.close()


def event(type_, subject="test", **data):
    return Event(type=type_, source="//test", subject=subject, time=MONDAY, key=subject, data=data)


def shipped(home, kind="embedder", number=2):
    """A unit that lies there, and of which nobody has told yet."""
    home.ship(kind, number)
    home.local.database.changed("delete from documents where name not like 'policies/%' and name not like 'releases/%'")
    where = f"bucket/{kind}-{number}-own"
    return event(events.ARTIFACT_COMPLETED, subject=where, artifact_uri=f"s3://{where}/", provider="s3")


def test_a_completion_is_settled_by_three_writes_and_no_question(home):
    completion, process = shipped(home), Process(home)
    process.handles("validate", completion)
    assert process.asked.made == {"names": 1, "read": 1, "keep": 1, "claim": 1}, "the policy is asked for once"


def test_the_same_process_tells_again_what_it_told_and_asks_nobody(home):
    completion, process = shipped(home), Process(home)
    first = process.handles("validate", completion)
    again = process.handles("validate", completion)
    assert (again.repeat, again.events) == (True, first.events)
    assert not process.asked.made


def test_another_process_guesses_finds_the_name_taken_and_then_asks(home):
    completion = shipped(home)
    first = Process(home).handles("validate", completion)
    before = home.store.names("")
    home.place("bucket/embedder-2-own/_MANIFEST.json", b"{}")
    again = Process(home).handles("validate", completion)
    assert (again.repeat, again.events) == (True, first.events)
    assert home.store.names("") == before


def test_what_would_wait_is_first_asked_whether_it_is_settled(home):
    completion = shipped(home)
    first = Process(home).handles("validate", completion)
    (home.local.folder / "clouds/s3/bucket/embedder-2-own/_MANIFEST.json").unlink()
    again = Process(home).handles("validate", completion)
    assert (again.repeat, again.events) == (True, first.events)


class Forbidden:
    """Artifacts of a bucket that is believed no more."""

    def read(self, uri, limit):
        raise ContractError(f"{uri} lies in no bucket that is read")

    observe = read


def test_what_is_settled_is_told_again_though_its_artifacts_may_not_be_read_any_more(home):
    completion = shipped(home)
    first, other = Process(home).handles("validate", completion), Process(home)
    other.ports = replace(other.ports, artifacts=Forbidden())
    assert other.handles("validate", completion).events == first.events
    (rejected,) = other.handles("validate", replace(completion, key="another")).events
    assert rejected.type == events.ARTIFACT_REJECTED
    assert "no bucket" in rejected.data["why"]


def test_of_two_reports_on_one_basis_the_first_stands_and_both_tell_it(home):
    home.first_release()
    home.ship("textgen-lora", 2)
    (accepted,) = [told for told in home.told(events.UNIT_ACCEPTED) if told.subject.endswith("textgen-lora-v2")]
    (name,) = home.store.names(names.reports("textgen-lora", 2))
    report = home.store.read(name)
    home.place("bucket/textgen-lora-2-own/quality.jsonl", b'{"item":"q0","scores":{"accuracy":1}}\n')
    again = Process(home).handles("gate", accepted)
    assert [told.type for told in again.events] == [events.UNIT_PASSED]
    assert home.store.read(name) == report


def test_a_unit_is_judged_under_the_policy_that_it_was_accepted_under_or_a_newer_one(home):
    process = Process(home)
    home.ship("embedder", 1)
    (accepted,) = home.told(events.UNIT_ACCEPTED)
    process.handles("gate", accepted)
    home.store.keep(names.policy(2), canonical({**POLICY, "version": 2, "name": "stricter"}))
    process.rests()
    process.handles("gate", accepted)
    assert process.asked.made["names"] == 0, "version 1 was told, and version 1 is remembered"
    told = process.handles("gate", replace(accepted, data={**accepted.data, "policy": 2}))
    assert process.asked.made["names"] == 1
    assert len(home.store.names(names.reports("embedder", 1))) == 2
    assert not told.repeat


@pytest.fixture
def second(home):
    return home.second_release()


def test_a_rested_process_rolls_back_by_one_read_and_one_write_and_then_asks_for_policies(second):
    process = Process(second)
    process.handles("roll_back", breach_event("early", MONDAY, {}), AFTER)
    process.rests(minutes=10)
    order = []
    for method in ("channel", "move", "names", "keep"):
        setattr(process.asked, method, noting(order, method, getattr(second.store, method)))
    outcome = process.handles("roll_back", breach_event("alarm", AFTER, {}), AFTER)
    assert outcome.urgent
    assert order == ["channel", "move", "keep", "names"]


def test_a_policy_that_was_remembered_for_hours_decides_no_roll_back(second):
    process = Process(second)
    process.handles("roll_back", breach_event("early", MONDAY, {}), AFTER)
    second.activate(2, rollback={"settle_seconds": 86400})
    process.rests(minutes=90)
    outcome = process.handles("roll_back", breach_event("alarm", AFTER, {}), AFTER)
    assert not outcome.urgent
    assert "alarms count against it from 2026-01-14" in outcome.why


def test_a_gate_that_was_told_of_a_newer_policy_does_not_believe_its_listing_however_fresh(home):
    home.ship("embedder", 2)
    (accepted,) = home.told(events.UNIT_ACCEPTED)
    process = Process(home)
    process.handles("gate", accepted)
    home.activate(2)
    told = process.handles("gate", replace(accepted, data={**accepted.data, "policy": 2}))
    assert process.asked.made["names"] == 1
    assert not told.repeat
    assert len(home.store.names(names.reports("embedder", 2))) == 2


def noting(order, method, act):
    def noted(*arguments):
        order.append(method)
        return act(*arguments)

    return noted


def test_a_rested_process_asks_for_the_policy_before_it_refuses_to_roll_back(second):
    process = Process(second)
    moments_after = "2026-01-13T09:31:00Z"
    process.handles("roll_back", breach_event("early", MONDAY, {}), AFTER)
    eager = {**POLICY, "version": 2, "name": "eager", "rollback": {"settle_seconds": 0}}
    second.store.keep(names.policy(2), canonical(eager))
    process.rests()
    outcome = process.handles("roll_back", breach_event("alarm", moments_after, {}), AFTER)
    assert outcome.urgent, "under the policy that was remembered the alarm would have been too early"


def test_a_move_told_twice_asks_the_gates_for_the_same_units_until_they_are_judged(second):
    second.ship("textgen-lora", 2)
    told = second.told(events.RELEASE_PROMOTED)[-1]
    first, other = Process(second), Process(second)
    second.local.database.changed(
        "delete from documents where name like 'asked/%' or name like 'reports/textgen-lora/%2/%'"
    )
    asked = first.handles("fuse", told)
    assert [one.subject for one in asked.events] == ["spiralverse/textgen-lora-v2"]
    assert first.handles("fuse", told).events == asked.events
    assert not first.asked.made
    second.drain()
    second.tell(events.GATE_REQUESTED, **asked.events[0].data)
    assert other.handles("fuse", told).events == ()
