# SPDX-License-Identifier: Apache-2.0
"""Which event does a firing alarm become, when does it concern the serving release, and what may it do?"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal, get_args

import msgspec

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


class Said(msgspec.Struct, frozen=True):
    """What some of a breach's alarms may do, since when the newest of them fires, and their names."""

    word: Word
    began: str
    names: tuple[str, ...]

    @property
    def named(self) -> str:
        """The names, as a sentence says them."""
        return ", ".join(self.names)


def gravest(breach: Event, words: Mapping[str, Word]) -> Word:
    """The gravest thing that a breach may do: the first of `said_of`."""
    return said_of(breach, words)[0].word


def said_of(breach: Event, words: Mapping[str, Word]) -> Sequence[Said]:
    """Each thing that a breach may do, the gravest first; a group of alarms has several names.

    Args:
        breach: The event of `breached`; without names, the alarm is named by its key.
        words: What the policy says, by the alarm's name; an alarm of which it says nothing rolls back.
    """
    at = str(breach.data.get("at") or breach.time)
    since: Mapping[str, str] = breach.data.get("names") or {breach.data.get("alarm", breach.subject): at}
    having: dict[Word, list[str]] = {word: [] for word in get_args(Word)}
    for name in since:
        having[words.get(name, "roll_back")].append(name)
    return [
        Said(word, _newest([since[name] for name in named]), tuple(named)) for word, named in having.items() if named
    ]


def _newest(moments: Sequence[str]) -> str:
    return max(moments, key=instant.moment) if len(moments) > 1 else moments[0]  # one is not even read


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


def concerns(began: str, since: str, settle_seconds: int, told: str) -> bool:
    """Whether an alarm that still fires at `told` speaks against a release: it has to have begun after the release did."""
    return instant.moment(began) > instant.moment(since) and bool(speaks_at(began, since, settle_seconds, told))
