# SPDX-License-Identifier: Apache-2.0
"""What can happen in a history? Actions are data, so that a story can be printed, played again, and made shorter."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from federation.simulation.platform import Kind, Quality
from federation.simulation.policies import Terms

Place = Literal["", "serving", "warm", "anchor", "left", "newest", "nowhere"]
"""Which release an order names: none, one by its place in the channel, or one that does not exist.

`warm` is the newest warm release, `left` the one that a roll-back left last, `newest` the one assembled last.
"""

Measured = Literal["newest", "serving", "unknown", "unsaid"]
"""The embedder that an index is measured with: the one shipped last, the one that serves, one that nobody ships, or one
that the index does not name.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ship:
    """A job ends and ships one unit.

    Args:
        kind: The unit's kind.
        number: The n of its name.
        quality: What is true about it.
        content: Makes two shipments of one version differ, or two versions the same.
        copies: How often its event is delivered.
        lost: The event never comes, so only a sweep finds the job.
        half: Some of its files are uploaded only after the event.
        never: One of its files is never uploaded.
        paired: One event reports this job together with the next one.
        measured: The embedder that the unit is measured with, if it is an index.
    """

    kind: Kind
    number: int
    quality: Quality
    content: str = ""
    copies: int = 1
    lost: bool = False
    half: bool = False
    never: bool = False
    paired: bool = False
    measured: Measured = "newest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """Alarms about what serves begin to fire.

    Args:
        count: How many, each under a name of its own.
        copies: How often each is delivered.
        ago: Minutes since they began.
        lasts: Minutes for which they still fire once the release that they are about no longer serves.
        stale: They are about the previous release, and began before the serving one did.
        untold: They are never delivered, so only polling finds them.
        name: By which a policy may name them; no policy names `errors`.
    """

    count: int
    copies: int = 1
    ago: int = 0
    lasts: int = 0
    stale: bool = False
    untold: bool = False
    name: Literal["errors", "trial", "brake"] = "errors"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A person's order: about the serving unit of the kind `about`, or about the release in that `place`."""

    kind: Literal["hold", "resume", "quarantine", "lift", "anchor", "promote", "roll_back"]
    about: Kind = "textgen-lora"
    place: Place = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approve:
    """A person approves the release that was assembled last."""

    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Activate:
    """The next version of the policy becomes active: at once, or with `meanwhile` while deliveries are under way."""

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
    """Time passes until this minute of the history. Uploads, jobs and alarms that were to end by then end."""

    until: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Settle:
    """Every waiting delivery is made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hub:
    """The registry goes down or comes back."""

    up: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """Another home publishes into our repository, under the next `count` names that ours would use."""

    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Letters:
    """From now on this share of the failed deliveries become dead letters; at 0 all dead letters are redriven."""

    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """The serving node quietly goes back to what it served before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tampering:
    """Somebody moves the tag of the serving release."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finale:
    """The end of every history: promotions resume, and a good unit of this kind is shipped, merged and due to serve."""

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
    """The story as text, one line per action."""
    return tuple(_line(action) for action in actions)


def _line(action: Action) -> str:
    fields = [f"{name}={getattr(action, name)!r}" for name in action.__slots__]
    return f"{type(action).__name__.lower()} {' '.join(fields)}".strip()
