# SPDX-License-Identifier: Apache-2.0
"""What can happen in a history? Data, so that it can be told, played again, and made shorter."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from federation.simulation.platform import Kind, Quality
from federation.simulation.policies import Terms

Place = Literal["", "serving", "warm", "anchor", "left", "newest", "nowhere"]
"""Which release a person names, if any; the newest warm one, the one that was left last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ship:
    """A job ends: `lost` events are found only by a sweep, `half` uploads finish after their event, `copies` repeat it.

    A `paired` one is told in one event with the next.
    """

    kind: Kind
    number: int
    quality: Quality
    content: str = ""
    copies: int = 1
    lost: bool = False
    half: bool = False
    paired: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """Alarms under `count` names fire, since `ago` minutes, and for as long as it `lasts` after what serves is left.

    `stale` ones tell of the release before; `untold` ones can only be seen to fire.
    """

    count: int
    copies: int = 1
    ago: int = 0
    lasts: int = 0
    stale: bool = False
    untold: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A person's order; it is about the serving unit of a kind, or names a release by its place, where it is about one."""

    kind: Literal["hold", "resume", "quarantine", "lift", "anchor", "promote", "roll_back"]
    about: Kind = "textgen-lora"
    place: Place = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approve:
    """A person approves the release that was assembled last."""

    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Activate:
    """The next version of the policy becomes active: at once, or `meanwhile`, at some moment before all is at rest."""

    terms: Terms
    meanwhile: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Somebody asks for a job."""

    copies: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A schedule fires, `copies` times."""

    what: Literal["sweep", "merge", "promote", "alarms"]
    copies: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Time passes until this moment, whole minutes since the history began; what was under way elsewhere ends."""

    until: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Settle:
    """Whatever is under way comes to rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hub:
    """The registry goes down or comes back."""

    up: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """Another home publishes in our repository, under the next `count` names that ours would take."""

    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Letters:
    """From now on this share of the deliveries that fail are given up; at 0 those that were are delivered again."""

    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """The serving node quietly goes back to what it served before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tampering:
    """Somebody moves the tag of the serving release."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finale:
    """Whatever happened before: holds are lifted, a good unit of this kind is shipped, merged, and due to be promoted."""

    kind: Kind


Action = (
    Ship
    | Alarm
    | Order
    | Approve
    | Activate
    | Ask
    | Tick
    | Wait
    | Settle
    | Hub
    | Elsewhere
    | Letters
    | Drift
    | Tampering
    | Finale
)
Story = Sequence[Action]


def told(actions: Story) -> tuple[str, ...]:
    """The story in one line an action."""
    return tuple(_line(action) for action in actions)


def _line(action: Action) -> str:
    fields = [f"{name}={getattr(action, name)!r}" for name in action.__slots__]
    return f"{type(action).__name__.lower()} {' '.join(fields)}".strip()
