# SPDX-License-Identifier: Apache-2.0
"""The alarms of a history: which release each is really about, and when it ends."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from federation.core import alarm, instant
from federation.core.alarm import Response
from federation.ports import Firing
from federation.simulation import doors
from federation.simulation.actions import Alarm
from federation.simulation.platform import POLICY
from federation.simulation.played import EPOCH, Burning, FiredAlarm, Played

_SETTLES: Final = timedelta(seconds=POLICY["rollback"]["settle_seconds"])


def begin(played: Played, action: Alarm) -> None:
    """Let alarms begin to fire. Polling finds them until they end, even if they are not delivered."""
    serving = played.world.serving()
    if serving is None:
        return
    at = EPOCH + timedelta(minutes=played.minute - action.ago)
    if action.stale:
        at = instant.moment(serving["since"]) - timedelta(minutes=30)
    for _ in range(action.count):
        played.alarms += 1
        key = doors.alarm_key(played.alarms)
        active = Burning(key=key, name=action.name, at=at, release=serving["name"], lasts=action.lasts)
        played.name_of[key] = action.name
        _note_cause(played, active, at)
        if not action.stale:
            played.burning.append(active)
        if not action.untold:
            doors.breached(played, key, action.name, instant.text(at), action.copies)
            _note_expectation(played, active, is_delivered=True)
    _publish_firing(played)


def seen(played: Played) -> None:
    """Note, as alarms are polled, which of them ask for a roll-back and which must not cause one."""
    for active in played.burning:
        _note_expectation(played, active, is_delivered=False)


def end(played: Played) -> None:
    """Note which alarms' releases no longer serve, and stop the alarms that are due to end."""
    serving = played.world.serving()
    for active in played.burning:
        if active.left is None and (serving is None or serving["name"] != active.release):
            active.left = played.minute
    played.burning = [
        active for active in played.burning if active.left is None or played.minute < active.left + active.lasts
    ]
    _publish_firing(played)


def _publish_firing(played: Played) -> None:
    played.world.alarms.now = [
        Firing(key=active.key, at=instant.text(active.at), name=active.name) for active in played.burning
    ]


def _note_expectation(played: Played, active: Burning, *, is_delivered: bool) -> None:
    """Note what the alarm truly asks for (`fresh`) or that it asks for nothing (`stale`); nothing if clocks cannot tell.

    Args:
        played: The world.
        active: The alarm.
        is_delivered: Whether it is delivered now; if not, it is polled.
    """
    channel, serving = played.world.channel(), played.world.serving()
    if channel is None or serving is None:
        return
    since = instant.moment(serving["since"])
    counts = since + _SETTLES
    as_seen = max(active.at, counts)
    _note_cause(played, active, as_seen)
    responses = played.responses(active.name, played.minute)
    if responses == {"hold"}:
        resumed = [at for at in _resume_times(played) if at >= active.at - played.apart]
        _note_fired(played, active, "hold", active.at, had_target=not resumed)
    elif active.at < since - played.apart:
        rightful = {alarm.event for alarm in played.fresh}
        played.stale += [
            id_ for id_ in (_event_id(active.key, as_seen), _event_id(active.key, active.at)) if id_ not in rightful
        ]
    elif active.at >= counts + played.apart or (
        not is_delivered and active.at > since + played.apart and _now(played) > counts + played.apart
    ):
        had_target = any(entry["name"] != serving["name"] for entry in _rollback_targets(channel))
        for response in responses if len(responses) == 1 else ():
            _note_fired(played, active, response, as_seen, had_target=had_target)


def _note_cause(played: Played, active: Burning, at: datetime) -> None:
    """Note which alarm caused the breach reported for this moment."""
    played.alarm_of[_event_id(active.key, at)] = active.key
    played.began[_event_id(active.key, at)] = active.at


def _note_fired(played: Played, active: Burning, response: Response, at: datetime, *, had_target: bool) -> None:
    channel = played.world.channel()
    before = channel["counter"] if channel else 0
    fired_alarm = FiredAlarm(
        event=_event_id(active.key, at), key=active.key, response=response, before=before, had_target=had_target
    )
    played.fresh.append(fired_alarm)


def _resume_times(played: Played) -> list[datetime]:
    """The times at which promotions were resumed."""
    channel = played.world.channel() or {"moves": []}
    return [instant.moment(move["at"]) for move in channel["moves"] if move["kind"] == "resume"]


def _rollback_targets(channel: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The possible targets of a roll-back: warm or the anchor, without artifacts that are or would be quarantined."""
    bad = {*channel["quarantine"], *channel["serving"]["new"]}
    entries = [*channel["warm"], *([channel["anchor"]] if channel["anchor"] else [])]
    return [entry for entry in entries if not bad & set(entry["units"].values())]


def _now(played: Played) -> datetime:
    return instant.moment(played.now)


def _event_id(key: str, at: datetime) -> str:
    return alarm.breach_event(key, instant.text(at), {}).id
