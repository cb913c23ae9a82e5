# SPDX-License-Identifier: Apache-2.0
"""Reads times in every form that senders use, and writes them in one form.

Senders write epoch seconds, milliseconds, microseconds or nanoseconds, as numbers or as text, and RFC 3339 with zero to
nine digits of a second. `normalise` reads them all. It returns None instead of raising, because an event must not be
lost for its time. Our own documents use one form, `YYYY-MM-DDTHH:MM:SS[.ffffff]Z`, which `moment` reads strictly.
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
"""The last instant in nanoseconds, rounded up. A larger number is not a time."""
_NUMBER: Final = r"\d{1,20}(?:\.\d{1,30})?(?:[eE][+-]?\d{1,2})?"
_WRITTEN: Final = (
    r"(?a)(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,30}))? ?(?:([Zz])|([+-])(\d\d):?(\d\d))?"
)
_STRICT: Final = r"(?a)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)"
_LONGEST: Final = 80
"""A longer text, in characters, is not a time."""
_EXAMPLE: Final = "2026-11-18T10:02:38.557Z"
_UNITS: Final = (
    (Decimal("1e17"), Decimal("0.001")),
    (Decimal("1e14"), Decimal(1)),
    (Decimal("1e11"), Decimal(1000)),
)
"""For nanoseconds, microseconds and milliseconds: the smallest number of them, and one of them in microseconds."""
_LEAP: Final = 60
"""The number of a leap second."""


def normalise(value: Any) -> str | None:
    """The instant in `value` as UTC text, cut to microseconds; None if there is none.

    Text without an offset is UTC. For an instant at or before 1970-01-01 the result is None, because senders write 0 or
    the year 1 for "never".

    Args:
        value: A number or text in any of the forms above; for anything else the result is None.
    """
    micros = _micros_in_text(value) if isinstance(value, str) else _micros_in_number(value)
    return None if micros is None or not 0 < micros < _LAST else text(_EPOCH + timedelta(microseconds=micros))


def moment(timestamp: str) -> datetime:
    """The instant in one of our documents, in UTC.

    Raises:
        ContractError: Not RFC 3339 with an offset and at most six digits of a second.
    """
    try:
        if re.fullmatch(_STRICT, timestamp):
            return datetime.fromisoformat(timestamp).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ContractError(f"{timestamp!r:.60} is not a calendar date; write a time such as {_EXAMPLE}") from error
    raise ContractError(f"{timestamp!r:.60} is not RFC 3339; write a time such as {_EXAMPLE}")


def text(when: datetime) -> str:
    """The instant as our documents write it: UTC, without trailing zeros.

    Args:
        when: An aware datetime.
    """
    utc = when if when.tzinfo is UTC else when.astimezone(UTC)
    result = utc.isoformat().removesuffix("+00:00")
    return (result.rstrip("0") if utc.microsecond else result) + "Z"


def microseconds(timestamp: str) -> int:
    """Exact microseconds from 1970-01-01T00:00:00Z.

    Raises:
        ContractError: As `moment`.
    """
    return (moment(timestamp) - _EPOCH) // timedelta(microseconds=1)


def order(timestamp: str) -> int:
    """A sort key for instants. Their text does not sort: "...00.5Z" comes before "...00Z".

    Args:
        timestamp: In any form that `normalise` reads; anything else sorts first.
    """
    micros = _micros_in_text(timestamp)
    return -_LAST if micros is None else micros


def _micros_in_text(timestamp: str) -> int | None:
    """The instant in a text, in microseconds from the epoch; None if there is none."""
    stripped = timestamp.strip() if len(timestamp) <= _LONGEST else ""
    if re.fullmatch(_NUMBER, stripped):
        return _scaled_to_micros(Decimal(stripped))
    match = re.fullmatch(_WRITTEN, stripped)
    return _micros_in_match(match) if match else None


def _micros_in_number(value: Any) -> int | None:
    """The instant in a number of any unit, in microseconds from the epoch; None if it is not a time."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if not 0 < value < _LARGEST:  # also false for NaN
        return None
    return _scaled_to_micros(Decimal(value) if isinstance(value, int) else Decimal(repr(value)))


def _scaled_to_micros(number: Decimal) -> int | None:
    """The number in microseconds. Its size shows its unit: 1e11 seconds is the year 5138, 1e11 milliseconds is 1973."""
    if not 0 < number < _LARGEST:
        return None
    for least, factor in _UNITS:
        if number >= least:
            return int(number * factor)
    return int(number * 1_000_000)


def _micros_in_match(match: re.Match[str]) -> int | None:
    """Microseconds of a date, time and offset; None if there is no such date. The fraction is cut, never rounded."""
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
