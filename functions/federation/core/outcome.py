# SPDX-License-Identifier: Apache-2.0
"""What did a step decide, as data?"""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from federation.core.channel import Channel
from federation.core.event import Event


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """Something to keep for ever under a name that follows from its content."""

    name: str
    value: Mapping[str, Any]


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """The channel's next state, on the condition that its counter is still `expected`."""

    channel: str
    expected: int
    to: Mapping[str, Any]


class Publish(msgspec.Struct, frozen=True, kw_only=True):
    """Put a release into the registry, and keep the receipt."""

    release: str


class Shift(msgspec.Struct, frozen=True, kw_only=True):
    """Serve `release` and keep `warm` ready, unless a shift with a higher counter came first."""

    channel: str
    counter: int
    release: str
    warm: tuple[str, ...]


def shift(channel: Channel) -> Shift:
    """The shift that makes the nodes serve what the channel says."""
    serving = channel.serving.name if channel.serving else ""
    warm = tuple(entry.name for entry in channel.live() if entry.name != serving)
    return Shift(channel=channel.name, counter=channel.counter, release=serving, warm=warm)


class Launch(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Start a training job; the same name starts only one. `elsewhere` says that another place could run it, too."""

    name: str
    job: Mapping[str, Any]
    elsewhere: bool = False


Act = Publish | Shift | Launch


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """Documents to keep, then a channel to move, then acts to carry out, then events to announce.

    An empty outcome means that there was nothing to do; a refusal is never empty, and `why` says it in a sentence.
    `urgent` moves the channel before any document is stored; the move itself records who and why.
    `told_in` names the one of `documents` that will hold the decision; if empty, the decision gets a document of its own.
    `repeat` marks a decision taken before, whose effects are repeated in case an earlier delivery was interrupted.
    """

    why: str = ""
    documents: tuple[Document, ...] = ()
    move: Move | None = None
    acts: tuple[Act, ...] = ()
    events: tuple[Event, ...] = ()
    told_in: str = ""
    repeat: bool = False
    urgent: bool = False

    def __bool__(self) -> bool:
        return bool(self.documents or self.move or self.acts or self.events)


NOTHING = Outcome()


def joined(outcomes: Iterable[Outcome]) -> Outcome:
    """Several outcomes as one; none of them may move the channel. NOTHING if all are empty."""
    told = [outcome for outcome in outcomes if outcome]
    if not told:
        return NOTHING
    return Outcome(
        why="; ".join(outcome.why for outcome in told),
        documents=tuple(document for outcome in told for document in outcome.documents),
        acts=tuple(act for outcome in told for act in outcome.acts),
        events=tuple(event for outcome in told for event in outcome.events),
        repeat=all(outcome.repeat for outcome in told),
    )
