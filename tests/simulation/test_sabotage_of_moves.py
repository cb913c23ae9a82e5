# SPDX-License-Identifier: Apache-2.0
"""A channel that moved where it should not have, or nodes that do not follow it, break a promise: the checks notice."""

import pytest
from msgspec.structs import replace
from tests.simulation.sabotage import changed, moved
from tests.simulation.stories import CALM, FIRST, SECOND, THIRD, promoted, serving

from federation.core import channel as channels
from federation.core import event as events
from federation.core import names
from federation.core.digest import canonical, digest
from federation.core.move import Cause
from federation.simulation.actions import Activate, Alarm, Approve, Finale, Order, Settle, Tick, Wait
from federation.simulation.play import play
from federation.simulation.policies import Terms
from federation.simulation.promises import PROMISES, broken
from federation.simulation.seen import moves
from federation.simulation.story import WEEK

STORM = [Wait(until=2 * WEEK + 2130), Alarm(count=2), Settle()]


SABOTAGE = {
    1: lambda channel, cause: channels.promote(channel, channel.warm[0], cause, warm=2),
    3: lambda channel, cause: replace(channels.hold(channel, cause), counter=99),
    5: lambda channel, cause: channels.promote(channel, channel.serving, cause, warm=2),
    6: lambda channel, cause: channels.roll_back(channel, channel.serving, cause),
    7: lambda channel, cause: channels.promote(channel, channel.warm[0], cause, warm=0),
    12: lambda channel, cause: channels.promote(
        channel, replace(channel.warm[0], digest=digest("another")), cause, warm=2
    ),
}


@pytest.mark.parametrize("promise", SABOTAGE)
def test_a_move_that_breaks_a_promise_is_noticed(promise):
    played = moved(play([*FIRST, *SECOND], CALM), SABOTAGE[promise])
    assert list(PROMISES[promise](played)), f"promise {promise} let it pass"


def test_a_good_unit_that_does_not_serve_in_the_end_is_noticed():
    played = play([*FIRST, Finale(kind="embedder")], CALM)
    moved(played, lambda channel, cause: channels.roll_back(channel, channel.warm[0], cause))
    assert any("does not serve in the end" in fault for fault in PROMISES[0](played))


def test_a_promotion_under_another_policy_and_one_without_an_approval_are_noticed():
    approved = [Activate(terms=Terms(approved=True)), *FIRST, Approve(who="grace"), *promoted(WEEK)]
    played = play(approved, CALM)
    assert list(PROMISES[1](played)) == []
    for name in played.world.store.names(names.APPROVALS):
        del played.world.store.documents[name]
    assert any("with 0 approvals" in fault for fault in PROMISES[1](played))
    played = play(FIRST, CALM)
    played.world.store.documents[names.policy(2)] = canonical({**played.world.document(names.policy(1)), "version": 2})
    played.world.store.decided_under[1] = names.policy(2)
    faults = list(PROMISES[1](played))
    assert any("decided under 2" in fault for fault in faults)
    assert any("without a passing report" in fault for fault in faults)


def test_one_event_that_promotes_twice_is_noticed():
    played = play([*FIRST, *SECOND], CALM)
    twice = played.world.channel()["moves"][-1]["event"]
    again = Cause(event=twice, at=played.now, who="saboteur", why="to see who notices")
    moved(played, lambda channel, _: channels.promote(channel, channel.warm[0], again, warm=2))
    assert any("promoted 2 times" in fault for fault in PROMISES[5](played))


def test_a_contract_that_changed_in_a_patch_is_noticed():
    played = play([*FIRST, *SECOND], CALM)
    name = names.version("embedder", 2)
    stated = played.world.document(name)["stated"]
    changed(played, name, stated={**stated, "contract": {**stated["contract"], "dimension": 128}})
    assert any("changes the contract of embedder and is a patch" in fault for fault in PROMISES[1](played))


