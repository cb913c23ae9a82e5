# SPDX-License-Identifier: Apache-2.0
"""How does whatever is under way come to rest? Every delivery is made, in whatever disorder the chaos draws."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from federation.core import instant
from federation.core.decision import Decision
from federation.errors import FederationError
from federation.runtime import carry_out, decide
from federation.simulation.platform import Kind
from federation.simulation.story import Ship
from federation.simulation.world import Waiting, World
from federation.steps import StepName

EPOCH: Final = datetime(2026, 1, 5, tzinfo=UTC)
_PATIENCE: Final = 3000
"""Deliveries after which a history that has not come to rest is stuck."""


class StuckError(FederationError):
    """Deliveries go on and on and nothing comes to rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FiredAlarm:
    """An alarm that spoke of the serving release, and whether there was anything to go back to."""

    event: str
    counter_before: int
    had_target: bool


@dataclass(slots=True, kw_only=True)
class Played:
    """A world after its story, and what is true about it."""

    world: World
    minute: int = 0
    shipped: list[tuple[Ship, str]] = field(default_factory=list)
    unfinished: list[tuple[str, Mapping[str, bytes]]] = field(default_factory=list)
    fresh: list[FiredAlarm] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)
    finale: tuple[Kind, str] | None = None
    orders: int = 0
    alarms: int = 0

    @property
    def now(self) -> str:
        """The true time."""
        return instant.text(EPOCH + timedelta(minutes=self.minute))


def settle(played: Played) -> None:
    """Make every delivery; when the chaos has had its fill, the rest comes calmly. What needs a hub that is down waits."""
    waiting = played.world.bus.waiting
    failures = 0
    for number in range(_PATIENCE):
        if not waiting or (not played.world.registry.up and failures > 3 * len(waiting) + 10):
            return
        failures = 0 if _deliver(played, waiting, calm=number > _PATIENCE // 3) else failures + 1
    raise StuckError(f"{len(waiting)} deliveries still wait, such as {waiting[0].step} of {waiting[0].event.type}")


def _deliver(played: Played, waiting: list[Waiting], *, calm: bool) -> bool:
    """Whether the delivery returned; one that raised is delivered again, and sometimes one that returned is, too."""
    chaos = played.world.chaos
    chosen = waiting.pop(chaos.pick(len(waiting)))
    other = waiting.pop(chaos.pick(len(waiting))) if waiting and not calm and chaos.strikes(chaos.race) else None
    try:
        if other:
            _race(played, chosen, other)
        else:
            carry_out(_decision(played, chosen), played.world.ports)
    except FederationError:
        waiting.append(chosen)
        return False
    if not calm and chaos.strikes(chaos.twice):
        waiting.append(chosen)
    return True


def _race(played: Played, slow: Waiting, quick: Waiting) -> None:
    """One worker decides, a second one does all its work, and only then the first carries out what it decided."""
    try:
        decided = _decision(played, slow)
    finally:
        try:
            carry_out(_decision(played, quick), played.world.ports)
        except FederationError:
            played.world.bus.waiting.append(quick)
    carry_out(decided, played.world.ports)


def _decision(played: Played, delivery: Waiting) -> Decision:
    now = EPOCH + timedelta(minutes=played.minute, seconds=played.world.chaos.skew())
    step: StepName = delivery.step  # type: ignore[assignment] # routes name steps only
    return decide(step, delivery.event, played.world.ports, instant.text(now))
