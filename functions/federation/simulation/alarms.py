# SPDX-License-Identifier: Apache-2.0
"""Which alarms fire in a history, which release is each really about, and when does it end?"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from federation.core import alarm, instant
from federation.core.alarm import Word
from federation.ports import Firing
from federation.simulation import doors
from federation.simulation.actions import Alarm
from federation.simulation.platform import POLICY
from federation.simulation.played import EPOCH, Burning, FiredAlarm, Played

_SETTLES: Final = timedelta(seconds=POLICY["rollback"]["settle_seconds"])


def begin(played: Played, action: Alarm) -> None:
    """Alarms begin to fire. Whether or not that is delivered, polling finds them until they end."""
    serving = played.world.serving()
    if serving is None:
        return
    at = EPOCH + timedelta(minutes=played.minute - action.ago)
    if action.stale:
        at = instant.moment(serving["since"]) - timedelta(minutes=30)
    for _ in range(action.count):
        played.alarms += 1
        key = doors.alarm_key(played.alarms)
        one = Burning(key=key, name=action.name, at=at, release=serving["name"], lasts=action.lasts)
        played.name_of[key] = action.name
        _know(played, one, at)
        if not action.stale:
            played.burning.append(one)
        if not action.untold:
            doors.breached(played, key, action.name, instant.text(at), action.copies)
            _judge(played, one, told=True)
    _show(played)


def seen(played: Played) -> None:
    """Alarms are polled: note which of those that fire ask for a roll-back, and which must not cause one."""
    for one in played.burning:
        _judge(played, one, told=False)


def end(played: Played) -> None:
    """Note which alarms are about a release that no longer serves, and stop those whose time is over."""
    serving = played.world.serving()
    for one in played.burning:
        if one.left is None and (serving is None or serving["name"] != one.release):
            one.left = played.minute
    played.burning = [one for one in played.burning if one.left is None or played.minute < one.left + one.lasts]
    _show(played)


def _show(played: Played) -> None:
    played.world.alarms.now = [Firing(key=one.key, at=instant.text(one.at), name=one.name) for one in played.burning]


def _judge(played: Played, one: Burning, *, told: bool) -> None:
    """Note what the alarm really asks for (`fresh`), that it asks for nothing (`stale`), or neither when clocks cannot tell.

    Args:
        played: The world.
        one: The alarm.
        told: Whether it is delivered now; otherwise it is polled.
    """
    channel, serving = played.world.channel(), played.world.serving()
    if channel is None or serving is None:
        return
    since = instant.moment(serving["since"])
    counts = since + _SETTLES
    as_seen = max(one.at, counts)
    _know(played, one, as_seen)
    words = played.words(one.name, played.minute)
    if words == {"hold"}:
        resumed = [at for at in _resumed(played) if at >= one.at - played.apart]
        _ask(played, one, "hold", one.at, had_target=not resumed)
    elif one.at < since - played.apart:
        rightful = {alarm.event for alarm in played.fresh}
        played.stale += [id_ for id_ in (_event(one.key, as_seen), _event(one.key, one.at)) if id_ not in rightful]
    elif one.at >= counts + played.apart or (
        not told and one.at > since + played.apart and _now(played) > counts + played.apart
    ):
        had_target = any(entry["name"] != serving["name"] for entry in _targets(channel))
        for word in words if len(words) == 1 else ():
            _ask(played, one, word, as_seen, had_target=had_target)


def _know(played: Played, one: Burning, at: datetime) -> None:
    """Note which alarm is behind the breach as of that moment."""
    played.alarm_of[_event(one.key, at)] = one.key
    played.began[_event(one.key, at)] = one.at


def _ask(played: Played, one: Burning, word: Word, at: datetime, *, had_target: bool) -> None:
    channel = played.world.channel()
    before = channel["counter"] if channel else 0
    asked = FiredAlarm(event=_event(one.key, at), key=one.key, word=word, before=before, had_target=had_target)
    played.fresh.append(asked)


def _resumed(played: Played) -> list[datetime]:
    """When promotions were resumed."""
    channel = played.world.channel() or {"moves": []}
    return [instant.moment(moved["at"]) for moved in channel["moves"] if moved["kind"] == "resume"]


def _targets(channel: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The releases that a roll-back could go to: warm or the anchor, without an artifact that is or would be quarantined."""
    bad = {*channel["quarantine"], *channel["serving"]["new"]}
    entries = [*channel["warm"], *([channel["anchor"]] if channel["anchor"] else [])]
    return [entry for entry in entries if not bad & set(entry["units"].values())]


def _now(played: Played) -> datetime:
    return instant.moment(played.now)


def _event(key: str, at: datetime) -> str:
    return alarm.breached(key, instant.text(at), {}).id
