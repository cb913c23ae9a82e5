# SPDX-License-Identifier: Apache-2.0
"""Turns a person's order into an event, about a unit or a release."""

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


def order(played: Played, instruction: Order) -> None:
    """Give the order and make every delivery that follows. Nothing happens if its target does not exist."""
    about = _target(played, instruction)
    if about is not None:
        _send(played, _ORDERS[instruction.kind], {"who": "ada", **about})


def approve(played: Played, who: str) -> None:
    """Approve the release that was assembled last, if any."""
    if release := _newest_release(played):
        _send(played, events.APPROVAL_GIVEN, {"who": who, "release": release})


def _send(played: Played, type_: str, data: Mapping[str, Any]) -> None:
    played.orders += 1
    payload = {"why": f"order {played.orders}", **data}
    doors.arrive(played, doors.reported(type_, "order", f"order|{played.orders}", played, payload))
    settle(played)


def _target(played: Played, instruction: Order) -> Mapping[str, Any] | None:
    """The order's data besides who and why; None if its target does not exist."""
    channel = played.world.channel() or {"serving": None, "quarantine": {}}
    serving = channel["serving"] or {"name": None, "units": {}}
    release = _release_name(played, instruction.place)
    targets: Mapping[str, Mapping[str, Any]] = {
        "quarantine": {"artifact": serving["units"].get(instruction.about)},
        "lift": {"artifact": min(channel["quarantine"], default=None)},
        "anchor": {"release": release},
        "promote": {"outside_window": True, **({"release": release} if release else {})},
        "roll_back": {"release": serving["name"], **({"to": release} if release else {})},
    }
    about = targets.get(instruction.kind, {})
    return None if None in about.values() else about


def _release_name(played: Played, place: Place) -> str | None:
    """The name of the release in this place, or None."""
    channel = played.world.channel() or {"serving": None, "warm": [], "anchor": None, "left": {}}
    match place:
        case "":
            return None
        case "nowhere":
            return "spiralverse-ai-federated-v9.9.9"
        case "newest":
            return _newest_release(played)
        case "left":
            return next(reversed(channel["left"]), None)
        case "warm":
            return channel["warm"][0]["name"] if channel["warm"] else None
        case _:
            return channel[place]["name"] if channel[place] else None


def _newest_release(played: Played) -> str | None:
    releases = [played.world.document(name) for name in played.world.store.names(names.RELEASES)]
    last = max(releases, key=recency, default=None)
    return last["name"] if last else None
