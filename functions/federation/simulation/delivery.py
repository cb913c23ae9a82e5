# SPDX-License-Identifier: Apache-2.0
"""How does whatever is under way come to rest? Every delivery is made, in whatever disorder the chaos draws."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

from federation.chain import deliver_as_deployed, run_chain
from federation.core import instant, names
from federation.core.digest import canonical
from federation.core.uri import SENTINEL
from federation.errors import FederationError
from federation.runtime import carry_out, decide
from federation.simulation.actions import Ship
from federation.simulation.chaos import CrashError
from federation.simulation.platform import Kind
from federation.simulation.storage import Knock, Waiting
from federation.simulation.world import World
from federation.sources import Trust

Way = Literal["bus", "door", "inline"]
EPOCH: Final = datetime(2026, 1, 5, tzinfo=UTC)
TRUST: Final = Trust(s3_buckets=frozenset({"bucket"}), sentinel=SENTINEL)
CLOCKS: Final = timedelta(minutes=2)
"""Clocks are a minute wrong: of what lies closer together nobody can say which came first."""
_PATIENCE: Final = 3000
"""Deliveries after which a history that has not come to rest is stuck."""


class StuckError(FederationError):
    """Deliveries go on and on and nothing comes to rest."""


@dataclass(slots=True, kw_only=True)
class FiredAlarm:
    """An alarm that spoke of the serving release, and whether there was anything to go back to.

    The channel's counter `before` it was told, and `after` everything that followed had come to rest.
    """

    event: str
    before: int
    had_target: bool
    after: int | None = None


@dataclass(slots=True, kw_only=True)
class Burning:
    """An alarm that fires since `at` while `release` serves, and `lasts` minutes after that is `left`."""

    key: str
    at: datetime
    release: str
    lasts: int
    left: int | None = None


@dataclass(slots=True, kw_only=True)
class Played:
    """A world after its story, and what is true about it.

    `way`: what comes from outside comes over the bus, through the door, or through the door with all that follows from it
    in one process. `coming` are policies that become active while something is under way. `alarm_of` is the key of the
    alarm that each breach tells of, `paired` are manifests that are told of with the next one, and `dead` the letters that
    wait for somebody to have them delivered again; `gave_up` is whether there ever were any.
    """

    world: World
    way: Way = "bus"
    minute: int = 0
    shipped: list[tuple[Ship, str]] = field(default_factory=list)
    unfinished: list[tuple[str, Mapping[str, bytes]]] = field(default_factory=list)
    paired: list[str] = field(default_factory=list)
    fresh: list[FiredAlarm] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)
    burning: list[Burning] = field(default_factory=list)
    alarm_of: dict[str, str] = field(default_factory=dict)
    coming: list[Mapping[str, Any]] = field(default_factory=list)
    dead: list[Waiting | Knock] = field(default_factory=list)
    gave_up: bool = False
    finale: tuple[Kind, str] | None = None
    orders: int = 0
    alarms: int = 0
    jobs: int = 0

    @property
    def now(self) -> str:
        """The true time."""
        return instant.text(EPOCH + timedelta(minutes=self.minute))

    def clock(self) -> str:
        """The time as some process tells it."""
        return instant.text(EPOCH + timedelta(minutes=self.minute, seconds=self.world.chaos.skew()))

    def rest(self) -> None:
        """Nothing is under way any more."""
        self.activate()
        channel = self.world.channel()
        for alarm in self.fresh:
            if alarm.after is None and not self.dead:
                alarm.after = channel["counter"] if channel else 0

    def activate(self) -> None:
        """The next policy that was to come is the active one from now on."""
        if self.coming:
            policy = self.coming.pop(0)
            self.world.store.documents[names.policy(policy["version"])] = canonical(policy)


def settle(played: Played) -> None:
    """Make every delivery; when the chaos has had its fill, the rest comes calmly. What needs a hub that is down waits."""
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
    """Whether the delivery returned; one that raised is delivered again, and sometimes one that returned is, too."""
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
    """One worker does its work; sometimes another does all of its own between the first one's decision and its effects."""
    world, ports = played.world, played.world.ports
    if isinstance(chosen, Knock) or played.way == "inline":
        _handle_other(played, other)
    _meanwhile(played)
    under = world.store.under = world.store.active_policy()
    match chosen:
        case Knock(request=request):
            deliver_as_deployed(request, TRUST, ports, played.clock, inline=played.way == "inline")
        case Waiting(step=step, event=event) if played.way == "inline":
            run_chain(step, event, ports, played.clock)
        case Waiting(step=step, event=event):
            try:
                decided = decide(step, event, ports, played.clock())
            finally:
                _meanwhile(played)
                _handle_other(played, other)
            world.store.under = under
            carry_out(decided, ports)


def _handle_other(played: Played, other: Waiting | Knock | None) -> None:
    if other is None:
        return
    try:
        _handle(played, other, None)
    except (FederationError, CrashError):
        played.world.bus.waiting.append(other)


def _meanwhile(played: Played) -> None:
    if played.coming and played.world.chaos.strikes(played.world.chaos.activated):
        played.activate()
