# SPDX-License-Identifier: Apache-2.0
"""Makes every waiting delivery, in an order that the chaos draws."""

from typing import Final

from federation.chain import deliver_as_deployed, run_chain
from federation.core.uri import SENTINEL
from federation.errors import FederationError
from federation.runtime import carry_out, decide
from federation.simulation.chaos import CrashError
from federation.simulation.played import Played
from federation.simulation.storage import Knock, Waiting
from federation.sources import Trust

TRUST: Final = Trust(s3_buckets=frozenset({"bucket"}), sentinel=SENTINEL)
_PATIENCE: Final = 3000
"""After this many deliveries, a history counts as stuck."""


class StuckError(FederationError):
    """Deliveries never end: events cause each other again and again, or keep failing."""


def settle(played: Played) -> None:
    """Make every delivery, in an order that the chaos draws. What fails only because the hub is down stays waiting.

    After a third of `_PATIENCE` deliveries no delivery is repeated or raced any more, so that the history ends.

    Raises:
        StuckError: The history did not come to an end.
    """
    waiting = played.world.bus.waiting
    failures = 0
    for number in range(_PATIENCE):
        if not waiting:
            played.rest()
            return
        if not played.world.registry.up and failures > 3 * len(waiting) + 10:
            return
        failures = 0 if _deliver(played, waiting, calm=number > _PATIENCE // 3) else failures + 1
    raise StuckError(f"{len(waiting)} deliveries still wait, such as {waiting[0]}")


def _deliver(played: Played, waiting: list[Waiting | Knock], *, calm: bool) -> bool:
    """Make one delivery, and return whether it succeeded. A failed one is made again, sometimes a good one, too."""
    chaos = played.world.chaos
    chosen = waiting.pop(chaos.pick(len(waiting)))
    other = waiting.pop(chaos.pick(len(waiting))) if waiting and not calm and chaos.strikes(chaos.race) else None
    try:
        _handle(played, chosen, other)
    except (FederationError, CrashError):
        dies = chaos.strikes(chaos.dies)
        played.gave_up |= dies
        (played.dead if dies else waiting).append(chosen)
        return False
    if not calm and chaos.strikes(chaos.twice):
        waiting.append(chosen)
    return True


def _handle(played: Played, chosen: Waiting | Knock, other: Waiting | Knock | None) -> None:
    """Handle `chosen`. A second worker handles `other`, if any, between the first one's decision and its effects."""
    world, ports = played.world, played.world.ports
    if isinstance(chosen, Knock) or played.way == "inline":
        _handle_other(played, other)
    _maybe_activate(played)
    under = world.store.under = world.store.active_policy()
    match chosen:
        case Waiting(step=step, event=event) if played.way != "inline":
            try:
                decision = decide(step, event, ports, played.clock())
            finally:
                _maybe_activate(played)
                _handle_other(played, other)
            world.store.under = under
            carry_out(decision, ports)
        case Knock(request=request):
            deliver_as_deployed(request, TRUST, ports, played.clock, inline=played.way == "inline")
        case Waiting(step=step, event=event):
            run_chain(step, event, ports, played.clock)


def _handle_other(played: Played, other: Waiting | Knock | None) -> None:
    if other is None:
        return
    try:
        _handle(played, other, None)
    except (FederationError, CrashError):
        played.world.bus.waiting.append(other)


def _maybe_activate(played: Played) -> None:
    if played.coming and played.world.chaos.strikes(played.world.chaos.activated):
        played.activate()
