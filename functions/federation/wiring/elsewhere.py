# SPDX-License-Identifier: Apache-2.0
"""What serves when the nodes are elsewhere: out of this home's reach, reading the channel by themselves?

The channel is all that such a home knows, so it is what is told: nothing drifts from it here. Nobody is asked to prove
that a release answers, so none is said to have.
"""

import msgspec

from federation.core.channel import channel_of
from federation.core.outcome import Shift
from federation.ports import Served, Store


class TrafficElsewhere:
    """Nodes that follow the channel in a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def refusal(self, channel: str, release: str) -> None:
        """Nothing that this home knows of stands in the way."""
        del channel, release

    def shift(self, shift: Shift) -> None:
        """Nothing: the channel has moved, and the nodes read it."""
        del shift

    def serving(self, channel: str) -> Served | None:
        """What the channel says; None before its first move."""
        body = self._store.channel(channel)
        if body is None:
            return None
        said = channel_of(msgspec.json.decode(body), channel)
        return Served(counter=said.counter, release=said.serving.name if said.serving else "")

    def probe(self, channel: str, release: str) -> bool:
        """Never: a release out of reach proves nothing."""
        del channel, release
        return False
