"""A world that breaks a promise is noticed: every check is shown to be able to fail."""

import pytest
from msgspec.structs import replace
from tests.simulation.stories import ALARM, CALM, FIRST, SECOND, THIRD, promoted

from federation.core import channel as channels
from federation.core import event as events
from federation.core import names
from federation.core.channel import channel_of
from federation.core.decision import DECIDED_IN
from federation.core.digest import canonical, digest
from federation.core.move import Cause
from federation.simulation.actions import Activate, Alarm, Approve, Ask, Elsewhere, Finale, Settle, Ship, Tick, Wait
from federation.simulation.play import play
from federation.simulation.policies import Terms
from federation.simulation.promises import PROMISES, broken
from federation.simulation.story import WEEK


def moved(played, change):
    """Put a move into the world that no step would make."""
    channel = channel_of(played.world.channel(), "production")
    cause = Cause(event=digest("a saboteur"), at=played.now, who="saboteur", why="to see who notices")
    played.world.store.moves["production"].append(canonical(change(channel, cause).document()))
    return played


def changed(played, name, **fields):
    """Put another document under a name, as no store would."""
    played.world.store.documents[name] = canonical({**played.world.document(name), **fields})
    return played


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


def test_every_check_holds_where_nothing_is_sabotaged():
    actions = [*FIRST, *SECOND, *ALARM, Finale(kind="embedder")]
    assert broken(play(actions, CALM), play(actions, CALM)) == ()


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
    told = list(PROMISES[1](played))
    assert any("decided under 2" in fault for fault in told)
    assert any("without a passing report" in fault for fault in told)


def test_one_event_that_promotes_twice_is_noticed():
    played = play([*FIRST, *SECOND], CALM)
    twice = played.world.channel()["moves"][-1]["event"]
    again = Cause(event=twice, at=played.now, who="saboteur", why="to see who notices")
    moved(played, lambda channel, _: channels.promote(channel, channel.warm[0], again, warm=2))
    assert any("promoted 2 times" in fault for fault in PROMISES[5](played))


def test_a_changed_document_a_second_commit_and_a_silent_refusal_are_noticed():
    played = play([*FIRST, Ship(kind="embedder", number=2, quality="leaky"), Settle()], CALM)
    documents = played.world.store.documents
    unit = played.world.store.names(names.VERSIONS)[0]
    documents[unit] = documents[unit].replace(b"fusion-api-v1", b"fusion-api-v2")
    assert any(unit in fault for fault in PROMISES[2](played))
    for name in list(documents):
        if name.startswith(DECIDED_IN):
            del documents[name]
    assert any("written down nowhere" in fault for fault in PROMISES[9](played))


def test_a_job_that_runs_as_two_and_one_that_nobody_starts_are_noticed():
    asked = [Activate(terms=Terms(jobs=True)), *FIRST, Wait(until=WEEK), *(Ask() for _ in range(3)), Settle()]
    played = play(asked, CALM)
    assert len(played.world.trainer.started) == 3
    assert list(PROMISES[4](played)) == []
    next(iter(played.world.trainer.started.values())).append(b"{}")
    assert any("started as 2 jobs" in fault for fault in PROMISES[4](played))
    waits = play([*asked, Finale(kind="embedder")], CALM)
    assert list(PROMISES[4](waits)) == []
    waits.world.store.documents[names.held_job("forgotten")] = canonical({"told": {"opens": "2026-01-05T00:00:00Z"}})
    assert any("forgotten waits" in fault for fault in PROMISES[4](waits))
    waits.jobs += 1
    assert any("jobs were asked for" in fault for fault in PROMISES[4](waits))


def test_another_end_than_without_chaos_is_noticed():
    assert any(fault.startswith("4:") for fault in broken(play([*FIRST, *SECOND], CALM), play(FIRST, CALM)))


def test_an_alarm_that_rolls_back_two_releases_is_noticed():
    fires = [Wait(until=2 * WEEK + 2130), Alarm(count=1), Settle()]
    played = play([*FIRST, *SECOND, *THIRD, *fires], CALM)
    assert list(PROMISES[6](played)) == []
    moved(played, lambda channel, cause: channels.roll_back(channel, channel.warm[0], cause))
    played.alarm_of[digest("a saboteur")] = "am|alarm 1"
    assert any("am|alarm 1 fired on" in fault for fault in PROMISES[6](played))


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


