# SPDX-License-Identifier: Apache-2.0
"""An alarm fires: is it about what serves, and where do we go?"""

import pytest
from msgspec.structs import replace

from federation.core import event as events
from federation.core import names
from federation.core.alarm import breach_event
from federation.core.digest import canonical
from federation.core.event import Event
from federation.core.move import not_before
from federation.core.policy import policy_of
from federation.errors import ContractError, ServiceError
from federation.runtime import handle
from federation.simulation.platform import POLICY
from tests.steps.home import NEXT_TUESDAY

LATER = "2026-01-13T11:00:00Z"
SECOND = "spiralverse-ai-federated-v1.0.1"


@pytest.fixture
def second(second):
    """v1.0.1 serves since Tuesday 09:30 with a new embedder; v1.0.0 is warm."""
    second.now = LATER
    return second


def skipped(home):
    return home.told(events.ROLLBACK_SKIPPED)[-1].data["why"]


def test_an_alarm_about_what_serves_brings_back_what_served_before(second):
    bad = second.channel.serving
    second.alarm()
    assert second.channel.serving.name.endswith("v1.0.0")
    assert set(second.channel.quarantine) == set(bad.new)
    assert second.local.ports.traffic.serving("production").release.endswith("v1.0.0")
    (told,) = second.told(events.RELEASE_ROLLED_BACK)
    assert told.data["quarantined"] == {bad.new[0]: "embedder"}
    assert "churn-prod-5xx fired" in told.data["why"]


@pytest.mark.parametrize("at", ["2026-01-13T09:00:00Z", "2026-01-13T09:30:00Z", "2026-01-13T09:34:59Z"])
def test_an_alarm_about_an_earlier_release_does_nothing(second, at):
    second.alarm(at)
    assert second.channel.serving.name.endswith("v1.0.1")
    assert "alarms count against it from 2026-01-13T09:35:00Z" in skipped(second)


def test_what_is_told_of_a_roll_back_and_of_one_that_is_let_be_names_its_alarm(second):
    second.alarm()
    (told,) = second.told(events.RELEASE_ROLLED_BACK)
    assert (told.data["release"], told.data["counter"], told.data["who"]) == (
        second.channel.serving.name,
        second.channel.counter,
        "roll_back",
    )
    second.alarm("2026-01-13T09:00:00Z", name="latency")
    let_be = second.told(events.ROLLBACK_SKIPPED)[-1]
    assert (let_be.subject, let_be.data["alarm"]) == ("latency", "latency")
    second.tell(events.ROLLBACK_ORDERED, subject="ada", who="ada", why="a drill", to="nothing known")
    assert second.told(events.ROLLBACK_SKIPPED)[-1].data["alarm"] == "ada"


def test_an_order_back_needs_no_name_but_is_never_taken_for_an_alarms(second):
    second.now = "2026-01-13T11:00:00Z"
    second.tell(events.ROLLBACK_ORDERED, subject="production")
    moved = second.channel.moves[-1]
    assert (moved.kind, moved.who) == ("roll_back", "somebody who gave no name")


def test_a_storm_of_alarms_is_one_incident(second):
    for name in ("5xx", "latency", "saturation", "5xx"):
        second.alarm(name=name)
    assert len(second.told(events.RELEASE_ROLLED_BACK)) == 2, "one roll-back, told again to the repeated alarm"
    assert [moved.kind for moved in second.channel.moves].count("roll_back") == 1


def test_no_window_no_hold_and_no_registry_stands_in_its_way(second):
    second.tell(events.HOLD_ORDERED, who="ada", why="Black Friday")
    registry = second.local.folder / "registry"
    registry.rename(registry.with_name("gone"))
    second.now = "2026-01-17T03:00:00Z"
    second.alarm(at=second.now)
    assert second.channel.serving.name.endswith("v1.0.0")


def test_when_nothing_stable_is_left_a_person_is_called(second):
    second.alarm()
    second.now = "2026-01-13T12:00:00Z"
    second.alarm(at=second.now)
    assert "a person has to choose" in skipped(second)
    assert second.channel.serving.name.endswith("v1.0.0")


def test_nobody_goes_back_to_what_is_in_quarantine(second):
    (warm,) = second.channel.warm
    artifact = warm.units["textgen-lora"]
    second.tell(events.QUARANTINE_ORDERED, who="ada", why="poisoned", artifact=artifact, unit="textgen-lora-v1")
    second.tell(events.ROLLBACK_ORDERED, key="back", who="ada", why="a drill", to=warm.name)
    assert second.channel.serving.name.endswith("v1.0.1")
    assert skipped(second) == (
        f"{warm.name} contains units in quarantine: textgen-lora-v1; lift them first, or go back to another release"
    )


