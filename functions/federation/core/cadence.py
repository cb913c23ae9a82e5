# SPDX-License-Identifier: Apache-2.0
"""When does a cron line of the policy fire, what is due by now, and is a window open?

Cron lines are read in the policy's time zone the way Debian's cron reads them: a time that the clock skips fires once
right after the gap, a time that it repeats fires once.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import takewhile
from typing import Final, Literal

import msgspec
from cronsim import CronSim, CronSimError

Due = Literal["sweep", "merge", "promote"]
_SEARCHED_FROM: Final = datetime(2027, 12, 1, tzinfo=UTC)
_SEARCHED_TO: Final = datetime(2029, 1, 1, tzinfo=UTC)
_MISSES: Final = 1_000
"""Steps, alternating between two timetables, after which they are taken never to meet: over two a day for a year."""
_SECOND: Final = timedelta(seconds=1)


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """A window that opens at each fire of a cron line and stays open for `minutes` of elapsed time."""

    opens: str
    minutes: int


class Cadence(msgspec.Struct, frozen=True, kw_only=True):
    """The policy's timetable; every cron line is in `time_zone`."""

    time_zone: str
    ingest: str
    merge: str
    promotion: Window
    merge_on_pass: bool = False


def next_fire(line: str, time_zone: str, after: datetime) -> datetime:
    """The first moment strictly after `after` at which the cron line fires, in UTC."""
    return next(fired for fired in _fires(line, time_zone, after) if fired > after)


def is_open(window: Window, time_zone: str, now: datetime) -> bool:
    """Whether a promotion may go ahead now; a clock change neither shortens nor lengthens the window."""
    return next_fire(window.opens, time_zone, now - timedelta(minutes=window.minutes)) <= now


def month(time_zone: str, now: datetime) -> str:
    """The calendar month in that time zone, such as "2026-11"."""
    return now.astimezone(_zone(time_zone)).strftime("%Y-%m")


def meets(line: str, line_zone: str, window: Window, window_zone: str) -> bool:
    """Whether the cron line ever fires inside the window; 13 months that include a leap year are searched."""
    moment = _SEARCHED_FROM
    for _ in range(_MISSES):
        fired = _from(line, line_zone, moment)
        moment = _from(window.opens, window_zone, fired - timedelta(minutes=window.minutes) + _SECOND)
        if fired >= _SEARCHED_TO or moment <= fired:
            return fired < _SEARCHED_TO
    return False


def due(cadence: Cadence, since: datetime, now: datetime) -> tuple[tuple[Due, datetime], ...]:
    """What has to happen now: the latest sweep and merge due in (since, now], and a promotion while its window is open.

    Several missed fires count as one, since each run works on everything there is.
    """
    lines: tuple[tuple[Due, str], ...] = (("sweep", cadence.ingest), ("merge", cadence.merge))
    fallen = [(what, fired) for what, line in lines if (fired := _last(line, cadence.time_zone, since, now))]
    promotion: tuple[tuple[Due, datetime], ...] = (("promote", now),)
    return (*fallen, *(promotion if is_open(cadence.promotion, cadence.time_zone, now) else ()))


def _last(line: str, time_zone: str, since: datetime, now: datetime) -> datetime | None:
    fired = [
        moment for moment in takewhile(lambda moment: moment <= now, _fires(line, time_zone, since)) if moment > since
    ]
    return fired[-1] if fired else None


def _fires(line: str, time_zone: str, around: datetime) -> Iterator[datetime]:
    """Fires from 26 h before `around` on, since a CronSim started inside a repeated DST hour yields its fires twice."""
    begin = (around - timedelta(hours=26)).astimezone(_zone(time_zone))
    return (fired.astimezone(UTC) for fired in CronSim(line, begin))


def _from(line: str, time_zone: str, moment: datetime) -> datetime:
    """The first fire at or after `moment`; inside a repeated DST hour it may be the repetition."""
    return next(CronSim(line, (moment - _SECOND).astimezone(_zone(time_zone)))).astimezone(UTC)


def _zone(name: str) -> tzinfo:
    """The IANA time zone of that name; KeyError when it is unknown, ValueError when it is malformed."""
    from zoneinfo import ZoneInfo  # noqa: PLC0415 - `receive` reads no timetable

    return ZoneInfo(name)


def faults(cadence: Cadence) -> tuple[str, ...]:
    """What is wrong with the timetable, each with its path in the policy."""
    lines = {"ingest": cadence.ingest, "merge": cadence.merge, "promotion.opens": cadence.promotion.opens}
    if zone := zone_fault("$.cadence.time_zone", cadence.time_zone):
        return (zone,)
    told = (line_fault(f"$.cadence.{path}", line, cadence.time_zone) for path, line in lines.items())
    return tuple(fault for fault in told if fault)


def zone_fault(path: str, name: str) -> str | None:
    """Why `name` is not an IANA time zone, or None when it is."""
    try:
        _zone(name)
    except (KeyError, ValueError):
        return f"{path}: {name!r} is not an IANA time zone, such as Europe/Berlin"
    return None


def line_fault(path: str, line: str, time_zone: str) -> str | None:
    """Why `line` is not a cron line or never fires; None if it is one and fires."""
    try:
        next(CronSim(line, datetime(2026, 1, 1, tzinfo=_zone(time_zone))))
    except CronSimError as error:
        return f"{path}: {line!r} is not a cron line: {error}"
    except StopIteration:
        return f"{path}: {line!r} never fires"
    return None
