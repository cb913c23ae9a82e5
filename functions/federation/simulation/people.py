# SPDX-License-Identifier: Apache-2.0
"""Which event does a person's order become, and which unit or release is it about?"""

from collections.abc import Mapping
from typing import Any, Final

from federation.core import event as events
from federation.core import names
from federation.core.release import recency
from federation.simulation import doors
from federation.simulation.actions import Order, Place
from federation.simulation.delivery import settle
from federation.simulation.played import Played

_ORDERS: Final[Mapping[str, str]] = {
    "hold": events.HOLD_ORDERED,
    "resume": events.RESUME_ORDERED,
    "quarantine": events.QUARANTINE_ORDERED,
    "lift": events.LIFT_ORDERED,
    "anchor": events.ANCHOR_ORDERED,
    "promote": events.PROMOTION_ORDERED,
    "roll_back": events.ROLLBACK_ORDERED,
}


def order(played: Played, given: Order) -> None:
    """Give the order, and make every delivery that follows; nothing happens when there is nothing that it could be about."""
    about = _about(played, given)
    if about is not None:
        _give(played, _ORDERS[given.kind], {"who": "ada", **about})


def approve(played: Played, who: str) -> None:
    """Approve the release that was assembled last, if there is one."""
    if release := _newest(played):
        _give(played, events.APPROVAL_GIVEN, {"who": who, "release": release})


def _give(played: Played, type_: str, data: Mapping[str, Any]) -> None:
    played.orders += 1
    said = {"why": f"order {played.orders}", **data}
    doors.arrive(played, doors.reported(type_, "order", f"order|{played.orders}", played, said))
    settle(played)


def _about(played: Played, given: Order) -> Mapping[str, Any] | None:
    """The order's data besides who and why; None when there is nothing that it could be about."""
    channel = played.world.channel() or {"serving": None, "quarantine": {}}
    serving = channel["serving"] or {"name": None, "units": {}}
    named = _named(played, given.place)
    said: Mapping[str, Mapping[str, Any]] = {
        "quarantine": {"artifact": serving["units"].get(given.about)},
        "lift": {"artifact": min(channel["quarantine"], default=None)},
        "anchor": {"release": named},
        "promote": {"outside_window": True, **({"release": named} if named else {})},
        "roll_back": {"release": serving["name"], **({"to": named} if named else {})},
    }
    about = said.get(given.kind, {})
    return None if None in about.values() else about


def _named(played: Played, place: Place) -> str | None:
    """The name of the release in that place; None when it is empty."""
    channel = played.world.channel() or {"serving": None, "warm": [], "anchor": None, "left": {}}
    match place:
        case "":
            return None
        case "nowhere":
            return "spiralverse-ai-federated-v9.9.9"
        case "newest":
            return _newest(played)
        case "left":
            return next(reversed(channel["left"]), None)
        case "warm":
            return channel["warm"][0]["name"] if channel["warm"] else None
        case _:
            return channel[place]["name"] if channel[place] else None


def _newest(played: Played) -> str | None:
    releases = [played.world.document(name) for name in played.world.store.names(names.RELEASES)]
    last = max(releases, key=recency, default=None)
    return last["name"] if last else None
