# SPDX-License-Identifier: Apache-2.0
"""Do the nodes obey an order, or do they know later moves than this home has made?

Nodes must ignore a move that arrives after a later one. But if another home made that later move, they ignore this home's
next moves, too, and whoever gave the order has to know.
"""

from typing import Final

from federation.cli.home.opened import Home
from federation.cli.store.shelf import Shelf
from federation.core import event as events
from federation.core.event import Event
from federation.errors import FederationError, ServiceError

_SHIFT: Final = frozenset({events.PROMOTION_ORDERED, events.ROLLBACK_ORDERED})
_WHAT_NOW: Final = (
    "If a copy of this home runs elsewhere on the same nodes, stop one of the two first. Then proceed as after a restored "
    'backup: docs/operations.md, "When a home was restored from a backup"'
)


def check_nodes(home: Home, order: Event) -> list[str]:
    """Raise if the order moved the channel, but the nodes ignore the move.

    The order has been carried out by now, so it does not fail if the nodes or the store cannot be read.

    Returns:
        What to do if the nodes are ahead of this home but serve what was ordered; else nothing.

    Raises:
        ServiceError: The nodes are ahead, and serve another release.
    """
    if order.type not in _SHIFT:
        return []
    try:
        name = Shelf(home.ports).own_channel().name
        served = home.ports.traffic.serving(name)
        channel = Shelf(home.ports).channel(name)  # read after the nodes, so that it has all moves of our own
    except FederationError:
        return []
    if served is None or served.counter <= channel.counter or channel.moved_by(order.id) is None:
        return []
    ahead = (
        f"They are at move {served.counter}, and this home is at move {channel.counter}: another copy of this home "
        "shares its "
        "nodes, or this home is a restored backup"
    )
    wanted = channel.serving.name if channel.serving else "nothing"
    if served.release == wanted:
        return [f"The nodes serve {wanted}, but not because of this order. {ahead}", _WHAT_NOW]
    raise ServiceError(
        f"{wanted} should serve, but the nodes ignore this and still serve {served.release}. {ahead}",
        hint=f"Do not give the order again. {_WHAT_NOW}.",
    )
