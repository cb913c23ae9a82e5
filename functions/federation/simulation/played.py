# SPDX-License-Identifier: Apache-2.0
"""What is true in a world in which a story is played, whatever its steps believe?"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, get_args

from federation.core import instant, names
from federation.core.alarm import Word
from federation.core.digest import canonical
from federation.simulation.actions import Ship
from federation.simulation.platform import Kind
from federation.simulation.storage import Knock, Waiting
from federation.simulation.world import World

Way = Literal["bus", "door", "inline"]
"""How events from outside come in: over the bus, through `receive`, or through `receive` with all steps in one process."""
WAYS: Final[tuple[Way, ...]] = get_args(Way)
EPOCH: Final = datetime(2026, 1, 5, tzinfo=UTC)
_GUESSED: Final = 62
"""Minutes for which a roll-back may still go by a policy that has been replaced."""


@dataclass(slots=True, kw_only=True)
class FiredAlarm:
    """An alarm that was about the serving release, or holds promotions, so that promise 10 asks for what its policy says.

    Args:
        event: The id of the breach.
        key: Which alarm.
        word: What the policy says that it does.
        before: The channel's counter when it was delivered.
        had_target: Whether there was a release to go back to.
        after: The channel's counter once all deliveries that followed were made; None until then.
    """

    event: str
    key: str
    word: Word
    before: int
    had_target: bool
    after: int | None = None


@dataclass(slots=True, kw_only=True)
class Burning:
    """An alarm that fires now.

    Args:
        key: Which alarm.
        name: By which a policy may name it.
        at: Since when it fires.
        release: The release that it is about.
        lasts: Minutes for which it still fires once that release no longer serves.
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
    """A world in which a story is played, and what is true about it, whatever the steps believe.

    Args:
        world: The ports, with everything in them.
        way: How events from outside come in.
        minute: The true time, in minutes since EPOCH.
        shipped: Every job that shipped a unit, with the unit's artifact digest.
        measured: What is true about each index, by its artifact digest: the embedder that it was measured with, and the
            threshold.
        completed: The minute in which each of their jobs ended, by the folder that it wrote.
        abandoned: Folders whose upload never ends.
        unfinished: Folders whose upload has not ended, with the files that are still to come.
        paired: Folders that will be reported together with the next one.
        fresh: The alarms that ask for a roll-back, for a hold, or to be told of.
        stale: Ids of breaches that must not roll back, since they are about an earlier release.
        burning: The alarms that fire now.
        alarm_of: The key of the alarm behind each breach, by the breach's id.
        name_of: The name of each alarm, by its key.
        began: When the alarm behind each breach began to fire, by the breach's id.
        active_since: When each policy became active, in minutes, by its document's name, in that order.
        coming: Policies that become active at some moment while deliveries are under way.
        dead: Dead letters.
        gave_up: Whether there ever were any.
        finale: Once the finale has begun: the kind that it ships, and the artifact digest of that unit, which must serve.
        orders: How many orders people gave, so that each gets a key of its own.
        alarms: How many alarms began, for the same reason.
        jobs: How many jobs were asked for, for the same reason.
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
        """The most by which two clocks differ: of two moments closer than this, either may have come first."""
        return timedelta(seconds=2 * self.world.chaos.skew_seconds)

    def clock(self) -> str:
        """The time by some process's clock."""
        return instant.text(EPOCH + timedelta(minutes=self.minute, seconds=self.world.chaos.skew()))

    def next(self, kind: Kind) -> int:
        """The number that the next unit of that kind may have."""
        return 1 + max((ship.number for ship, _ in self.shipped if ship.kind == kind), default=0)

    def rest(self) -> None:
        """Note that every delivery was made: a coming policy becomes active, and each alarm learns what it led to."""
        self.activate()
        channel = self.world.channel()
        for alarm in self.fresh:
            if alarm.after is None and not self.dead:
                alarm.after = channel["counter"] if channel else 0

    def activate(self) -> None:
        """Make the next of the coming policies the active one, if there is one."""
        if self.coming:
            policy = self.coming.pop(0)
            self.store_policy(policy)

    def store_policy(self, policy: Mapping[str, Any]) -> None:
        """Make a policy the active one."""
        name = names.policy(policy["version"])
        self.world.store.documents[name] = canonical(policy)
        self.active_since[name] = self.minute

    def words(self, name: str, minute: int) -> frozenset[Word]:
        """What an alarm of that name may have done at that time.

        That is what the active policy says, or one that a roll-back may still go by: one that was active within the hour.
        """
        since = [*self.active_since.items()]
        until = [*(begun for _, begun in since[1:]), math.inf]
        near = [one for (one, begun), end in zip(since, until, strict=True) if begun <= minute <= end + _GUESSED]
        return frozenset(self.world.document(one)["rollback"].get("alarms", {}).get(name, "roll_back") for one in near)
