# SPDX-License-Identifier: Apache-2.0
"""The deployed functions, one module each: `HEARS`, `gather`, which only reads, and `decide`, which is pure.

`receive` is different: it takes what clouds send, not our events, and is run by `delivery.deliver`. `shipment`, `merging`,
`sweeping`, `alarm_responses`, `alarm_states` and `job_requests` are parts of other steps; `redelivery` and `quarantine` are
shared.
"""

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, cast, get_args

from federation.core.event import Event
from federation.core.outcome import Outcome
from federation.core.policy import Policy
from federation.gathering import Reads

StepName = Literal["validate", "gate", "fuse", "promote", "roll_back", "launch", "sweep", "govern"]

STEPS: Final[tuple[StepName, ...]] = get_args(StepName)


class Step(Protocol):
    """A module of this package."""

    @property
    def HEARS(self) -> tuple[str, ...]:  # noqa: N802 - a constant of the module
        """The event types that the step handles."""
        ...

    def gather(self, event: Event, reads: Reads) -> Any:
        """The facts that the decision needs."""
        ...

    def decide(self, event: Event, facts: Any, policy: Policy, now: str) -> Outcome:
        """The decision, as data."""
        ...


if TYPE_CHECKING:
    from federation.steps import fuse, gate, govern, launch, promote, roll_back, sweep, validate

    _CHECKED: tuple[Step, ...] = (validate, gate, fuse, promote, roll_back, launch, sweep, govern)


@cache
def load(name: StepName) -> Step:
    """Import a step at its first use, since a deployed function runs only one.

    Raises:
        LookupError: There is no such step.
    """
    if name not in STEPS:
        raise LookupError(f"there is no step {name!r}")
    return cast("Step", import_module(f"{__name__}.{name}"))
