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
    """The channel, and what the registry really has of its live releases, by name."""

    channel: Channel
    receipts: Mapping[str, Receipt | None]


def gather(event: Event, reads: Reads) -> Facts:
    """What is really published."""
    del event
    channel = reads.channel(reads.policy().channel)
    return Facts(channel=channel, receipts={entry.name: reads.published(entry.name) for entry in channel.live()})


def decide(event: Event, facts: Facts, policy: Policy, now: str) -> Outcome:
    """Report every tag that no longer names what the channel recorded."""
    del policy, now
    found = [_tamper(event, entry, facts.receipts.get(entry.name)) for entry in facts.channel.live()]
    tampered = tuple(told for told in found if told)
    if not tampered:
        return NOTHING
    return Outcome(why="; ".join(str(told.data["why"]) for told in tampered), events=tampered)


def _tamper(event: Event, entry: Entry, receipt: Receipt | None) -> Event | None:
    if receipt and receipt.digest == entry.digest and receipt.commit == entry.commit:
        return None
    found = f"commit {receipt.commit} with {receipt.digest}" if receipt else "nothing"
    why = f"the tag {entry.name} should name commit {entry.commit} with {entry.digest}, but names {found}"
    return Event(
        type=events.TAMPER_DETECTED,
        source="//federation/sweep",
        subject=entry.name,
        time=event.time,
        key=f"{entry.name}|{digest(why)}",
        data={"release": entry.name, "why": why},
    )
