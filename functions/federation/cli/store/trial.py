# SPDX-License-Identifier: Apache-2.0
"""Which alarms on trial have fired, and which of them have no reported end?

No monitor is asked: who reads a home may have no right to, and Alertmanager and Grafana cannot be asked.
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
"""How many decisions of `roll_back` are searched for older alarms, in a store that has dates."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """The decision about an alarm with the response `tell`: when, why, and whether it still fires as far as is known."""

    at: str
    why: str
    goes_on: bool


def trials(shelf: Shelf, history: History, channel: Channel, policy: Policy, at: str) -> Sequence[Trial]:
    """The last decision about each alarm on trial, if it is at most a day old or the alarm goes on; oldest first."""
    if "tell" not in policy.rollback.alarms.values():
        return ()
    since = instant.microseconds(at) - _DAY * 1_000_000
    recent = history.latest("roll_back", within=_DAY, count=_LOOKED_AT)
    notes = {past.event.subject: past for past in recent if _is_notification(past)}
    last = {subject: past for subject, past in notes.items() if _is_monitored(past, policy)}
    lines = [Trial(at=past.now, why=past.why, goes_on=_goes_on(shelf, past, channel, policy)) for past in last.values()]
    return [past for past in lines if past.goes_on or instant.microseconds(past.at) >= since]


def is_on_trial(past: Past, channel: Channel, policy: Policy) -> bool:
    """Whether the active policy says `tell` for the decision's alarm, and what served then still serves."""
    serving = channel.serving
    return (
        _is_monitored(past, policy)
        and serving is not None
        and instant.order(past.event.time) > instant.order(serving.since)
    )


def _is_monitored(past: Past, policy: Policy) -> bool:
    return any(response.response == "tell" for response in alarm.responses_to(past.event, policy.rollback.alarms))


def _is_notification(past: Past) -> bool:
    return any(event["data"].get("word") == "tell" for event in past.outcome["events"])


def _goes_on(shelf: Shelf, past: Past, channel: Channel, policy: Policy) -> bool:
    """Whether the alarm is on trial, and only the state `firing` was recorded since."""
    if not is_on_trial(past, channel, policy):
        return False
    states = shelf.names(names.alarms(digest(str(past.event.data.get("alarm", past.event.subject)))))
    return not is_over(states, past.event.time)