def test_what_is_served_under_a_digest_that_nothing_has_is_noticed():
    played = play(FIRST, CALM)
    changed(played, played.world.store.names(names.VERSIONS)[0], unit=digest("another"))
    played.world.registry.bodies.clear()
    faults = list(PROMISES[12](played))
    assert any("the registry holds something else" in fault for fault in faults)
    assert any("by a digest that nothing has" in fault for fault in faults)


def test_an_alarm_that_rolls_back_two_releases_is_noticed():
    fires = [Wait(until=2 * WEEK + 2130), Alarm(count=1), Settle()]
    played = play([*FIRST, *SECOND, *THIRD, *fires], CALM)
    assert list(PROMISES[6](played)) == []
    moved(played, lambda channel, cause: channels.roll_back(channel, channel.warm[0], cause))
    played.alarm_of[digest("a saboteur")] = "am|alarm 1"
    assert any("am|alarm 1 fired on" in fault for fault in PROMISES[6](played))


def test_an_alarm_that_fires_on_unseen_is_noticed_also_when_another_release_serves_later():
    begins = [Wait(until=WEEK + 2013), Alarm(count=1, untold=True), Settle()]
    deaf = play([*FIRST, *SECOND, *begins, Wait(until=WEEK + 2020), Tick(what="alarms")], CALM)
    assert list(PROMISES[10](deaf)) == []
    deaf.world.store.moves["production"].pop()
    assert any("nothing was rolled back" in fault for fault in PROMISES[10](deaf))


@pytest.mark.parametrize("invented", [True, False])
def test_a_proof_that_is_none_and_a_missing_proof_are_noticed(invented):
    played = play([*FIRST, Finale(kind="embedder")], CALM)
    assert list(PROMISES[7](played)) == []
    if invented:
        played.world.traffic.answered.clear()
    else:
        moved(played, lambda channel, cause: channels.probed(unproven(channel), [], cause))
    assert list(PROMISES[7](played))


def unproven(channel):
    return replace(channel, serving=replace(channel.serving, probed_at=None))


def test_a_warm_release_more_than_the_policy_asks_for_is_noticed():
    played = play([Activate(terms=Terms(one_warm=True)), *FIRST, *SECOND, *THIRD], CALM)
    assert list(PROMISES[7](played)) == []
    played.world.store.documents[names.policy(2)] = played.world.store.documents[names.policy(1)]
    assert any("should be warm" in fault for fault in PROMISES[7](played))


def test_a_unit_that_is_called_carried_and_was_not_there_before_is_noticed():
    played = play([*FIRST, *SECOND], CALM)
    name = names.release(serving(played)["name"])
    units = played.world.document(name)["units"]
    changed(played, name, units={**units, "embedder": {**units["embedder"], "origin": "carried"}})
    assert any("from a release that did not hold it" in fault for fault in PROMISES[1](played))


def test_a_roll_back_to_what_is_in_quarantine_is_noticed():
    def roll_back(channel, cause):
        back = channels.roll_back(channel, channel.warm[0], cause)
        (why,) = back.quarantine.values()
        return replace(back, quarantine={**back.quarantine, back.serving.units["embedder"]: why})

    played = moved(play([*FIRST, *SECOND], CALM), roll_back)
    assert any("serves after a roll-back with quarantined" in fault for fault in PROMISES[6](played))


def test_a_roll_back_that_leaves_the_bad_unit_free_is_noticed():
    def roll_back(channel, cause):
        return replace(channels.roll_back(channel, channel.warm[0], cause), quarantine={})

    played = moved(play([*FIRST, *SECOND], CALM), roll_back)
    assert any("is not in quarantine" in fault for fault in PROMISES[6](played))


def test_one_event_that_rolls_back_twice_is_noticed():
    played = play([*FIRST, *SECOND, *THIRD, *STORM], CALM)
    assert list(PROMISES[6](played)) == []
    event = played.world.channel()["moves"][-1]["event"]
    rolled_back_by(played, event)
    assert "one event rolled back twice" in list(PROMISES[6](played))


