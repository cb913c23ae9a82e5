# SPDX-License-Identifier: Apache-2.0
"""Did every alarm do what its policy says, such as roll back once to a stable release?"""

import math
from collections.abc import Iterator, Sequence
from datetime import datetime

from federation.core import event as events
from federation.core import instant
from federation.simulation.played import FiredAlarm, Played
from federation.simulation.seen import moves, pairs


def rolled_back(played: Played) -> Iterator[str]:
    """6. A roll-back serves a stable release without quarantined units, once per incident. Stale alarms do nothing."""
    causes = []
    for before, after in pairs(played):
        move = after["moves"][-1]
        if move["kind"] != "roll_back":
            continue
        causes.append(move["event"])
        stable = [entry["name"] for entry in (*before["warm"], *([before["anchor"]] if before["anchor"] else []))]
        if after["serving"]["name"] not in stable:
            yield f"{after['serving']['name']} serves after a roll-back and was not stable before"
        if bad := set(after["serving"]["units"].values()) & set(after["quarantine"]):
            yield f"{after['serving']['name']} serves after a roll-back with quarantined {bad}"
        if (
            unquarantined := set(before["serving"]["new"])
            - set(after["quarantine"])
            - set(after["serving"]["units"].values())
        ):
            yield f"{before['serving']['name']} was left and {unquarantined} is not in quarantine"
    if len(causes) != len(set(causes)):
        yield "one event rolled back twice"
    if stale := set(causes) & set(played.stale):
        yield f"{len(stale)} alarms about an earlier release rolled back"
    yield from _repeated_rollbacks(played, causes)
    yield from _beyond_policy(played)


def _beyond_policy(played: Played) -> Iterator[str]:
    """An alarm only makes the moves that its policy allows. It holds at most once, and not after a resume order."""
    resumed: list[datetime] = []
    holders: list[str] = []
    for state in moves(played):
        move = state["moves"][-1]
        if move["kind"] == "resume":
            resumed.append(instant.moment(move["at"]))
        key = played.alarm_of.get(move["event"])
        if key is None:
            continue
        responses = played.responses(
            played.name_of.get(key, ""), played.world.store.moved_at.get(state["counter"], played.minute)
        )
        if move["kind"] not in responses:
            yield f"{key} made the move {move['kind']}, and its policy says {' or '.join(sorted(responses))}"
        if move["kind"] == "hold":
            holders.append(move["event"])
            if any(at > played.began[move["event"]] + played.apart for at in resumed):
                yield f"{key} holds promotions that were resumed after it had begun"
    if len(holders) != len(set(holders)):
        yield "one alarm held promotions twice"


def _repeated_rollbacks(played: Played, causes: Sequence[str]) -> Iterator[str]:
    """An alarm that keeps firing, and an incident of several alarms, roll back at most once."""
    keys = [played.alarm_of[cause] for cause in causes if cause in played.alarm_of]
    for key in {key for key in keys if keys.count(key) > 1}:
        yield f"{key} fired on and rolled back {keys.count(key)} times"
    for alarms in _incidents(played):
        events = {alarm.event for alarm in alarms}
        if len(events & set(causes)) > 1:
            yield f"one incident of {len(events)} alarms rolled back {len(events & set(causes))} times"


def _incidents(played: Played) -> Sequence[Sequence[FiredAlarm]]:
    """Groups of alarms that ask for a roll-back about the same state of the channel."""
    grouped: dict[int, list[FiredAlarm]] = {}
    for alarm in (fired for fired in played.fresh if fired.response == "roll_back"):
        grouped.setdefault(alarm.before, []).append(alarm)
    return list(grouped.values())


def never_blocked(played: Played) -> Iterator[str]:
    """10. An alarm about the serving release always rolls it back if there is a stable release, even if the hub is down.

    So does an alarm that began in the settling period and still fires when alarms are polled. An alarm that may only
    hold or notify does that.
    """
    causes = {move["moves"][-1]["event"] for move in moves(played)}
    for alarms in _incidents(played):
        rollbacks = causes & {alarm.event for alarm in alarms}
        if alarms[0].had_target and not rollbacks and not _channel_moved_first(played, alarms[0]):
            yield f"{len(alarms)} alarms fired at move {alarms[0].before}, and nothing was rolled back"
    yield from _unanswered(played)


def _unanswered(played: Played) -> Iterator[str]:
    """Alarms that should have held promotions or sent a notification, and did not.

    A skipped alarm is fine only if another move came first: after it, every alarm that still fires is skipped.
    """
    states, announced = moves(played), played.world.bus.announced
    announced_responses = {(event.subject, event.data["word"]) for event in announced if event.type == events.SLO_NOTED}
    skipped = {event.subject for event in announced if event.type == events.ROLLBACK_SKIPPED}
    for alarm in (fired for fired in played.fresh if fired.response != "roll_back" and fired.after is not None):
        states_meanwhile = states[max(0, alarm.before - 1) : alarm.after]
        if alarm.response == "hold" and alarm.had_target and not any(state["hold"] for state in states_meanwhile):
            yield f"{alarm.key} fired at move {alarm.before}, and did not hold promotions"
        is_told = (alarm.key, alarm.response) in announced_responses or (
            alarm.key in skipped and _channel_moved_first(played, alarm)
        )
        if not is_told:
            yield f"{alarm.key} fired at move {alarm.before}, and no event says what became of it"


def _channel_moved_first(played: Played, alarm: FiredAlarm) -> bool:
    """Whether another move came before the alarm was handled, so that the alarm was about an earlier release."""
    end = math.inf if alarm.after is None else alarm.after
    return any(
        alarm.before < move["counter"] <= end and move["moves"][-1]["kind"] in {"promote", "roll_back"}
        for move in moves(played)
    )
