# SPDX-License-Identifier: Apache-2.0
"""What happens at the end of every history, so that a good unit has to serve after it?"""

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
    """Ship a good unit, on a Monday, and everything that brings it to the next promotion window."""
    monday = played.minute
    yield Order(kind="resume")
    yield from (Tick(what="sweep"), Settle())
    for one in _shipped(played, kind):
        yield Ship(kind=one, number=played.next(one), quality=_fitting(played, one), content="finale")
    yield Settle()
    yield Wait(until=monday + MERGE)
    yield from (Tick(what="merge"), Settle())
    yield Approve(who="finale")
    yield Wait(until=monday + _NIGHT)
    yield from (Tick(what="sweep"), Settle())
    yield Wait(until=monday + WINDOW)
    yield from (Tick(what="promote"), Settle(), Tick(what="sweep"), Settle())


def _shipped(played: Played, kind: Kind) -> Iterable[Kind]:
    """The kind, another one in case the policy asks for a quorum of two, and whatever else the policy requires."""
    policy: dict[str, Any] = played.world.document(played.world.store.active_policy())
    calibrated: list[Kind] = ["embedder", INDEX] if INDEX in policy["gates"] else []
    other: Kind = "embedder" if kind == "textgen-lora" else "textgen-lora"
    return dict.fromkeys((other, *policy["fusion"]["required"], kind, *calibrated))


def _fitting(played: Played, kind: Kind) -> Quality:
    """A good quality with the contract of what serves, since the policy may no longer allow a change."""
    serving = played.world.serving()
    if serving is None or kind not in serving["numbers"]:
        return "good"
    version = played.world.document(names.version(kind, serving["numbers"][kind]))
    return "good" if version["stated"]["contract"] == contract(kind, "good") else "changed"
