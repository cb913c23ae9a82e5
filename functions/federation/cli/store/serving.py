# SPDX-License-Identifier: Apache-2.0
"""What is there to know about the serving release: how it came, whether it is still stored, and which alarms it had."""

from collections.abc import Iterator
from typing import Final

from federation.cli.screen.output import when
from federation.cli.store.history import History, Past
from federation.cli.store.moves import shifts
from federation.cli.store.shelf import Shelf
from federation.core import alarm, instant, names
from federation.core import event as events
from federation.core.channel import Channel
from federation.core.event import Event
from federation.core.move import PastMove
from federation.core.policy import Policy
from federation.core.rollback_target import rollback_target
from federation.steps import STEPS

_DAY: Final = 24 * 3_600
_SWEPT: Final = 25 * 3_600
"""Seconds within which a sweep has run, because it runs daily."""
_FEW: Final = 6
"""How many decisions to promote are searched for one that moved the channel."""


def last_shift(channel: Channel) -> PastMove | None:
    """The move that made the serving release serve; None if nothing serves, or if the channel has forgotten the move."""
    last = next(reversed(shifts(channel.moves)), None)
    return last if last and channel.serving and last.release == channel.serving.name else None


def by(who: str) -> str:
    """The person who ordered something, as in ` by eva`; "" for a step."""
    return "" if who in STEPS else f" by {who}"


def lost_documents(shelf: Shelf, channel: Channel) -> Iterator[str]:
    """Names of documents that are lost: the channel's, if promotions moved it, and those of live releases."""
    if channel.counter == 0 and _promotion_moved(shelf):
        yield f"channels/{channel.name}"
    stored = set(shelf.names(names.RELEASES))
    yield from (place for entry in channel.live() if (place := names.release(entry.name)) not in stored)


def _promotion_moved(shelf: Shelf) -> bool:
    """Whether one of the latest readable decisions to promote moved the channel."""
    latest = shelf.latest(f"{names.DECISIONS}promote/", count=_FEW)
    read = list(shelf.readable(latest))  # all of them, so that each that is damaged is named
    return any(decision["outcome"]["move"] for _, decision in read)


def concerns(event: Event, channel: Channel, policy: Policy) -> bool:
    """Whether an alarm, or an order to roll back, asks to leave what serves now.

    It does not if it is stale or already carried out. A group of alarms is stale if the gravest one is.
    """
    if channel.serving is None or event.data.get("to") == channel.serving.name:
        return False
    if event.type != events.SLO_BREACHED:
        return event.data.get("release") in {None, channel.serving.name}
    gravest = alarm.responses_to(event, policy.rollback.alarms)[0]
    at = str(event.data.get("at") or event.time)
    settling = policy.rollback.settle_seconds
    return gravest.response == "roll_back" and alarm.counts_against(gravest.began, channel.serving.since, settling, at)


def misdated(name: str, since: str, at: str) -> str | None:
    """What it means that a release is dated later than `at`; None if it is not."""
    if instant.order(since) <= instant.order(at):
        return None
    return (
        f"{name} is recorded as serving since {when(since)}, but this machine's clock says {when(at)}: one clock is "
        "wrong. An alarm from before that date counts as one about an earlier release, and rolls nothing back; "
        "`federation rollback` still works."
    )


def last_tampering(history: History, at: str) -> Past | None:
    """The last decision, since the last daily sweep, that somebody else changed what is live; None if there is none."""
    since = instant.microseconds(at) - _SWEPT * 1_000_000
    tampering = [
        past for past in history.latest("sweep", within=_SWEPT) if events.TAMPER_DETECTED in past.announced_types
    ]
    return next((past for past in reversed(tampering) if instant.microseconds(past.now) >= since), None)


def unheeded_alarm(history: History, channel: Channel, policy: Policy) -> Past | None:
    """The last decision of a day about an alarm that had nothing to roll back to; None if there is none."""
    if rollback_target(channel) is not None:
        return None
    alarms = (
        past for past in reversed(history.latest("roll_back", within=_DAY)) if past.event.type == events.SLO_BREACHED
    )
    skipped = (past for past in alarms if events.ROLLBACK_SKIPPED in past.announced_types)
    return next((past for past in skipped if concerns(past.event, channel, policy)), None)
