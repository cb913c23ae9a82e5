# SPDX-License-Identifier: Apache-2.0
"""What serves if the nodes are out of this home's reach and read the channel themselves?

Such a home knows only the channel, so it reports what the channel says and never sees drift. No release can be probed, so
none is ever proven, and none is called silent.
"""

from federation.core.channel import channel_of
from federation.core.outcome import Shift
from federation.ports import Served, Store
from federation.stored import NOTHING_MOVES, decoded


class TrafficElsewhere:
    """Nodes that follow the channel in a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def refusal(self, channel: str, release: str) -> None:
        """Returns None: this home knows of no obstacle."""
        del channel, release

    def shift(self, shift: Shift) -> None:
        """Does nothing: the channel has moved, and the nodes read it."""
        del shift

    def serving(self, channel: str) -> Served | None:
        """What the channel says; None before its first move."""
        body = self._store.channel(channel)
        if body is None:
            return None
        said = channel_of(decoded(f"the channel {channel}", body, NOTHING_MOVES), channel)
        return Served(counter=said.counter, release=said.serving.name if said.serving else "")

    def probe(self, channel: str, release: str) -> None:
        """Returns None: a release out of reach cannot be probed."""
        del channel, release
