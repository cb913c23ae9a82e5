# SPDX-License-Identifier: Apache-2.0
"""Alarms: the event of a firing one, when it counts against the serving release, and the policy's response to it."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal, get_args

import msgspec

from federation.core import event as events
from federation.core import instant
from federation.core.event import Event

Response = Literal["roll_back", "hold", "tell"]
"""What a policy lets an alarm do, the gravest first."""


def breach_event(key: str, at: str, labels: Mapping[str, str], names: Mapping[str, str | None] | None = None) -> Event:
    """The event of a breached SLO.

    Args:
        key: Identifies the alarm: its ARN, policy or group.
        at: When it fired (RFC 3339, UTC).
        labels: The alarm's labels.
        names: The names that a policy may use for it, each with when it began to fire, or None if at `at`.
    """
    began_at = {"names": {name: began or at for name, began in names.items()}} if names else {}
    return events.step_event(
        "receive",
        events.SLO_BREACHED,
        key,
        time=at,
        key=f"alarm|{key}|{at}",
        data={"alarm": key, "at": at, "labels": dict(labels), **began_at},
    )


class AlarmResponse(msgspec.Struct, frozen=True):
    """A response, the names of the breach's alarms that it is for, and when the newest of them began to fire."""

    response: Response
    began: str
    names: tuple[str, ...]

    @property
    def named(self) -> str:
        """The names, joined for a sentence."""
        return ", ".join(self.names)


def gravest_response(breach: Event, by_name: Mapping[str, Response]) -> Response:
    """The gravest response to a breach: the first of `responses_to`."""
    return responses_to(breach, by_name)[0].response


def responses_to(breach: Event, by_name: Mapping[str, Response]) -> Sequence[AlarmResponse]:
    """Each response that the policy allows to a breach, the gravest first. A group of alarms has several names.

    Args:
        breach: The event of `breach_event`. Without names, the alarm's key is its name.
        by_name: The policy's responses, by the alarm's name. The response to any other alarm is a roll-back.
    """
    at = str(breach.data.get("at") or breach.time)
    since: Mapping[str, str] = breach.data.get("names") or {breach.data.get("alarm", breach.subject): at}
    names: dict[Response, list[str]] = {response: [] for response in get_args(Response)}
    for name in since:
        names[by_name.get(name, "roll_back")].append(name)
    return [
        AlarmResponse(response, _newest([since[name] for name in group]), tuple(group))
        for response, group in names.items()
        if group
    ]


def _newest(moments: Sequence[str]) -> str:
    return max(moments, key=instant.moment) if len(moments) > 1 else moments[0]  # a single one is not parsed


def counts_from(since: str, settle_seconds: int) -> datetime:
    """When alarms start to count against a release serving since `since`: earlier ones are about its predecessor."""
    return instant.moment(since) + timedelta(seconds=settle_seconds)


def counts_at(began: str, since: str, settle_seconds: int, now: str | None) -> str | None:
    """When an alarm that fires at `now` began to count against the release, or None if it does not (yet).

    An alarm that began during the settling period and still fires counts from the end of that period. One that began
    before the release did, or at the same moment, never counts.

    Args:
        began: When the alarm began to fire.
        since: When the release began to serve.
        settle_seconds: The policy's settling period.
        now: When the alarm was seen to fire; None to assume that it fires until it counts.
    """
    first = counts_from(since, settle_seconds)
    at = instant.moment(began)
    if at >= first:
        return began
    has_settled = now is None or first <= instant.moment(now)
    return instant.text(first) if instant.moment(since) < at and has_settled else None


def counts_against(began: str, since: str, settle_seconds: int, seen_at: str) -> bool:
    """Whether an alarm that fires at `seen_at` counts against a release that began to serve before the alarm fired."""
    return instant.moment(began) > instant.moment(since) and bool(counts_at(began, since, settle_seconds, seen_at))
