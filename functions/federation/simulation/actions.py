# SPDX-License-Identifier: Apache-2.0
"""The actions that can happen in a history, as data: a story can be printed, replayed and shortened."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from federation.simulation.platform import Kind, Quality
from federation.simulation.policies import Terms

Place = Literal["", "serving", "warm", "anchor", "left", "newest", "nowhere"]
"""The release that an order names: none, one by its place in the channel, or one that does not exist.

`warm` is the newest warm release, `left` the last one that was rolled back, `newest` the last one assembled.
"""

Measured = Literal["newest", "serving", "unknown", "unsaid"]
"""The embedder that an index is measured with: the newest, the serving one, one that nobody ships, or an unnamed one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ship:
    """A job ends and ships one unit.

    Args:
        kind: The unit's kind.
        number: The n of its name.
        quality: The truth about the unit.
        content: Makes two shipments of one version differ, or two versions the same.
        copies: How often its event is delivered.
        lost: The event never arrives, so only a sweep finds the job.
        half: Some of its files are uploaded only after the event.
        never: One of its files is never uploaded.
        paired: One event reports this job together with the next one.
        measured: For an index, the embedder that it is measured with.
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
    """Alarms about the serving release begin to fire.

    Args:
        count: The number of alarms, each with its own key.
        copies: How often each is delivered.
        ago: Minutes since they began.
        lasts: Minutes for which they still fire after their release has stopped serving.
        stale: They are about the previous release, and began before the serving one did.
        untold: They are never reported, so only polling finds them.
        name: The name in a policy; no policy names `errors`.
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
    """A person's order about the serving unit of the kind `about`, or about the release in `place`."""

    kind: Literal["hold", "resume", "quarantine", "lift", "anchor", "promote", "roll_back"]
    about: Kind = "textgen-lora"
    place: Place = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approve:
    """A person approves the release that was assembled last."""

    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Activate:
    """The next version of the policy becomes active, at once or, with `meanwhile`, during deliveries."""

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
    """Time passes until this minute of the history. Uploads, jobs and alarms that are due end."""

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
    """Another home publishes in our repository, under the next `count` names of ours."""

    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Letters:
    """This share of failed deliveries become dead letters from now on. At 0 all dead letters are redriven."""

    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """The serving node silently returns to what it served before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tampering:
    """Somebody moves the tag of the serving release."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finale:
    """The end of every history: promotions resume, and a good unit of this kind must serve."""

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
