# SPDX-License-Identifier: Apache-2.0
"""Is what was bad left, once, and for something good?"""

from collections.abc import Iterator, Sequence

from federation.simulation.delivery import Played
from federation.simulation.seen import moves, pairs


def rolled_back(played: Played) -> Iterator[str]:
    """6. After a roll-back: a stable release without quarantined units serves; once an incident; stale alarms do nothing."""
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
    for alarms in _incidents(played):
        if len(alarms & set(causes)) > 1:
            yield f"one incident of {len(alarms)} alarms rolled back {len(alarms & set(causes))} times"


def _incidents(played: Played) -> Sequence[set[str]]:
    """Alarms that fired together about one state of the channel."""
    grouped: dict[int, set[str]] = {}
    for alarm in played.fresh:
        grouped.setdefault(alarm.counter_before, set()).add(alarm.event)
    return list(grouped.values())


def never_blocked(played: Played) -> Iterator[str]:
    """10. An alarm about what serves leaves it, hub down or not, held or not, as long as something stable is left."""
    counters = {move["moves"][-1]["event"]: move for move in moves(played)}
    for alarms in _incidents(played):
        told = [alarm for alarm in played.fresh if alarm.event in alarms]
        if (
            told[0].had_target
            and not any(alarm.event in counters for alarm in told)
            and not _moved_on(played, told[0].counter_before)
        ):
            yield f"{len(told)} alarms fired at move {told[0].counter_before}, and nothing was rolled back"


def _moved_on(played: Played, counter: int) -> bool:
    """Whether a promotion came between the alarm and its delivery, so that the alarm spoke of an earlier release."""
    return any(
        move["counter"] > counter and move["moves"][-1]["kind"] in {"promote", "roll_back"} for move in moves(played)
    )