def test_a_shift_that_failed_is_made_up_for_though_somebody_has_moved_the_channel_since(second):
    """The nodes follow the channel, not the move that the event made."""

    class Stubborn:
        def shift(self, _):
            raise ServiceError("the endpoint is being updated")

    told = breach_event("5xx", LATER, {})
    ports = second.local.ports
    with pytest.raises(ServiceError):
        handle("roll_back", told, replace(ports, traffic=Stubborn()), LATER)
    second.tell(events.HOLD_ORDERED, who="ada", why="look first")
    assert ports.traffic.serving("production").release.endswith("v1.0.1")
    outcome = handle("roll_back", told, ports, LATER)
    assert outcome.repeat
    assert ports.traffic.serving("production").release.endswith("v1.0.0")


def test_what_it_put_into_quarantine_is_told_again_though_it_was_lifted_meanwhile(second):
    second.alarm()
    (artifact,) = second.channel.quarantine
    second.tell(events.LIFT_ORDERED, who="ada", why="a false alarm", artifact=artifact)
    second.alarm()
    first, again = second.told(events.RELEASE_ROLLED_BACK)
    assert again == first
    assert again.data["quarantined"] == {artifact: "embedder"}


def test_two_alarms_of_one_moment_leave_one_release_even_if_nothing_has_to_settle(second):
    second.activate(2, rollback={"settle_seconds": 0})
    for name in ("5xx", "latency"):
        second.alarm(name=name)
    assert [moved.kind for moved in second.channel.moves].count("roll_back") == 1
    assert "the alarm is about" in skipped(second)


@pytest.mark.parametrize("times", [1, 3])
def test_a_probe_that_comes_in_between_delays_no_roll_back(second, times):
    """Somebody moves the channel between the read and the write, even again and again: decided again at once."""
    store, moves = second.store, iter([events.HOLD_ORDERED, events.RESUME_ORDERED, events.HOLD_ORDERED][-times:])

    class Overtaken:
        def __getattr__(self, name):
            return getattr(store, name)

        def move(self, name, expected, to):
            if move := next(moves, None):
                second.tell(move, key=f"before {expected}", who="ada", why="look first")
            store.move(name, expected, to)

    told = second.local.ports
    outcome = handle("roll_back", breach_event("5xx", LATER, {}), replace(told, store=Overtaken()), LATER)
    assert outcome.urgent
    assert second.channel.serving.name.endswith("v1.0.0")
    assert second.channel.hold.who == "ada"


def test_a_policy_that_a_newer_version_would_refuse_stops_no_roll_back(second):
    refused = {**POLICY, "version": 2, "fallback": ["embedder"], "fusion": {**POLICY["fusion"], "required": []}}
    with pytest.raises(ContractError):
        policy_of(refused)
    second.store.keep(names.policy(2), canonical(refused))
    handle("roll_back", breach_event("5xx", LATER, {}), second.local.ports, LATER)
    assert second.channel.serving.name.endswith("v1.0.0")
    due = Event(type=events.TICK_PROMOTE, source="//test", subject="window", time=LATER, key="due", data={})
    with pytest.raises(ContractError):
        handle("promote", due, second.local.ports, LATER)


def test_an_alarm_before_anything_serves_leaves_a_word(home):
    home.alarm()
    assert skipped(home) == "nothing serves, so there is nothing to roll back"


@pytest.mark.parametrize(
    ("ahead", "since"),
    [("2026-01-13T11:00:40Z", "2026-01-13T11:00:40Z"), ("2026-01-13T12:00:00Z", LATER)],
    ids=["a little ahead", "an hour ahead, which is not believed"],
)
def test_what_serves_again_serves_since_the_alarm_even_if_its_clock_is_ahead(second, ahead, since):
    second.alarm(at=ahead)
    assert second.channel.serving.since == since


def test_the_bad_unit_does_not_come_back_under_another_number(second):
    second.alarm()
    second.ship("embedder", 3, content="2")
    second.tick("merge", "2026-01-15T08:00:00Z")
    assert len(second.store.names(names.RELEASES)) == 2
    assert "newer than what serves" in second.told(events.MERGE_SKIPPED)[-1].data["why"]


def test_a_redelivered_promotion_does_not_undo_the_roll_back(second):
    second.alarm()
    counter = second.channel.counter
    second.now = NEXT_TUESDAY
    second.tick("promote", NEXT_TUESDAY)
    assert second.channel.counter == counter


def test_a_person_may_roll_back_to_a_release_of_choice(second):
    second.tell(events.ROLLBACK_ORDERED, who="ada", why="customers complain", to="spiralverse-ai-federated-v1.0.0")
    assert second.channel.serving.name.endswith("v1.0.0")
    assert second.channel.moves[-1].who == "ada"


