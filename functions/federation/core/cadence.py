# SPDX-License-Identifier: Apache-2.0
"""When is the next merge due, and is the promotion window open?

Cron lines are read in the policy's time zone the way Debian's cron reads them: a time that the clock skips fires once
right after the gap, a time that it repeats fires once.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Opens at each fire of a cron line and stays open for so many minutes of elapsed time."""

    opens: str
    minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cadence:
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


def _fires(line: str, time_zone: str, around: datetime) -> Iterator[datetime]:
    """Fires from a day before `around`: begun inside an hour that the clock repeats, they would be told twice."""
    begin = (around - timedelta(hours=26)).astimezone(ZoneInfo(time_zone))
    return (fired.astimezone(UTC) for fired in CronSim(line, begin))


def faults(cadence: Cadence) -> tuple[str, ...]:
    """What is wrong with the timetable, each with its path in the policy."""
    try:
        zone = ZoneInfo(cadence.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        return (f"$.cadence.time_zone: {cadence.time_zone!r} is no IANA time zone, such as Europe/Berlin",)
    lines = {"ingest": cadence.ingest, "merge": cadence.merge, "promotion.opens": cadence.promotion.opens}
    return tuple(fault for path, line in lines.items() if (fault := _fault(path, line, zone)))


def _fault(path: str, line: str, zone: ZoneInfo) -> str | None:
    try:
        next(CronSim(line, datetime(2026, 1, 1, tzinfo=zone)))
    except CronSimError as error:
        return f"$.cadence.{path}: {line!r} is no cron line: {error}"
    except StopIteration:
        return f"$.cadence.{path}: {line!r} never fires"
    return None
