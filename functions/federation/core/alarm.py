# SPDX-License-Identifier: Apache-2.0
"""Which event does a firing alarm become, when does it concern the serving release, and what may it do?"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal, get_args

from federation.core import event as events
from federation.core import instant
from federation.core.event import Event

Word = Literal["roll_back", "hold", "tell"]
"""What a policy says that an alarm does, the gravest first."""


def breached(key: str, at: str, labels: Mapping[str, str], names: Mapping[str, str | None] | None = None) -> Event:
    """The event of a breached SLO.

    Args:
        key: Identifies the alarm: its ARN, policy or group.
        at: When it fired (RFC 3339, UTC).
        labels: The alarm's labels.
        names: By which a policy may name it, each with the moment since which what has that name fires, if that differs.
    """
    known = {"names": {name: began or at for name, began in names.items()}} if names else {}
    return Event(
        type=events.SLO_BREACHED,
        source="//federation/receive",
        subject=key,
        time=at,
        key=f"alarm|{key}|{at}",
        data={"alarm": key, "at": at, "labels": dict(labels), **known},
    )


def said_of(breach: Event, words: Mapping[str, Word]) -> tuple[Word, str]:
    """What a breach may do, and since when the alarms fire that may: the gravest of `each_said_of`."""
    return each_said_of(breach, words)[0]


def each_said_of(breach: Event, words: Mapping[str, Word]) -> Sequence[tuple[Word, str]]:
    """Each thing that a breach may do, the gravest first, and since when the alarms fire that may.

    A group of alarms has several names. A word counts as of the newest alarm that has it.

    Args:
        breach: The event of `breached`; without names, the alarm is named by its key.
        words: What the policy says, by the alarm's name; an alarm of which it says nothing rolls back.
    """
    at = str(breach.data.get("at") or breach.time)
    began = breach.data.get("names") or {breach.data.get("alarm", breach.subject): at}
    since: dict[Word, list[str]] = {word: [] for word in get_args(Word)}
    for name, moment in began.items():
        since[words.get(name, "roll_back")].append(moment)
    return [(word, _newest(moments)) for word, moments in since.items() if moments]


def _newest(moments: Sequence[str]) -> str:
    return max(moments, key=instant.moment) if len(moments) > 1 else moments[0]  # one is not even read


def named(breach: Event) -> str:
    """The alarm's names, as a sentence says them."""
    return ", ".join(breach.data.get("names") or (str(breach.data.get("alarm", breach.subject)),))


def counts_from(since: str, settle_seconds: int) -> datetime:
    """When alarms start to count against a release serving since `since`; earlier measurements are of its predecessor."""
    return instant.moment(since) + timedelta(seconds=settle_seconds)


def speaks_at(began: str, since: str, settle_seconds: int, now: str | None) -> str | None:
    """When an alarm that fires `now` began to concern the release, or None if it does not (yet).

    An alarm that began during the settling period and still fires counts from the end of that period. One that began
    before the release did, or at the same moment, says nothing about it.

    Args:
        began: When it began to fire.
        since: When the release began to serve.
        settle_seconds: The policy's settling period.
        now: When it was seen to fire; None to ask as of when it will concern the release, if it fires that long.
    """
    first = counts_from(since, settle_seconds)
    at = instant.moment(began)
    if at >= first:
        return began
    has_settled = now is None or first <= instant.moment(now)
    return instant.text(first) if instant.moment(since) < at and has_settled else None