def test_it_reads_and_writes_little_on_its_way(second):
    second.alarm()
    (decision,) = second.decisions("roll_back")
    read = [entry for entry in decision["reads"] if entry["what"] != "names"]
    assert len(read) <= 2
    assert decision["outcome"]["documents"] == {}


def test_a_target_that_is_not_kept_ready_is_told_with_those_that_are(second):
    second.tell(events.ROLLBACK_ORDERED, who="ada", why="x", to="spiralverse-ai-federated-v0.9.0")
    assert skipped(second) == (
        "spiralverse-ai-federated-v0.9.0 is not kept ready; the other releases kept ready: spiralverse-ai-federated-v1.0.0"
    )


def test_what_serves_next_began_after_the_roll_back_though_its_process_has_a_slow_clock(second):
    """So an alarm that fired before both, and fires on, leaves only the release that it spoke of."""
    second.alarm()
    moved = second.channel.serving.since
    second.ship("textgen-lora", 2)
    second.tick("merge", "2026-01-13T11:00:30Z")
    second.now = "2026-01-13T10:59:10Z"
    second.tell(events.PROMOTION_ORDERED, who="ada", why="it is good", outside_window=True)
    assert second.channel.serving.name.endswith("v1.0.2")
    assert second.channel.serving.since == moved == LATER


@pytest.mark.parametrize(("last", "since"), [(LATER, LATER), ("2026-01-14T11:00:00Z", "2026-01-13T10:59:10Z")])
def test_a_clock_that_is_a_day_ahead_is_not_followed(last, since):
    assert not_before("2026-01-13T10:59:10Z", last, seconds=300) == since


def test_an_alarm_is_as_old_as_its_data_however_late_it_is_told(second):
    """Its own moment counts, not its message's: told at eleven, it still speaks of what served at nine."""
    second.local.bus.announce([replace(breach_event("5xx", "2026-01-13T09:00:00Z", {}), time=LATER)])
    second.drain()
    assert second.channel.serving.name.endswith("v1.0.1")
    assert skipped(second).startswith("the alarm is about 2026-01-13T09:00:00Z")


def test_what_serves_again_serves_since_the_alarms_data_though_its_message_is_older(second):
    second.local.bus.announce([replace(breach_event("5xx", "2026-01-13T11:00:40Z", {}), time=LATER)])
    second.drain()
    assert second.channel.serving.since == "2026-01-13T11:00:40Z"


def test_a_person_whose_clock_is_slow_leaves_no_release_before_it_served(second):
    second.now = "2026-01-13T09:28:00Z"
    second.tell(events.ROLLBACK_ORDERED, who="ada", why="customers complain")
    assert second.channel.serving.name.endswith("v1.0.0")
    assert second.channel.moves[-1].at == NEXT_TUESDAY


def test_nobody_goes_back_to_what_serves_already(second):
    second.tell(events.ROLLBACK_ORDERED, who="ada", why="x", to="spiralverse-ai-federated-v1.0.1")
    assert skipped(second) == (
        "spiralverse-ai-federated-v1.0.1 already serves; the other releases kept ready: spiralverse-ai-federated-v1.0.0"
    )


def test_the_roll_back_is_told_under_the_name_of_what_serves_again(second):
    second.alarm()
    (told,) = second.told(events.RELEASE_ROLLED_BACK)
    assert told.subject == "spiralverse-ai-federated-v1.0.0"


def test_an_old_order_leaves_no_release_that_was_promoted_again_since(second):
    """It died; an alarm did what it asked for, the alarm was found to be wrong, and then somebody redrives what died."""
    before, ordered = "2026-01-13T10:58:00Z", {"who": "jon", "why": "customers complain", "release": SECOND}
    second.alarm()
    for artifact, kept in second.channel.quarantine.items():
        second.tell(events.LIFT_ORDERED, who="ada", why="it was the network", artifact=artifact, unit=kept.unit)
    second.tick("promote", "2026-01-20T09:30:00Z")
    assert second.channel.serving.name == SECOND
    second.now = "2026-01-20T12:00:00Z"
    second.tell(events.ROLLBACK_ORDERED, at=before, **ordered)
    assert second.channel.serving.name == SECOND
    assert skipped(second) == (
        f"it was ordered at {before}, but {SECOND} has served since 2026-01-20T09:30:00Z; order it again if that is bad"
    )


@pytest.mark.parametrize("now", ["2026-01-20T12:00:00Z", "2026-01-11T12:00:00Z"])
def test_an_order_to_leave_what_has_served_all_along_is_carried_out_however_late_and_whatever_the_clock(second, now):
    second.now = now
    second.tell(events.ROLLBACK_ORDERED, at=min(now, LATER), who="jon", why="customers complain", release=SECOND)
    assert second.channel.serving.name.endswith("v1.0.0")
