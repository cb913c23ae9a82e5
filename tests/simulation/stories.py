# SPDX-License-Identifier: Apache-2.0
"""Short stories of one, two and three releases, and what can be seen of a world after them."""

from federation.simulation.actions import Alarm, Settle, Ship, Tick, Wait
from federation.simulation.chaos import Chaos
from federation.simulation.story import WEEK

CALM = Chaos(drawn=None)


def promoted(week):
    """The promotion window of that week opens; `week` is when it begins, in minutes."""
    return [Wait(until=week + 2010), Tick(what="promote"), Settle()]


def embedder(number, week):
    """A new embedder serves in that week."""
    shipped = [Wait(until=week), Ship(kind="embedder", number=number, quality="good"), Settle()]
    return [*shipped, Tick(what="merge"), Settle(), *promoted(week)]


FIRST = [
    Ship(kind="textgen-lora", number=1, quality="good"),
    Ship(kind="embedder", number=1, quality="good"),
    Ship(kind="runtime-distilled", number=1, quality="good"),
    Settle(),
    Tick(what="merge"),
    Settle(),
    *promoted(0),
    Tick(what="sweep"),
    Settle(),
]
SECOND = embedder(2, WEEK)
THIRD = [*embedder(3, 2 * WEEK), Tick(what="sweep"), Settle()]
ALARM = [Wait(until=WEEK + 2130), Alarm(count=2), Settle()]


def serving(played):
    """The channel's entry of the release that serves."""
    return played.world.serving()


def announced(played, type_):
    """Every event of that type that was ever on the bus."""
    return [event for event in played.world.bus.announced if event.type == type_]
