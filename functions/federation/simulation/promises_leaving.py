# SPDX-License-Identifier: Apache-2.0
"""Did every alarm do what its policy says, such as roll back once, to a release that was stable before?"""

import math
from collections.abc import Iterator, Sequence
from datetime import datetime

from federation.core import event as events
from federation.core import instant
from federation.simulation.played import FiredAlarm, Played
from federation.simulation.seen import moves, pairs


def rolled_back(played: Played) -> Iterator[str]:
    """6. A roll-back leads to a stable release without quarantined units; one per incident; stale alarms do nothing."""
    causes = []
    for before, after in pairs(played):
        moved = after["moves"][-1]
        if moved["kind"] != "roll_back":
            continue
        causes.append(moved["event"])
        stable = [entry["name"] for entry in (*before["warm"], *([before["anchor"]] if before["anchor"] else []))]
        if after["serving"]["name"] not in stable:
            yield f"{after['serving']['name']} serves after a roll-back and was not stable before"
        if bad := set(after["serving"]["units"].values()) & set(after["quarantine"]):
            yield f"{after['serving']['name']} serves after a roll-back with quarantined {bad}"
        if left := set(before["serving"]["new"]) - set(after["quarantine"]) - set(after["serving"]["units"].values()):
            yield f"{before['serving']['name']} was left and {left} is not in quarantine"
    if len(causes) != len(set(causes)):
        yield "one event rolled back twice"
    if stale := set(causes) & set(played.stale):
        yield f"{len(stale)} alarms about an earlier release rolled back"
    yield from _fell_further(played, causes)
    yield from _overdone(played)


def _overdone(played: Played) -> Iterator[str]:
    """An alarm moves only what its policy lets it: one that holds does so once, and not after promotions were resumed."""
    resumed: list[datetime] = []
    holders: list[str] = []
    for move in moves(played):
        moved = move["moves"][-1]
        if moved["kind"] == "resume":
            resumed.append(instant.moment(moved["at"]))
        key = played.alarm_of.get(moved["event"])
        if key is None:
            continue
        words = played.words(
            played.name_of.get(key, ""), played.world.store.moved_at.get(move["counter"], played.minute)
        )
        if moved["kind"] not in words:
            yield f"{key} made the move {moved['kind']}, and its policy says {' or '.join(sorted(words))}"
        if moved["kind"] == "hold":
            holders.append(moved["event"])
            if any(at > played.began[moved["event"]] + played.apart for at in resumed):
                yield f"{key} holds promotions that were resumed after it had begun"
    if len(holders) != len(set(holders)):
        yield "one alarm held promotions twice"


def _fell_further(played: Played, causes: Sequence[str]) -> Iterator[str]:
    """Neither an alarm that keeps firing nor an incident of several alarms rolls back more than once."""
    keys = [played.alarm_of[cause] for cause in causes if cause in played.alarm_of]
    for key in {key for key in keys if keys.count(key) > 1}:
        yield f"{key} fired on and rolled back {keys.count(key)} times"
    for alarms in _incidents(played):
        events = {alarm.event for alarm in alarms}
        if len(events & set(causes)) > 1:
            yield f"one incident of {len(events)} alarms rolled back {len(events & set(causes))} times"


def _incidents(played: Played) -> Sequence[Sequence[FiredAlarm]]:
    """Alarms that roll back and fired together about one state of the channel."""
    grouped: dict[int, list[FiredAlarm]] = {}
    for alarm in (one for one in played.fresh if one.word == "roll_back"):
        grouped.setdefault(alarm.before, []).append(alarm)
    return list(grouped.values())


def never_blocked(played: Played) -> Iterator[str]:
    """10. An alarm about what serves rolls it back, hub down or not, held or not, if there is a stable release to go to.

    So does an alarm that began while the release settled in and still fires when alarms are polled. An alarm that its
    policy lets only hold or tell does that.
    """
    causes = {move["moves"][-1]["event"] for move in moves(played)}
    for alarms in _incidents(played):
        left = causes & {alarm.event for alarm in alarms}
        if alarms[0].had_target and not left and not _moved_on(played, alarms[0]):
            yield f"{len(alarms)} alarms fired at move {alarms[0].before}, and nothing was rolled back"
    yield from _unheeded(played)


def _unheeded(played: Played) -> Iterator[str]:
    """Alarms that were to hold promotions or to be told of, and did not.

    That one is skipped says enough only if another move came first: each that fires on is skipped by the next release.
    """
    states, announced = moves(played), played.world.bus.announced
    noted = {(event.subject, event.data["word"]) for event in announced if event.type == events.SLO_NOTED}
    skipped = {event.subject for event in announced if event.type == events.ROLLBACK_SKIPPED}
    for alarm in (one for one in played.fresh if one.word != "roll_back" and one.after is not None):
        seen = states[max(0, alarm.before - 1) : alarm.after]
        if alarm.word == "hold" and alarm.had_target and not any(state["hold"] for state in seen):
            yield f"{alarm.key} fired at move {alarm.before}, and did not hold promotions"
        is_told = (alarm.key, alarm.word) in noted or (alarm.key in skipped and _moved_on(played, alarm))
        if not is_told:
            yield f"{alarm.key} fired at move {alarm.before}, and no event says what became of it"


def _moved_on(played: Played, alarm: FiredAlarm) -> bool:
    """Whether another move came first, so that the alarm was about an earlier release by the time it was handled."""
    end = math.inf if alarm.after is None else alarm.after
    return any(
        alarm.before < move["counter"] <= end and move["moves"][-1]["kind"] in {"promote", "roll_back"}
        for move in moves(played)
    )
