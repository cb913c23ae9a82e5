# SPDX-License-Identifier: Apache-2.0
"""Did every alarm about the serving release roll it back once, to a release that was stable before?"""

import math
from collections.abc import Iterator, Sequence

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
    """Alarms that fired together about one state of the channel."""
    grouped: dict[int, list[FiredAlarm]] = {}
    for alarm in played.fresh:
        grouped.setdefault(alarm.before, []).append(alarm)
    return list(grouped.values())


def never_blocked(played: Played) -> Iterator[str]:
    """10. An alarm about what serves rolls it back, hub down or not, held or not, if there is a stable release to go to.

    So does an alarm that began while the release settled in and still fires when alarms are polled.
    """
    causes = {move["moves"][-1]["event"] for move in moves(played)}
    for alarms in _incidents(played):
        left = causes & {alarm.event for alarm in alarms}
        if alarms[0].had_target and not left and not _moved_on(played, alarms[0]):
            yield f"{len(alarms)} alarms fired at move {alarms[0].before}, and nothing was rolled back"


def _moved_on(played: Played, alarm: FiredAlarm) -> bool:
    """Whether another move came first, so that the alarm was about an earlier release by the time it was handled."""
    end = math.inf if alarm.after is None else alarm.after
    return any(
        alarm.before < move["counter"] <= end and move["moves"][-1]["kind"] in {"promote", "roll_back"}
        for move in moves(played)
    )
