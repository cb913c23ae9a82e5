# SPDX-License-Identifier: Apache-2.0
"""What did a step decide, as data?"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from federation.core.channel import Channel
from federation.core.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """Something to keep for ever under a name that follows from its content."""

    name: str
    value: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """The channel's next state, on the condition that its counter is still `expected`."""

    channel: str
    expected: int
    to: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Publish:
    """Put a release into the registry, and keep the receipt."""

    release: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """Serve `release` and keep `warm` ready, unless a shift with a higher counter came first."""

    channel: str
    counter: int
    release: str
    warm: tuple[str, ...]


def shift(channel: Channel) -> Shift:
    """What the serving nodes are to do for the channel as it is."""
    serving = channel.serving.name if channel.serving else ""
    warm = tuple(entry.name for entry in channel.live() if entry.name != serving)
    return Shift(channel=channel.name, counter=channel.counter, release=serving, warm=warm)


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """Start a training job; the same name starts only one."""

    name: str
    job: Mapping[str, Any]


Act = Publish | Shift | Launch


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Documents to keep, then a channel to move, then acts to carry out, then events to announce.

    An empty outcome means that there was nothing to do; a refusal is never empty, and `why` says it in a sentence.
    `repeat` marks what was decided before and is only carried out again, for a delivery that may have been cut short.
    """

    why: str = ""
    documents: tuple[Document, ...] = ()
    move: Move | None = None
    acts: tuple[Act, ...] = ()
    events: tuple[Event, ...] = ()
    repeat: bool = False

    def __bool__(self) -> bool:
        return bool(self.documents or self.move or self.acts or self.events)


NOTHING = Outcome()
