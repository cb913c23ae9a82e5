# SPDX-License-Identifier: Apache-2.0
"""One file per deployed function. Each has `HEARS`, `gather`, which only reads, and `decide`, which is pure.

`receive` is different: it takes what clouds send, not our events, and is run by `delivery.deliver`.
"""

from collections.abc import Mapping
from typing import Any, Final, Literal, Protocol

from federation.core.event import Event
from federation.core.outcome import Outcome
from federation.core.policy import Policy
from federation.gathering import Reads
from federation.steps import fuse, gate, govern, launch, promote, roll_back, sweep, validate

StepName = Literal["validate", "gate", "fuse", "promote", "roll_back", "launch", "sweep", "govern"]


class Step(Protocol):
    """A module of this package."""

    @property
    def HEARS(self) -> tuple[str, ...]:  # noqa: N802 - a constant of the module
        """The event types that it hears."""
        ...

    def gather(self, event: Event, reads: Reads) -> Any:
        """The facts that the decision needs."""
        ...

    def decide(self, event: Event, facts: Any, policy: Policy, now: str) -> Outcome:
        """What is to be done, as data."""
        ...


STEPS: Final[Mapping[StepName, Step]] = {
    "validate": validate,
    "gate": gate,
    "fuse": fuse,
    "promote": promote,
    "roll_back": roll_back,
    "launch": launch,
    "sweep": sweep,
    "govern": govern,
}
