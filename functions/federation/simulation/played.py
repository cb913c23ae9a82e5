# SPDX-License-Identifier: Apache-2.0
"""The truth about a world in which a story is played, independent of what its steps believe."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, get_args

from federation.core import instant, names
from federation.core.alarm import Response
from federation.core.digest import canonical
from federation.simulation.actions import Ship
from federation.simulation.platform import Kind
from federation.simulation.storage import Knock, Waiting
from federation.simulation.world import World

Way = Literal["bus", "door", "inline"]
"""How outside events arrive: over the bus, through `receive`, or through `receive` with all steps in one process."""
WAYS: Final[tuple[Way, ...]] = get_args(Way)
EPOCH: Final = datetime(2026, 1, 5, tzinfo=UTC)
_GUESSED: Final = 62
"""Minutes for which a roll-back may still follow a replaced policy."""


@dataclass(slots=True, kw_only=True)
class FiredAlarm:
    """An alarm about the serving release, or one that holds promotions. Promise 10 demands what its policy says.

    Args:
        event: The id of the breach.
        key: The alarm's key.
        response: The policy's response to it.
        before: The channel's counter when it was delivered.
        had_target: Whether there was a release to roll back to.
        after: The channel's counter after all following deliveries; None until then.
    """

    event: str
    key: str
    response: Response
    before: int
    had_target: bool
    after: int | None = None


@dataclass(slots=True, kw_only=True)
class Burning:
    """An alarm that fires now.

    Args:
        key: The alarm's key.
        name: Its name in a policy.
        at: When it began to fire.
        release: The release that it is about.
        lasts: Minutes for which it still fires after that release has stopped serving.
        left: The minute in which that release stopped serving; None while it serves.
    """

    key: str
    name: str
    at: datetime
    release: str
    lasts: int
    left: int | None = None


@dataclass(slots=True, kw_only=True)
class Played:
    """A world in which a story is played, and the truth about it.

    Args:
        world: The ports, with everything in them.
        way: How events from outside arrive.
        minute: The true time, in minutes since EPOCH.
        shipped: Every job that shipped a unit, with the unit's artifact digest.
        measured: The true embedder and threshold of each index, by its artifact digest.
        completed: The minute in which each job ended, by the folder that it wrote.
        abandoned: Folders whose upload never ends.
        unfinished: Folders whose upload has not ended, with the missing files.
        paired: Folders that will be reported together with the next one.
        fresh: The alarms that ask for a roll-back, a hold or a notification.
        stale: Ids of breaches that must not roll back, because they are about an earlier release.
        burning: The alarms that fire now.
        alarm_of: The key of the alarm behind each breach, by the breach's id.
        name_of: The name of each alarm, by its key.
        began: When the alarm behind each breach began to fire, by the breach's id.
        active_since: When each policy became active, in minutes, by its document's name, in that order.
        coming: Policies that will become active during deliveries.
        dead: Dead letters.
        gave_up: Whether there ever were dead letters.
        finale: The kind of the finale, and the artifact digest of its unit, which must serve; None before the finale.
        orders: The number of orders so far, which gives each its own key.
        alarms: The number of alarms so far, for the same reason.
        jobs: The number of requested jobs so far, for the same reason.
    """

    world: World
    way: Way = "bus"
    minute: int = 0
    shipped: list[tuple[Ship, str]] = field(default_factory=list)
    measured: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    completed: dict[str, int] = field(default_factory=dict)
    abandoned: list[str] = field(default_factory=list)
    unfinished: list[tuple[str, Mapping[str, bytes]]] = field(default_factory=list)
    paired: list[str] = field(default_factory=list)
    fresh: list[FiredAlarm] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)
    burning: list[Burning] = field(default_factory=list)
    alarm_of: dict[str, str] = field(default_factory=dict)
    name_of: dict[str, str] = field(default_factory=dict)
    began: dict[str, datetime] = field(default_factory=dict)
    active_since: dict[str, int] = field(default_factory=dict)
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

    @property
    def apart(self) -> timedelta:
        """The most by which two clocks differ. Of two closer moments, either may have been first."""
        return timedelta(seconds=2 * self.world.chaos.skew_seconds)

    def clock(self) -> str:
        """The time on some process's clock."""
        return instant.text(EPOCH + timedelta(minutes=self.minute, seconds=self.world.chaos.skew()))

    def next(self, kind: Kind) -> int:
        """The number of the next unit of this kind."""
        return 1 + max((ship.number for ship, _ in self.shipped if ship.kind == kind), default=0)

    def rest(self) -> None:
        """Note that every delivery was made: activate a coming policy, and set `after` of each alarm."""
        self.activate()
        channel = self.world.channel()
        for alarm in self.fresh:
            if alarm.after is None and not self.dead:
                alarm.after = channel["counter"] if channel else 0

    def activate(self) -> None:
        """Activate the next coming policy, if any."""
        if self.coming:
            policy = self.coming.pop(0)
            self.store_policy(policy)

    def store_policy(self, policy: Mapping[str, Any]) -> None:
        """Activate a policy."""
        name = names.policy(policy["version"])
        self.world.store.documents[name] = canonical(policy)
        self.active_since[name] = self.minute

    def responses(self, name: str, minute: int) -> frozenset[Response]:
        """The responses that an alarm with this name may have caused at that minute.

        The active policy decides, or one that was active within the last hour, which a roll-back may still follow.
        """
        since = [*self.active_since.items()]
        until = [*(start for _, start in since[1:]), math.inf]
        near = [
            policy_name
            for (policy_name, start), end in zip(since, until, strict=True)
            if start <= minute <= end + _GUESSED
        ]
        return frozenset(
            self.world.document(policy_name)["rollback"].get("alarms", {}).get(name, "roll_back")
            for policy_name in near
        )