def test_two_alarms_of_one_incident_that_both_roll_back_are_noticed():
    played = play([*FIRST, *SECOND, *THIRD, *STORM], CALM)
    first = played.world.channel()["moves"][-1]["event"]
    (other,) = {alarm.event for alarm in played.fresh} - {first}
    rolled_back_by(played, other)
    assert "one incident of 2 alarms rolled back 2 times" in list(PROMISES[6](played))


def test_an_alarm_about_an_earlier_release_that_rolls_back_is_noticed():
    played = play([*FIRST, *SECOND, Alarm(count=1, stale=True), Settle()], CALM)
    assert list(PROMISES[6](played)) == []
    rolled_back_by(played, played.stale[0])
    assert "1 alarms about an earlier release rolled back" in list(PROMISES[6](played))


def rolled_back_by(played, event):
    """Put a roll-back by that event into the world."""
    moved(played, lambda channel, cause: channels.roll_back(channel, channel.warm[0], replace(cause, event=event)))


def on_trial(terms, **alarm):
    """The story of an alarm that may not roll back, after the second release serves."""
    fires = [Wait(until=WEEK + 2130), Alarm(count=1, **alarm), Settle()]
    return [*FIRST, *SECOND, Activate(terms=terms), Wait(until=WEEK + 2125), *fires]


def test_an_alarm_on_trial_that_rolls_back_and_one_of_which_nothing_is_told_are_noticed():
    played = play(on_trial(Terms(tells=True), name="trial"), CALM)
    assert broken(played, played) == ()
    assert serving(played)["name"].endswith("v1.0.1")
    (alarm,) = played.fresh
    bus = played.world.bus
    bus.announced[:] = [event for event in bus.announced if event.subject != alarm.key]
    assert any("no event says what became of it" in fault for fault in PROMISES[10](played))
    rolled_back_by(played, alarm.event)
    assert any("made the move roll_back, and its policy says" in fault for fault in PROMISES[6](played))


def test_an_alarm_on_trial_that_is_skipped_though_it_is_about_what_serves_is_noticed():
    """As the next release skips each alarm that still fires, whether or not anybody ever told of it."""
    played = play(on_trial(Terms(tells=True), name="trial"), CALM)
    (alarm,) = played.fresh
    noted = [event for event in played.world.bus.announced if event.type == events.SLO_NOTED]
    assert [event.subject for event in noted] == [alarm.key]
    skipped = [replace(event, type=events.ROLLBACK_SKIPPED) for event in noted]
    played.world.bus.announced[:] = [event for event in played.world.bus.announced if event not in noted] + skipped
    assert any("no event says what became of it" in fault for fault in PROMISES[10](played))


def test_an_alarm_that_holds_nothing_holds_twice_or_holds_what_was_resumed_is_noticed():
    resumed = [Wait(until=WEEK + 2200), Order(kind="resume")]
    played = play([*on_trial(Terms(holds=True), name="brake"), *resumed], CALM)
    assert broken(played, played) == ()
    assert [move["moves"][-1]["kind"] for move in moves(played)][-2:] == ["hold", "resume"]
    (alarm,) = played.fresh
    moved(played, lambda channel, cause: channels.hold(channel, replace(cause, event=alarm.event)))
    faults = list(PROMISES[6](played))
    assert any("holds promotions that were resumed after it had begun" in fault for fault in faults)
    assert "one alarm held promotions twice" in faults
    deaf = play(on_trial(Terms(holds=True), name="brake"), CALM)
    deaf.world.store.moves["production"].pop()
    assert any("did not hold promotions" in fault for fault in PROMISES[10](deaf))


def test_nodes_that_drop_a_warm_release_are_noticed():
    played = play([*FIRST, *SECOND], CALM)
    assert list(PROMISES[7](played)) == []
    played.world.traffic.state = replace(played.world.traffic.state, warm=())
    assert any("the nodes dropped it" in fault for fault in PROMISES[7](played))


def test_a_live_release_that_is_gone_from_the_registry_is_noticed():
    played = play([*FIRST, *SECOND], CALM)
    del played.world.registry.bodies[serving(played)["name"]]
    assert any("the registry does not hold it" in fault for fault in PROMISES[7](played))
