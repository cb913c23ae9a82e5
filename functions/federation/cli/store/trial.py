# SPDX-License-Identifier: Apache-2.0
"""Which alarms on trial have fired, and of which of them has nobody reported the end?

No monitor is asked: who looks at a home may have no right to, and Alertmanager and Grafana cannot be asked.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from federation.cli.store.history import History, Past
from federation.cli.store.shelf import Shelf
from federation.core import alarm, instant, names
from federation.core.channel import Channel
from federation.core.digest import digest
from federation.core.policy import Policy
from federation.steps.alarm_states import is_over

_DAY: Final = 24 * 3_600
_LOOKED_AT: Final = 16
"""Decisions of `roll_back` among which an alarm of more than a day ago is looked for, in a store that tells their dates."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What was decided about an alarm of which the policy says `tell`, when, and whether it goes on as far as is known."""

    at: str
    why: str
    goes_on: bool


def trials(shelf: Shelf, history: History, channel: Channel, policy: Policy, at: str) -> Sequence[Trial]:
    """The last decision of a day about each alarm on trial, and of an older one that goes on; oldest first."""
    if "tell" not in policy.rollback.alarms.values():
        return ()
    since = instant.microseconds(at) - _DAY * 1_000_000
    known = history.latest("roll_back", within=_DAY, count=_LOOKED_AT)
    told = {past.event.subject: past for past in known if _is_told(past)}
    last = {subject: past for subject, past in told.items() if _is_tried(past, policy)}
    found = [Trial(at=one.now, why=one.why, goes_on=_goes_on(shelf, one, channel, policy)) for one in last.values()]
    return [one for one in found if one.goes_on or instant.microseconds(one.at) >= since]


def is_on_trial(past: Past, channel: Channel, policy: Policy) -> bool:
    """Whether the policy in force still says `tell` for the alarm of a decision, and what served then serves on."""
    serving = channel.serving
    return (
        _is_tried(past, policy)
        and serving is not None
        and instant.order(past.event.time) > instant.order(serving.since)
    )


def _is_tried(past: Past, policy: Policy) -> bool:
    return any(said.word == "tell" for said in alarm.said_of(past.event, policy.rollback.alarms))


def _is_told(past: Past) -> bool:
    return any(event["data"].get("word") == "tell" for event in past.outcome["events"])


def _goes_on(shelf: Shelf, past: Past, channel: Channel, policy: Policy) -> bool:
    """Whether it is about what serves, and no state but `firing` was recorded of it since."""
    if not is_on_trial(past, channel, policy):
        return False
    states = shelf.names(names.alarms(digest(str(past.event.data.get("alarm", past.event.subject)))))
    return not is_over(states, past.event.time)
