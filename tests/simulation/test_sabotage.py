# SPDX-License-Identifier: Apache-2.0
"""Documents that contradict each other, or are not there, break a promise: the checks notice.

Every check is shown to be able to fail, here and in test_sabotage_of_moves.py.
"""

import random

import pytest
from msgspec.structs import replace
from tests.simulation.sabotage import changed
from tests.simulation.stories import ALARM, CALM, FIRST, SECOND, announced, serving

from federation.core import event as events
from federation.core import names
from federation.core.decision import DECISION_PREFIXES
from federation.core.digest import canonical
from federation.simulation.actions import Activate, Ask, Elsewhere, Finale, Settle, Ship, Tick, Wait
from federation.simulation.chaos import Chaos
from federation.simulation.play import play
from federation.simulation.policies import Terms
from federation.simulation.promises import PROMISES, broken
from federation.simulation.story import WEEK


def test_every_check_holds_where_nothing_is_sabotaged():
    actions = [*FIRST, *SECOND, *ALARM, Finale(kind="embedder")]
    assert broken(play(actions, CALM), play(actions, CALM)) == ()


def test_a_changed_document_is_noticed():
    played = play(FIRST, CALM)
    unit = played.world.store.names(names.VERSIONS)[0]
    body = played.world.store.documents[unit]
    played.world.store.documents[unit] = body.replace(b"fusion-api-v1", b"fusion-api-v2")
    assert any(unit in fault for fault in PROMISES[2](played))


def test_a_release_that_is_committed_twice_is_noticed():
    played = play(FIRST, CALM)
    played.world.registry.times_published[serving(played)["name"]] += 1
    assert any("was committed 2 times" in fault for fault in PROMISES[2](played))


def test_two_published_releases_of_the_same_units_are_noticed():
    played = play([*FIRST, *SECOND], CALM)
    first, second = played.world.store.names(names.RELEASES)
    changed(played, second, composition=played.world.document(first)["composition"])
    assert list(PROMISES[2](played)) == [f"{second} and {first} hold the same set"]


def test_a_refusal_that_is_stored_nowhere_is_noticed():
    played = play([*FIRST, Ship(kind="embedder", number=2, quality="leaky"), Settle()], CALM)
    documents = played.world.store.documents
    for name in [name for name in documents if name.startswith(DECISION_PREFIXES)]:
        del documents[name]
    assert any("is in no document" in fault for fault in PROMISES[9](played))


def test_a_refusal_without_a_reason_is_noticed():
    played = play([*FIRST, Ship(kind="embedder", number=2, quality="leaky"), Settle()], CALM)
    (refused,) = announced(played, events.UNIT_REJECTED)
    played.world.bus.announced.append(replace(refused, data={**refused.data, "why": " "}))
    assert any("gives no reason" in fault for fault in PROMISES[9](played))


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


def test_a_job_that_runs_without_a_document_is_noticed():
    played = play([Activate(terms=Terms(jobs=True)), *FIRST, Wait(until=WEEK), Ask(), Settle()], CALM)
    played.world.trainer.started["forgotten"] = [b"{}"]
    assert list(PROMISES[4](played)) == ["forgotten was started, and no document says so"]


def test_a_job_that_is_started_again_although_its_machine_was_not_taken_away_is_noticed():
    played = play([Activate(terms=Terms(jobs=True)), *FIRST, Wait(until=WEEK), Ask(), Settle()], CALM)
    (name,) = played.world.trainer.started
    job = played.world.document(names.job(name))
    again = {**job, "name": "again", "job": {**job["job"], "instead_of": name}}
    played.world.store.documents[names.job("again")] = canonical(again)
    assert list(PROMISES[4](played)) == [f"{name} was started again 1 times"]


def test_a_job_that_found_no_machine_and_is_asked_for_there_again_or_told_to_nobody_is_noticed():
    asked = [Activate(terms=Terms(jobs=True)), *FIRST, Wait(until=WEEK), *(Ask() for _ in range(6)), Settle()]
    played = play(asked, Chaos(drawn=random.Random(1), full=0.5))
    assert list(PROMISES[4](played)) == []
    away = played.world.store.names(names.TURNED_AWAY_JOBS)[0]
    end = names.failed_job(away.rpartition("/")[2])
    follower = names.job(played.world.document(end)["followed_by"])
    changed(played, follower, job={**played.world.document(follower)["job"], "spot": True})
    assert any("was asked for again at aws spot" in fault for fault in PROMISES[4](played))
    played.finale = "embedder"
    del played.world.store.documents[end]
    assert any("was turned away, but no event says so" in fault for fault in PROMISES[4](played))


def test_another_end_than_without_chaos_is_noticed():
    assert any(fault.startswith("4:") for fault in broken(play([*FIRST, *SECOND], CALM), play(FIRST, CALM)))


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


@pytest.mark.parametrize("field", ["platform", "stated"])
def test_a_unit_from_the_wrong_cloud_and_one_whose_data_left_are_noticed(field):
    played = play(FIRST, CALM)
    (name,) = (name for name in played.world.store.names(names.VERSIONS) if "embedder" in name)
    stated = played.world.document(name)["stated"]
    other = {"platform": "hf", "stated": {**stated, "residency": {"raw_data_left": True, "datasets": []}}}
    changed(played, name, **{field: other[field]})
    assert any("was accepted" in fault for fault in PROMISES[11](played))


def test_a_release_that_the_registry_refuses_in_silence_is_noticed():
    played = play([Elsewhere(count=2), *FIRST, Finale(kind="embedder")], CALM)
    assert list(PROMISES[9](played)) == []
    kept = [event for event in played.world.bus.announced if event.type != events.PROMOTION_HELD]
    played.world.bus.announced[:] = kept
    assert [fault for fault in PROMISES[9](played) if "refused by the registry" in fault]


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
    jobs = {name: played.world.document(name).get("job", {}) for name in played.world.store.names(names.JOBS)}
    (taught,) = (name for name, job in jobs.items() if "teacher" in job and "turned_away" not in job)
    assert list(PROMISES[4](played)) == []
    played.world.store.documents[names.job("another")] = played.world.store.documents[taught]
    assert any("distilled more than once" in fault for fault in PROMISES[4](played))


def test_every_promise_has_a_check():
    assert set(PROMISES) == set(range(13))