def test_a_bad_unit_that_passed_and_an_alarm_that_did_nothing_are_noticed():
    played = play([*FIRST, *SECOND, Ship(kind="embedder", number=3, quality="worse"), Settle()], CALM)
    (refused,) = played.world.store.names(names.reports("embedder", 3))
    report = played.world.document(refused)
    assert report["report"]["verdict"] == "fail"
    played.world.store.documents[refused] = canonical({**report, "report": {**report["report"], "verdict": "pass"}})
    assert any("its truth is worse" in fault for fault in PROMISES[8](played))
    deaf = play([*FIRST, *SECOND, *ALARM], CALM)
    deaf.world.store.moves["production"].pop()
    assert any("nothing was rolled back" in fault for fault in PROMISES[10](deaf))


def test_an_alarm_that_fires_on_unseen_is_noticed_also_when_another_release_serves_later():
    begins = [Wait(until=WEEK + 2013), Alarm(count=1, untold=True), Settle()]
    deaf = play([*FIRST, *SECOND, *begins, Wait(until=WEEK + 2020), Tick(what="alarms")], CALM)
    assert list(PROMISES[10](deaf)) == []
    deaf.world.store.moves["production"].pop()
    assert any("nothing was rolled back" in fault for fault in PROMISES[10](deaf))


@pytest.mark.parametrize("field", ["platform", "stated"])
def test_a_unit_from_the_wrong_cloud_and_one_whose_data_left_are_noticed(field):
    played = play(FIRST, CALM)
    (name,) = (name for name in played.world.store.names(names.VERSIONS) if "embedder" in name)
    stated = played.world.document(name)["stated"]
    other = {"platform": "hf", "stated": {**stated, "residency": {"raw_data_left": True, "datasets": []}}}
    changed(played, name, **{field: other[field]})
    assert any("was accepted" in fault for fault in PROMISES[11](played))


def test_what_is_served_under_a_digest_that_nothing_has_is_noticed():
    played = play(FIRST, CALM)
    changed(played, played.world.store.names(names.VERSIONS)[0], unit=digest("another"))
    played.world.registry.bodies.clear()
    told = list(PROMISES[12](played))
    assert any("the registry holds something else" in fault for fault in told)
    assert any("by a digest that nothing has" in fault for fault in told)


def test_a_release_that_the_registry_refuses_in_silence_is_noticed():
    played = play([Elsewhere(count=2), *FIRST, Finale(kind="embedder")], CALM)
    assert list(PROMISES[9](played)) == []
    kept = [event for event in played.world.bus.announced if event.type != events.PROMOTION_HELD]
    played.world.bus.announced[:] = kept
    assert [fault for fault in PROMISES[9](played) if "refused by the registry" in fault]


def test_a_contract_that_changed_in_a_patch_is_noticed():
    played = play([*FIRST, *SECOND], CALM)
    name = names.version("embedder", 2)
    stated = played.world.document(name)["stated"]
    changed(played, name, stated={**stated, "contract": {**stated["contract"], "dimension": 128}})
    assert any("changes the contract of embedder and is a patch" in fault for fault in PROMISES[1](played))


def test_a_warm_release_more_than_the_policy_asks_for_is_noticed():
    played = play([Activate(terms=Terms(one_warm=True)), *FIRST, *SECOND, *THIRD], CALM)
    assert list(PROMISES[7](played)) == []
    played.world.store.documents[names.policy(2)] = played.world.store.documents[names.policy(1)]
    assert any("should be warm" in fault for fault in PROMISES[7](played))


def test_a_month_that_costs_more_than_its_budget_is_noticed():
    terms = Terms(jobs=True, budget=True)
    played = play([Activate(terms=terms), *FIRST, Ask(), Wait(until=2 * 1440 + 60), Tick(what="sweep"), Settle()], CALM)
    assert list(PROMISES[4](played)) == []
    (line,) = played.world.store.names(names.COMMITTED)
    changed(played, line, cost="6", total="6")
    assert any("6 of 5 are committed" in fault for fault in PROMISES[4](played))


def test_a_unit_that_is_distilled_twice_is_noticed():
    slow = [Ship(kind="embedder", number=2, quality="leisurely"), Settle(), Wait(until=WEEK + 60), Tick(what="merge")]
    night = [Wait(until=WEEK + 1440), Tick(what="sweep"), Settle()]
    played = play([Activate(terms=Terms(jobs=True, distils=True)), *FIRST, *slow, Settle(), *night], CALM)
    (taught,) = (
        name for name in played.world.store.names(names.JOBS) if "teacher" in played.world.document(name).get("job", {})
    )
    assert list(PROMISES[4](played)) == []
    played.world.store.documents[names.job("another")] = played.world.store.documents[taught]
    assert any("distilled more than once" in fault for fault in PROMISES[4](played))


def test_every_promise_has_a_check():
    assert set(PROMISES) == set(range(13))
