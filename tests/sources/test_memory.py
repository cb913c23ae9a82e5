# SPDX-License-Identifier: Apache-2.0
"""Does the order, or the number, of deliveries change what is recorded?"""

from hypothesis import given
from hypothesis import strategies as st
from tests.sources.cases import case

from federation.core.instant import microseconds
from federation.sources import Completion, Memory, Reading, Signal, without_repeated

INSTANTS = [f"2026-11-18T10:00:0{second}{fraction}Z" for second in range(4) for fraction in ("", ".5", ".25")]


def pushed(*keys: str) -> Reading:
    completions = tuple(Completion(provider="huggingface", resource="r", dedupe_key=key) for key in keys)
    return Reading(verdict="accept", why="Pushed.", completions=completions)


def alarm(at: str | None, key: str | None = "a") -> Reading:
    return Reading(verdict="ignore", why="Alarm.", signal=Signal(kind="alarm", verdict="accept", key=key, at=at))


def told(readings: list[Reading]) -> list[Reading]:
    memory, judged = Memory(), []
    for reading in readings:
        fresh, memory = without_repeated(reading, memory)
        judged.append(fresh)
    return judged


@given(st.lists(st.lists(st.sampled_from("abcd"), min_size=1, max_size=3, unique=True), max_size=12))
def test_each_key_is_recorded_exactly_once(pushes: list[list[str]]):
    recorded = [one.dedupe_key for reading in told([pushed(*keys) for keys in pushes]) for one in reading.completions]
    assert sorted(recorded) == sorted({key for keys in pushes for key in keys})


@given(st.lists(st.sampled_from(INSTANTS), max_size=12))
def test_an_alarm_only_moves_forward_in_time(instants: list[str]):
    judged = told([alarm(at) for at in instants])
    counted = [microseconds(one.signal.at or "") for one in judged if one.signal and one.signal.verdict == "accept"]
    assert counted == sorted(set(counted))
    assert bool(counted) == bool(instants)
    assert not instants or counted[-1] == max(map(microseconds, instants))


def test_alarms_of_other_keys_do_not_overtake_each_other():
    judged = told([alarm(INSTANTS[3], "a"), alarm(INSTANTS[0], "b")])
    assert [one.signal.verdict for one in judged if one.signal] == ["accept", "accept"]


def test_an_alarm_without_a_time_always_counts():
    judged = told([alarm(INSTANTS[3]), alarm(None), alarm(None)])
    assert [one.signal.verdict for one in judged if one.signal] == ["accept", "accept", "accept"]


def test_a_suppressed_alarm_does_not_hide_the_one_that_follows_at_the_same_instant():
    suppressed = Reading(
        verdict="ignore",
        why="Suppressed.",
        signal=Signal(kind="alarm", verdict="ignore", key="a", at=INSTANTS[0], suppressed_by="WaitPeriod"),
    )
    judged = told([suppressed, alarm(INSTANTS[0])])
    assert judged[1].signal is not None
    assert judged[1].signal.verdict == "accept"


def test_each_state_of_an_endpoint_is_told_though_an_update_gives_them_one_instant():
    # docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html, "endpoint deployment": while it
    # bakes, minutes after the update began, LastModifiedTime is still that of the beginning
    def endpoint(status: str) -> Reading:
        signal = Signal(kind="endpoint", verdict="accept", key="e", at=INSTANTS[0], labels={"status": status})
        return Reading(verdict="ignore", why="An endpoint.", signal=signal)

    judged = told([endpoint("Updating"), endpoint("InService"), endpoint("InService")])
    assert [one.signal.verdict for one in judged if one.signal] == ["accept", "accept", "ignore"]


def test_a_repetition_says_so():
    again = told([pushed("a"), pushed("a")])[1]
    assert (again.verdict, again.completions) == ("ignore", ())
    assert "received before" in again.why


def test_a_push_of_two_refs_keeps_only_the_new_one():
    assert [one.dedupe_key for one in told([pushed("a"), pushed("a", "b")])[1].completions] == ["b"]


def test_a_batch_that_comes_again_holds_nothing_new():
    batch = case("sqs/batch_mixed").reading()
    _, memory = without_repeated(batch, Memory())
    again, _ = without_repeated(batch, memory)
    assert again.verdict == "ignore"
    assert [one.verdict for one in again.batch or ()] == ["ignore", "reject", "ignore", "ignore"]
    assert again.batch_item_failures == batch.batch_item_failures


def test_a_rejection_is_never_remembered():
    rejection = Reading(verdict="reject", error="bad_sha", why="Bad.")
    assert without_repeated(rejection, Memory()) == (rejection, Memory())
