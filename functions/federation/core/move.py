# SPDX-License-Identifier: Apache-2.0
"""A move of the channel, and its cause: who or what moved it, when, and why."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final, Literal

import msgspec
from msgspec.structs import force_setattr

from federation.core import instant
from federation.core.faults import cut

MoveKind = Literal["promote", "roll_back", "quarantine", "lift", "hold", "resume", "probe", "anchor"]

_LONGEST_WHO: Final = 253
_LONGEST_WHY: Final = 1997
"""The most characters before the "..." of a cut text. The schema allows 256 for `who` and 2,000 for `why`."""


class PastMove(msgspec.Struct, frozen=True, kw_only=True):
    """One past move. `quarantined` are the artifacts that a roll-back quarantined, with their kinds."""

    counter: int
    event: str
    kind: MoveKind
    at: str
    release: str | None
    who: str
    why: str
    quarantined: Mapping[str, str] = msgspec.field(default_factory=dict)


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """The cause of a move: event, time, person, and a sentence that says why. Texts are cut to fit the schema."""

    event: str
    at: str
    who: str
    why: str

    def __post_init__(self) -> None:
        force_setattr(self, "who", cut(self.who, _LONGEST_WHO))
        force_setattr(self, "why", cut(self.why, _LONGEST_WHY))


def not_before(now: str, *others: str, seconds: int) -> str:
    """The latest of `now` and of the `others` that are at most `seconds` ahead of it. Clocks differ by that much."""
    latest = instant.moment(now) + timedelta(seconds=seconds)
    near = (other for other in others if instant.moment(other) <= latest)
    return instant.text(max(map(instant.moment, (now, *near))))
