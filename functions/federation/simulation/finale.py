# SPDX-License-Identifier: Apache-2.0
"""The end of every history, after which a good unit must serve."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from federation.core import names
from federation.simulation.actions import Action, Approve, Order, Settle, Ship, Tick, Wait
from federation.simulation.platform import INDEX, Kind, Quality, contract
from federation.simulation.played import Played
from federation.simulation.story import DAY, MERGE, WINDOW

_NIGHT: Final = DAY + 2 * 60
"""Tuesday, 3 in Berlin: between the merge and the window."""


def finale(played: Played, kind: Kind) -> Iterator[Action]:
    """Ship a good unit on a Monday, and do everything that brings it to the next promotion window."""
    monday = played.minute
    yield Order(kind="resume")
    yield from (Tick(what="sweep"), Settle())
    for shipped_kind in _kinds_to_ship(played, kind):
        yield Ship(
            kind=shipped_kind,
            number=played.next(shipped_kind),
            quality=_fitting_quality(played, shipped_kind),
            content="finale",
        )
    yield Settle()
    yield Wait(until=monday + MERGE)
    yield from (Tick(what="merge"), Settle())
    yield Approve(who="finale")
    yield Wait(until=monday + _NIGHT)
    yield from (Tick(what="sweep"), Settle())
    yield Wait(until=monday + WINDOW)
    yield from (Tick(what="promote"), Settle(), Tick(what="sweep"), Settle())


def _kinds_to_ship(played: Played, kind: Kind) -> Iterable[Kind]:
    """The kind, another one in case of a quorum of two, and every kind that the policy requires."""
    policy: dict[str, Any] = played.world.document(played.world.store.active_policy())
    calibrated: list[Kind] = ["embedder", INDEX] if INDEX in policy["gates"] else []
    other: Kind = "embedder" if kind == "textgen-lora" else "textgen-lora"
    return dict.fromkeys((other, *policy["fusion"]["required"], kind, *calibrated))


def _fitting_quality(played: Played, kind: Kind) -> Quality:
    """A good quality with the serving unit's contract, because the policy may not allow a change."""
    serving = played.world.serving()
    if serving is None or kind not in serving["numbers"]:
        return "good"
    version = played.world.document(names.version(kind, serving["numbers"][kind]))
    return "good" if version["stated"]["contract"] == contract(kind, "good") else "changed"
