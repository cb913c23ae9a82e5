# SPDX-License-Identifier: Apache-2.0
"""The outcome of a step: what it decided, as data."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from federation.core.channel import Channel
from federation.core.event import Event


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """A document to store for ever, under a name that follows from its content."""

    name: str
    value: Mapping[str, Any]


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """The channel's next state, stored only if its counter is still `expected`."""

    channel: str
    expected: int
    to: Mapping[str, Any]


class Publish(msgspec.Struct, frozen=True, kw_only=True):
    """Publish a release in the registry, and store the receipt."""

    release: str


class Shift(msgspec.Struct, frozen=True, kw_only=True):
    """Serve `release`, and keep `warm` ready. A shift with a higher counter wins."""

    channel: str
    counter: int
    release: str
    warm: tuple[str, ...]


def shift(channel: Channel) -> Shift:
    """The shift that makes the nodes follow the channel."""
    serving = channel.serving.name if channel.serving else ""
    warm = tuple(entry.name for entry in channel.live() if entry.name != serving)
    return Shift(channel=channel.name, counter=channel.counter, release=serving, warm=warm)


class Launch(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Start a training job. Each name starts only one job. With `elsewhere`, another place could run it, too."""

    name: str
    job: Mapping[str, Any]
    elsewhere: bool = False


Act = Publish | Shift | Launch


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """Documents to keep, then a channel to move, then acts to carry out, then events to announce.

    An empty outcome means that there was nothing to do. A refusal is never empty, and `why` is a sentence about it.
    `urgent` moves the channel before any document is stored; the move itself records who and why.
    `result` is the name of the document that will also contain the decision; if empty, the decision gets its own.
    `repeat` repeats the effects of an earlier decision, in case its delivery was interrupted.
    """

    why: str = ""
    documents: tuple[Document, ...] = ()
    move: Move | None = None
    acts: tuple[Act, ...] = ()
    events: tuple[Event, ...] = ()
    result: str = ""
    repeat: bool = False
    urgent: bool = False

    def __bool__(self) -> bool:
        return bool(self.documents or self.move or self.acts or self.events)


NOTHING = Outcome()


def joined(outcomes: Iterable[Outcome]) -> Outcome:
    """Several outcomes as one, or NOTHING if all are empty. None of them may move the channel."""
    parts = [outcome for outcome in outcomes if outcome]
    if not parts:
        return NOTHING
    return Outcome(
        why="; ".join(outcome.why for outcome in parts),
        documents=tuple(document for outcome in parts for document in outcome.documents),
        acts=tuple(act for outcome in parts for act in outcome.acts),
        events=tuple(event for outcome in parts for event in outcome.events),
        repeat=all(outcome.repeat for outcome in parts),
    )
