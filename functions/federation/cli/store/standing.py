# SPDX-License-Identifier: Apache-2.0
"""How did what serves come to serve, is it still in the store, and what concerns it: was an alarm of no use?"""

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
from federation.core.move import Moved
from federation.core.policy import Policy
from federation.core.way_back import rollback_target
from federation.steps import STEPS

_DAY: Final = 24 * 3_600
_SWEPT: Final = 25 * 3_600
"""Seconds within which a sweep has come, for it comes daily."""
_FEW: Final = 6
"""Decisions that are looked at for one that promoted."""


def came_by(channel: Channel) -> Moved | None:
    """The move since which the serving release serves; None before the first, or when it is no longer remembered."""
    last = next(reversed(shifts(channel.moves)), None)
    return last if last and channel.serving and last.release == channel.serving.name else None


def by(who: str) -> str:
    """The person who ordered something, as in ` by eva`; nothing for a step."""
    return "" if who in STEPS else f" by {who}"


def lost(shelf: Shelf, channel: Channel) -> Iterator[str]:
    """The channel, if it has made no move but promotions were decided; the documents of live releases without one."""
    if channel.counter == 0 and _has_promoted(shelf):
        yield f"channels/{channel.name}"
    stored = set(shelf.names(names.RELEASES))
    yield from (place for entry in channel.live() if (place := names.release(entry.name)) not in stored)


def _has_promoted(shelf: Shelf) -> bool:
    """Whether a readable one of the latest decisions to promote says that it moved the channel."""
    latest = shelf.latest(f"{names.DECISIONS}promote/", count=_FEW)
    return any(found["outcome"]["move"] for _, found in shelf.readable(latest))


def concerns(event: Event, channel: Channel, policy: Policy) -> bool:
    """Whether an alarm, or an order to go back, wants what serves now left.

    It does not if it is stale or already carried out, or if the gravest of a group's alarms that may roll back is stale.
    """
    if channel.serving is None or event.data.get("to") == channel.serving.name:
        return False
    if event.type != events.SLO_BREACHED:
        return event.data.get("release") in {None, channel.serving.name}
    gravest = alarm.said_of(event, policy.rollback.alarms)[0]
    told = str(event.data.get("at") or event.time)
    settling = policy.rollback.settle_seconds
    return gravest.word == "roll_back" and alarm.concerns(gravest.began, channel.serving.since, settling, told)


def misdated(name: str, since: str, at: str) -> str | None:
    """What it means that a release serves since a moment which is later than `at`."""
    if instant.order(since) <= instant.order(at):
        return None
    return (
        f"By its date {name} begins to serve at {when(since)}, but this machine's clock says {when(at)}: one clock is "
        "wrong. An alarm from before that date is taken for one about an earlier release, and rolls nothing back; "
        "`federation rollback` does."
    )


def tampered(history: History, at: str) -> Past | None:
    """The last decision of a sweep that somebody else changed what is live; the daily sweep tells again what is still so."""
    since = instant.microseconds(at) - _SWEPT * 1_000_000
    told = [past for past in history.latest("sweep", within=_SWEPT) if events.TAMPER_DETECTED in past.announced_types]
    return next((past for past in reversed(told) if instant.microseconds(past.now) >= since), None)


def unheeded(history: History, channel: Channel, policy: Policy) -> Past | None:
    """The last alarm about what serves that could not roll back, since there was nothing to go back to."""
    if rollback_target(channel) is not None:
        return None
    alarms = (
        past for past in reversed(history.latest("roll_back", within=_DAY)) if past.event.type == events.SLO_BREACHED
    )
    skipped = (past for past in alarms if events.ROLLBACK_SKIPPED in past.announced_types)
    return next((past for past in skipped if concerns(past.event, channel, policy)), None)
