"""A few hundred histories that nobody thought of, and a proof that a broken world would be noticed."""

import random

import pytest
from msgspec.structs import replace

from federation.core import channel as channels
from federation.core import names
from federation.core.channel import Cause, channel_of
from federation.core.decision import DECIDED_IN
from federation.core.digest import canonical, digest
from federation.simulation import one, shrunk
from federation.simulation.actions import Alarm, Drift, Settle, Ship, Tampering, Tick, Wait, told
from federation.simulation.chaos import Chaos
from federation.simulation.contention import is_contended
from federation.simulation.play import play
from federation.simulation.promises import PROMISES, broken
from federation.simulation.story import WEEK, story

CALM = Chaos(drawn=None)
FIRST = [
    Ship(kind="textgen-lora", number=1, quality="good"),
    Ship(kind="embedder", number=1, quality="good"),
    Ship(kind="runtime-distilled", number=1, quality="good"),
    Settle(),
    Tick(what="merge"),
    Settle(),
    Wait(until=2010),
    Tick(what="promote"),
    Settle(),
    Tick(what="sweep"),
    Settle(),
]
SECOND = [
    Wait(until=WEEK),
    Ship(kind="embedder", number=2, quality="good"),
    Settle(),
    Tick(what="merge"),
    Settle(),
    Wait(until=WEEK + 2010),
    Tick(what="promote"),
    Settle(),
]
ALARM = [Wait(until=WEEK + 2130), Alarm(count=2), Settle()]


@pytest.mark.parametrize("chunk", range(8))
def test_no_promise_breaks_in_any_history(chunk):
    for seed in range(chunk * 35, chunk * 35 + 35):
        result = one(seed)
        assert not result.broken, "\n".join((*result.broken, *result.story))


def test_a_history_is_the_same_for_ever():
    assert told(story(4711)) == told(story(4711))
    first, second = (play(story(4711), Chaos(drawn=random.Random(4711))) for _ in range(2))
    assert first.world.store.documents == second.world.store.documents


def test_most_histories_have_only_one_good_end_to_compare_with():
    assert sum(not is_contended(story(seed)) for seed in range(200)) > 100


def test_histories_roll_back_quarantine_and_promote_again():
    kinds = set()
    for seed in range(12):
        played = play(story(seed), CALM)
        kinds |= {moved["kind"] for moved in (played.world.channel() or {"moves": []})["moves"]}
    assert {"promote", "roll_back", "probe"} <= kinds


def test_the_story_of_an_alarm_ends_where_it_began():
    played = play([*FIRST, *SECOND, *ALARM], CALM)
    channel = played.world.channel()
    assert channel["serving"]["name"].endswith("v1.0.0")
    assert len(channel["quarantine"]) == 1
    assert broken(played, played) == ()


def test_drift_and_tampering_are_seen_by_the_next_sweep():
    played = play([*FIRST, *SECOND, Drift(), Tampering(), Tick(what="sweep"), Settle()], CALM)
    types = {event.type for event in played.world.bus.announced}
    assert {"federation.drift.detected.v1", "federation.tamper.detected.v1"} <= types
    assert played.world.traffic.state.release.endswith("v1.0.1")


def moved(played, change):
    """Put a move into the world that no step would make."""
    channel = channel_of(played.world.channel(), "production")
    cause = Cause(event=digest("a saboteur"), at=played.now, who="saboteur", why="to see who notices")
    played.world.store.moves["production"].append(canonical(change(channel, cause).document()))
    return played


SABOTAGE = {
    1: lambda channel, cause: channels.promote(channel, channel.warm[0], cause, warm=2),
    3: lambda channel, cause: replace(channels.hold(channel, cause), counter=99),
    6: lambda channel, cause: channels.roll_back(channel, channel.serving, cause),
    7: lambda channel, cause: channels.promote(channel, channel.warm[0], cause, warm=0),
}


@pytest.mark.parametrize("promise", SABOTAGE)
def test_a_move_that_breaks_a_promise_is_noticed(promise):
    played = moved(play([*FIRST, *SECOND], CALM), SABOTAGE[promise])
    assert list(PROMISES[promise](played)), f"promise {promise} let it pass"


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


def test_another_end_than_without_chaos_is_noticed():
    assert any(fault.startswith("4:") for fault in broken(play([*FIRST, *SECOND], CALM), play(FIRST, CALM)))


def test_a_broken_story_is_shrunk_to_what_breaks_it():
    def needs_an_alarm(actions):
        return any(isinstance(action, Alarm) for action in actions)

    assert shrunk([*FIRST, *SECOND, *ALARM], needs_an_alarm) == [Alarm(count=2)]
