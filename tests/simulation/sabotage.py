# SPDX-License-Identifier: Apache-2.0
"""Ways to break a promise in a world at rest, as no step and no store would."""

from federation.core.channel import channel_of
from federation.core.digest import canonical, digest
from federation.core.move import Cause


def moved(played, change):
    """Put a move into the world that no step would make."""
    channel = channel_of(played.world.channel(), "production")
    cause = Cause(event=digest("a saboteur"), at=played.now, who="saboteur", why="to see who notices")
    played.world.store.moves["production"].append(canonical(change(channel, cause).document()))
    return played


def changed(played, name, **fields):
    """Put another document under a name, as no store would."""
    played.world.store.documents[name] = canonical({**played.world.document(name), **fields})
    return played
