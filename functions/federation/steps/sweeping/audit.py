# SPDX-License-Identifier: Apache-2.0
"""Do the nodes serve what the channel says, and could they serve what is warm?

Drift is first only announced, and mended when that event is handled, so that nodes that cannot be shifted hide no
other finding. A release that no longer answers is announced in the same way, and loses its proof when that event is
handled. Nodes that have obeyed a later move than the channel's last are announced as tampering, and nothing is moved or
shifted: the channel was restored from a backup, and may name a release that a roll-back has left since.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

import msgspec

from federation.core import channel as channels
from federation.core import event as events
from federation.core import instant
from federation.core.channel import Channel, Entry
from federation.core.event import Event
from federation.core.move import Cause
from federation.core.outcome import NOTHING, Move, Outcome, shift
from federation.core.policy import Policy
from federation.gathering import Reads
from federation.ports import Served

HEARS = (events.TICK_AUDIT, events.DRIFT_DETECTED, events.RELEASE_UNPROVEN)

PROBE_HOURS: Final = 20
"""A release is probed again this long after its last success; a new one has as long to answer before it is reported."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """The channel and, on a tick, what is really served, and which releases answered."""

    channel: Channel
    served: Served | None = None
    probes: Mapping[str, bool | None] = msgspec.field(default_factory=dict)


def gather(event: Event, reads: Reads) -> Facts:
    """What the nodes really serve, and which releases answer; to follow up a finding, only the channel."""
    channel = reads.channel(reads.policy().channel)
    if event.type != events.TICK_AUDIT:
        return Facts(channel=channel)
    unproven = {entry.name for entry in channel.live() if _needs_probe(entry, event.time)}
    return Facts(
        channel=channel,
        served=reads.served(channel.name),
        probes={name: reads.probe(channel.name, name) for name in sorted(unproven)},
    )


def decide(event: Event, facts: Facts, policy: Policy, now: str) -> Outcome:
    """Report drift and releases that no longer answer, and record successful probes; or follow up such a report."""
    del policy
    if event.type == events.DRIFT_DETECTED:
        return Outcome(why=f"traffic is shifted again: {event.data['why']}", acts=(shift(facts.channel),))
    if event.type == events.RELEASE_UNPROVEN:
        return _record_silence(event, facts.channel, now)
    if why := _tamper_reason(facts):
        return Outcome(why=why, events=(_nodes_event(event, facts, events.TAMPER_DETECTED, why),))
    reports = (*_drift_events(event, facts), *_silence_events(event, facts))
    move = _probe_move(event, facts, now)
    if not (reports or move):
        return NOTHING
    reasons = [
        *(str(report.data["why"]) for report in reports),
        *([f"proven warm: {', '.join(_answering(facts))}"] if move else []),
    ]
    return Outcome(why="; ".join(reasons), move=move, events=reports)


def _drift_events(event: Event, facts: Facts) -> tuple[Event, ...]:
    serving = facts.channel.serving
    if serving is None or (facts.served and facts.served.release == serving.name):
        return ()
    why = f"the nodes serve {_served_name(facts)}, but the channel says {serving.name}"
    return (_nodes_event(event, facts, events.DRIFT_DETECTED, why),)


def _tamper_reason(facts: Facts) -> str | None:
    """What to do if the nodes have obeyed a later move than the channel's last; None if they have not."""
    served, channel = facts.served, facts.channel
    if served is None or served.counter <= channel.counter:
        return None
    if served.release == _serving_name(facts):
        says, then = f"is at move {channel.counter}", "Repeat"
    else:
        says = f"says {_serving_name(facts)} at move {channel.counter}"
        ways = "`federation rollback --to` or `federation promote`"
        then = f"First make the channel name what should serve ({ways}). Then repeat"
    return (
        f"the nodes have served {served.release} since move {served.counter}, but the channel {says}. This happens after a "
        "backup was restored, or while a copy of this home moves them. If there is a copy, first stop one of the two, and "
        f"give it nodes and a registry of its own. Nothing is shifted. {then} `federation hold` and `federation resume`, "
        f"one move each, until it is past move {served.counter}: the nodes ignore earlier moves"
    )


def _nodes_event(event: Event, facts: Facts, type_: str, why: str) -> Event:
    served, serving = _served_name(facts), _serving_name(facts)
    return event.follow_up(
        "sweep",
        type_,
        serving,
        key=f"{event.id}|{served}|{serving}",
        data={"served": served, "release": serving, "why": why},
    )


def _served_name(facts: Facts) -> str:
    return (facts.served and facts.served.release) or "nothing"


def _serving_name(facts: Facts) -> str:
    return facts.channel.serving.name if facts.channel.serving else "nothing"


def _needs_probe(entry: Entry, time: str) -> bool:
    return entry.probed_at is None or _is_long_ago(entry.probed_at, time)


def _is_long_ago(then: str, time: str) -> bool:
    return instant.moment(then) + timedelta(hours=PROBE_HOURS) <= instant.moment(time)


def _answering(facts: Facts) -> Sequence[str]:
    return sorted(name for name, answered in facts.probes.items() if answered)


def _silence_events(event: Event, facts: Facts) -> tuple[Event, ...]:
    """An event for each live release that does not answer, although it did before or has had the time to get ready."""
    silent = (entry for entry in facts.channel.live() if facts.probes.get(entry.name) is False and not entry.silent)
    return tuple(_silence_event(event, entry) for entry in silent if _is_due(entry, event.time))


def _silence_event(event: Event, entry: Entry) -> Event:
    answered = f"last did at {entry.probed_at}" if entry.probed_at else "never has"
    why = f"{entry.name} does not answer its probe; it {answered}"
    return event.follow_up(
        "sweep",
        events.RELEASE_UNPROVEN,
        entry.name,
        key=f"{event.id}|{entry.name}|{entry.probed_at}",
        data={"release": entry.name, "proven": entry.probed_at, "why": why},
    )


def _is_due(entry: Entry, time: str) -> bool:
    """Whether its silence means something: nodes need a while to get a new release ready."""
    return entry.probed_at is not None or _is_long_ago(entry.since, time)


def _record_silence(event: Event, channel: Channel, now: str) -> Outcome:
    """Record that the release no longer counts as proven, unless it has answered or left the channel since."""
    release, proven = str(event.data["release"]), event.data["proven"]
    entry = channel.place_of(release)
    if entry is None or entry.silent or entry.probed_at != proven:
        return NOTHING
    why = f"{release} does not answer its probe"
    to = channels.probed(channel, [release], Cause(event=event.id, at=now, who="sweep", why=why), answered=False)
    return Outcome(why=why, move=Move(channel=channel.name, expected=channel.counter, to=to.document()))


def _probe_move(event: Event, facts: Facts, now: str) -> Move | None:
    proven = _answering(facts)
    if not proven or facts.channel.moved_by(event.id):
        return None
    cause = Cause(event=event.id, at=now, who="sweep", why=f"probe answered by {', '.join(proven)}")
    to = channels.probed(facts.channel, proven, cause)
    return Move(channel=facts.channel.name, expected=facts.channel.counter, to=to.document())
