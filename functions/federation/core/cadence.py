# SPDX-License-Identifier: Apache-2.0
"""When does a cron line fire, what is due now, and is a window open?

Cron lines are read in the policy's time zone, as Debian's cron does: a time that the clock skips fires once right after
the gap, and a time that it repeats fires once.
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
_MAX_STEPS: Final = 1_000
"""Steps of the search in `meets`: more than two a day for a year. After that, the timetables never meet."""
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
    return next(fire for fire in _fires_from(line, time_zone, after) if fire > after)


def is_open(window: Window, time_zone: str, now: datetime) -> bool:
    """Whether the window is open now. A clock change neither shortens nor lengthens it."""
    return next_fire(window.opens, time_zone, now - timedelta(minutes=window.minutes)) <= now


def month(time_zone: str, now: datetime) -> str:
    """The calendar month in that time zone, such as "2026-11"."""
    return now.astimezone(_zone(time_zone)).strftime("%Y-%m")


def meets(line: str, line_zone: str, window: Window, window_zone: str) -> bool:
    """Whether the cron line ever fires inside the window. Searches 13 months that include a leap year."""
    moment = _SEARCHED_FROM
    for _ in range(_MAX_STEPS):
        fire = _first_fire(line, line_zone, moment)
        moment = _first_fire(window.opens, window_zone, fire - timedelta(minutes=window.minutes) + _SECOND)
        if fire >= _SEARCHED_TO or moment <= fire:
            return fire < _SEARCHED_TO
    return False


def due(cadence: Cadence, since: datetime, now: datetime) -> tuple[tuple[Due, datetime], ...]:
    """What is due now: the latest sweep and merge in (since, now], and a promotion while its window is open.

    Several missed fires count as one, because each run handles everything.
    """
    lines: tuple[tuple[Due, str], ...] = (("sweep", cadence.ingest), ("merge", cadence.merge))
    latest = [(what, fire) for what, line in lines if (fire := _last_fire(line, cadence.time_zone, since, now))]
    promotion: tuple[tuple[Due, datetime], ...] = (("promote", now),)
    return (*latest, *(promotion if is_open(cadence.promotion, cadence.time_zone, now) else ()))


def _last_fire(line: str, time_zone: str, since: datetime, now: datetime) -> datetime | None:
    fires = [
        moment
        for moment in takewhile(lambda moment: moment <= now, _fires_from(line, time_zone, since))
        if moment > since
    ]
    return fires[-1] if fires else None


def _fires_from(line: str, time_zone: str, around: datetime) -> Iterator[datetime]:
    """The fires from 26 h before `around`. A CronSim started inside a repeated DST hour would yield its fires twice."""
    begin = (around - timedelta(hours=26)).astimezone(_zone(time_zone))
    return (fire.astimezone(UTC) for fire in CronSim(line, begin))


def _first_fire(line: str, time_zone: str, moment: datetime) -> datetime:
    """The first fire at or after `moment`; inside a repeated DST hour it may be the repetition."""
    return next(CronSim(line, (moment - _SECOND).astimezone(_zone(time_zone)))).astimezone(UTC)


def _zone(name: str) -> tzinfo:
    """The IANA time zone of that name. KeyError if it is unknown, ValueError if it is malformed."""
    from zoneinfo import ZoneInfo  # noqa: PLC0415 - `receive` reads no timetable

    return ZoneInfo(name)


def faults(cadence: Cadence) -> tuple[str, ...]:
    """What is wrong with the timetable, each with its path in the policy."""
    lines = {"ingest": cadence.ingest, "merge": cadence.merge, "promotion.opens": cadence.promotion.opens}
    if zone := zone_fault("$.cadence.time_zone", cadence.time_zone):
        return (zone,)
    line_faults = (line_fault(f"$.cadence.{path}", line, cadence.time_zone) for path, line in lines.items())
    return tuple(fault for fault in line_faults if fault)


def zone_fault(path: str, name: str) -> str | None:
    """Why `name` is not an IANA time zone, or None when it is."""
    try:
        _zone(name)
    except (KeyError, ValueError):
        return f"{path}: {name!r} is not an IANA time zone, such as Europe/Berlin"
    return None


def line_fault(path: str, line: str, time_zone: str) -> str | None:
    """Why `line` is not a cron line, or never fires; None if it fires."""
    try:
        next(CronSim(line, datetime(2026, 1, 1, tzinfo=_zone(time_zone))))
    except CronSimError as error:
        return f"{path}: {line!r} is not a cron line: {error}"
    except StopIteration:
        return f"{path}: {line!r} never fires"
    return None
