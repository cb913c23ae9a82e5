# SPDX-License-Identifier: Apache-2.0
"""What serves if this home cannot reach the nodes, because they read the channel themselves?

Such a home knows only the channel, so it reports the channel's release and never sees drift. It can probe no release, so
it calls none proven and none silent.
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
        """Always None: this home knows of no obstacle."""
        del channel, release

    def shift(self, shift: Shift) -> None:
        """Do nothing: the channel has moved, and the nodes read it."""
        del shift

    def serving(self, channel: str) -> Served | None:
        """The channel's release; None before its first move."""
        body = self._store.channel(channel)
        if body is None:
            return None
        state = channel_of(decoded(f"the channel {channel}", body, NOTHING_MOVES), channel)
        return Served(counter=state.counter, release=state.serving.name if state.serving else "")

    def probe(self, channel: str, release: str) -> None:
        """Always None: this home cannot reach the release."""
        del channel, release
