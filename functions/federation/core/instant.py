# SPDX-License-Identifier: Apache-2.0
"""When did something happen, however the sender writes the time?

Senders write epoch seconds, milliseconds, microseconds or nanoseconds, as integers, floats, digits or exponents in
text, and RFC 3339 with no fraction or nine digits of it. `normalise` reads them all and returns None instead of
raising, since a time that cannot be read is no reason to lose an event. Our own documents use one form,
`YYYY-MM-DDTHH:MM:SS[.ffffff]Z`, which `moment` reads strictly.
"""

import re
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, Final

from federation.errors import ContractError

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LAST: Final = 253_402_300_800_000_000
"""Microseconds from the epoch to the year 10,000."""
_LARGEST: Final = 10**19
"""The last instant in nanoseconds, rounded up: a larger number is not a time in any unit."""
_NUMBER: Final = r"\d{1,20}(?:\.\d{1,30})?(?:[eE][+-]?\d{1,2})?"
_WRITTEN: Final = (
    r"(?a)(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,30}))? ?(?:([Zz])|([+-])(\d\d):?(\d\d))?"
)
_STRICT: Final = r"(?a)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)"
_LONGEST: Final = 80
"""Characters of a text that may be a time."""
_EXAMPLE: Final = "2026-11-18T10:02:38.557Z"
_UNITS: Final = (
    (Decimal("1e17"), Decimal("0.001")),
    (Decimal("1e14"), Decimal(1)),
    (Decimal("1e11"), Decimal(1000)),
)
"""The smallest number read as nanoseconds, microseconds and milliseconds, and how many microseconds one of them is."""
_LEAP: Final = 60
"""The second that only a leap second has."""


def normalise(value: Any) -> str | None:
    """The instant in `value` as UTC text cut to microseconds, or None if there is none.

    Text without an offset is UTC. An instant at or before 1970-01-01 is None: senders write 0 and the year 1 for
    "never".

    Args:
        value: What a sender wrote: a number or text in any of the forms above; anything else gives None.
    """
    told = _read(value) if isinstance(value, str) else _counted(value)
    return None if told is None or not 0 < told < _LAST else text(_EPOCH + timedelta(microseconds=told))


def moment(written: str) -> datetime:
    """The instant that a document of ours states, in UTC.

    Raises:
        ContractError: Not RFC 3339 with an offset and at most six digits of a second.
    """
    try:
        if re.fullmatch(_STRICT, written):
            return datetime.fromisoformat(written).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ContractError(f"{written!r:.60} is not a calendar date; write a time such as {_EXAMPLE}") from error
    raise ContractError(f"{written!r:.60} is not RFC 3339; write a time such as {_EXAMPLE}")


def text(when: datetime) -> str:
    """The only form in which documents state an instant: UTC, without trailing zeros.

    Args:
        when: An aware datetime.
    """
    utc = when if when.tzinfo is UTC else when.astimezone(UTC)
    written = utc.isoformat().removesuffix("+00:00")
    return (written.rstrip("0") if utc.microsecond else written) + "Z"


def microseconds(written: str) -> int:
    """Microseconds from 1970-01-01T00:00:00Z: exact, so that two instants compare as numbers.

    Raises:
        ContractError: As `moment`.
    """
    return (moment(written) - _EPOCH) // timedelta(microseconds=1)


def order(written: str) -> int:
    """A sort key for instants, since their text does not sort: "...00.5Z" comes before "...00Z".

    Args:
        written: In any form that `normalise` reads; anything else sorts first.
    """
    told = _read(written)
    return -_LAST if told is None else told


def _read(written: str) -> int | None:
    """Microseconds from the epoch in a text."""
    stripped = written.strip() if len(written) <= _LONGEST else ""
    if re.fullmatch(_NUMBER, stripped):
        return _scaled(Decimal(stripped))
    match = re.fullmatch(_WRITTEN, stripped)
    return _composed(match) if match else None


def _counted(value: Any) -> int | None:
    """Microseconds from the epoch in a number of any unit; None for a bool, an infinity or anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if not 0 < value < _LARGEST:  # also false for NaN
        return None
    return _scaled(Decimal(value) if isinstance(value, int) else Decimal(repr(value)))


def _scaled(number: Decimal) -> int | None:
    """Microseconds, the unit inferred from the magnitude: 1e11 seconds is the year 5138, 1e11 milliseconds is 1973."""
    if not 0 < number < _LARGEST:
        return None
    for least, factor in _UNITS:
        if number >= least:
            return int(number * factor)
    return int(number * 1_000_000)


def _composed(match: re.Match[str]) -> int | None:
    """Microseconds of a date, a time and an offset; the fraction is cut, never rounded; second 60 is a leap second."""
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    fraction, _, sign, hours, minutes = match.groups()[6:]
    if second > _LEAP:
        return None
    offset = timedelta(hours=int(hours), minutes=int(minutes)) if hours else timedelta()
    try:
        zone = timezone(-offset if sign == "-" else offset)
        when = datetime(year, month, day, hour, minute, min(second, _LEAP - 1), tzinfo=zone)
    except ValueError:
        return None
    leap = timedelta(seconds=second // _LEAP)
    return (when - _EPOCH + leap) // timedelta(microseconds=1) + int(f"{fraction or '0':0<6.6}")
