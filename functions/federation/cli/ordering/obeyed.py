# SPDX-License-Identifier: Apache-2.0
"""Do the nodes obey an order, or have they obeyed later moves than this home has made?

Nodes ignore a move that comes after a later one, as they must. But if that later one is none of this home's, they will
ignore its next moves, too, and whoever gave the order has to know.
"""

from typing import Final

from federation.cli.home.opened import Home
from federation.cli.store.shelf import Shelf
from federation.core import event as events
from federation.core.event import Event
from federation.errors import FederationError, ServiceError

_SHIFT: Final = frozenset({events.PROMOTION_ORDERED, events.ROLLBACK_ORDERED})
_WHAT_NOW: Final = (
    "If a copy of this home runs elsewhere on the same nodes, stop one of the two first; then go on as after a backup: "
    'docs/operations.md, "When a home was restored from a backup"'
)


def unless_ignored(home: Home, given: Event) -> list[str]:
    """Refuse to call an order done that has moved the channel, but that the nodes ignore.

    The order has been carried out by then, so nodes or a store that cannot be read do not make it fail.

    Returns:
        What to do, if the nodes are ahead of this home, but serve what was ordered all the same.

    Raises:
        ServiceError: They are ahead, and serve another release.
    """
    if given.type not in _SHIFT:
        return []
    try:
        name = Shelf(home.ports).own_channel().name
        served = home.ports.traffic.serving(name)
        channel = Shelf(home.ports).channel(name)  # after the nodes, so that each move of our own is in it
    except FederationError:
        return []
    if served is None or served.counter <= channel.counter or channel.moved_by(given.id) is None:
        return []
    ahead = (
        f"They have obeyed move {served.counter}, and this home is at move {channel.counter}: another copy of it shares its "
        "nodes, or it is a restored backup"
    )
    wanted = channel.serving.name if channel.serving else "nothing"
    if served.release == wanted:
        return [f"The nodes serve {wanted}, but not because of this order. {ahead}", _WHAT_NOW]
    raise ServiceError(
        f"{wanted} is to serve, but the nodes ignore that and go on serving {served.release}. {ahead}",
        hint=f"Do not order it again. {_WHAT_NOW}.",
    )
