# SPDX-License-Identifier: Apache-2.0
"""Does the registry still contain every live release as it was published?

This is checked separately from what the nodes serve, so that a registry that is down hides no drift.
"""

from collections.abc import Mapping

import msgspec

from federation.core import event as events
from federation.core.channel import Channel, Entry
from federation.core.digest import digest
from federation.core.event import Event
from federation.core.outcome import NOTHING, Outcome
from federation.core.policy import Policy
from federation.gathering import Reads
from federation.ports import Receipt

HEARS = (events.TICK_REGISTRY,)


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """The channel, and the registry's receipt of each live release, by name."""

    channel: Channel
    receipts: Mapping[str, Receipt | None]


def gather(event: Event, reads: Reads) -> Facts:
    """The channel and the registry's receipts."""
    del event
    channel = reads.channel(reads.policy().channel)
    return Facts(channel=channel, receipts={entry.name: reads.published(entry.name) for entry in channel.live()})


def decide(event: Event, facts: Facts, policy: Policy, now: str) -> Outcome:
    """Report every tag that no longer names what the channel recorded."""
    del policy, now
    tampers = [_tamper_event(event, entry, facts.receipts.get(entry.name)) for entry in facts.channel.live()]
    tampered = tuple(tamper for tamper in tampers if tamper)
    if not tampered:
        return NOTHING
    return Outcome(why="; ".join(str(tamper.data["why"]) for tamper in tampered), events=tampered)


def _tamper_event(event: Event, entry: Entry, receipt: Receipt | None) -> Event | None:
    if receipt and receipt.digest == entry.digest and receipt.commit == entry.commit:
        return None
    actual = f"commit {receipt.commit} with {receipt.digest}" if receipt else "nothing"
    why = f"the tag {entry.name} should name commit {entry.commit} with {entry.digest}, but names {actual}"
    return event.follow_up(
        "sweep",
        events.TAMPER_DETECTED,
        entry.name,
        key=f"{entry.name}|{digest(why)}",
        data={"release": entry.name, "why": why},
    )
