# SPDX-License-Identifier: Apache-2.0
"""The shipments of each week of a history, and the state that the weeks share."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from federation.simulation.actions import Measured, Ship
from federation.simulation.platform import INDEX, NEVER_PASS, OWN, PLATFORM_OF, SHIPPED_BY, Kind, Quality
from federation.simulation.policies import Terms, is_calibrated


@dataclass(slots=True, kw_only=True)
class Course:
    """The state that the weeks of a history share: the last number of each kind, and the active policy's terms.

    `withheld` is a kind that nobody ships before the finale.
    """

    drawn: random.Random
    contended: bool
    terms: Terms
    withheld: Kind | None = None
    numbers: dict[Kind, int] = field(default_factory=lambda: dict.fromkeys(SHIPPED_BY, 0))

    def chance(self, of: float) -> bool:
        """Whether something with this likelihood happens."""
        return self.drawn.random() < of


def shipments(course: Course, *, first: bool) -> Iterator[Ship]:
    """The shipments of a week: every kind in the first week, some kinds later. An embedder may bring its index."""
    rng = course.drawn
    shipped = [*PLATFORM_OF, *([OWN] if course.terms.own else [])]
    kinds = list(shipped) if first else rng.choices(shipped, k=rng.randint(1, 3))
    rng.shuffle(kinds)
    for kind in (kind for kind in kinds if kind != course.withheld):
        yield _shipment(course, kind, first=first)
        if kind == "embedder" and is_calibrated(course.terms) and course.chance(0.7):
            yield _shipment(course, INDEX, first=first)
    if is_calibrated(course.terms) and course.chance(0.3):
        yield _shipment(course, INDEX, first=first, measured=rng.choice(("newest", "serving", "unknown", "unsaid")))


def _shipment(course: Course, kind: Kind, *, first: bool, measured: Measured = "newest") -> Ship:
    rng, numbers = course.drawn, course.numbers
    is_repeat = numbers[kind] > 0 and course.chance(0.08)
    number = rng.randint(1, numbers[kind]) if is_repeat else numbers[kind] + 1
    numbers[kind] = max(number, numbers[kind])
    is_old_content = not first and course.chance(0.15)
    return Ship(
        kind=kind,
        number=number,
        quality=_drawn_quality(course, kind, first=first),
        content=str(rng.randint(1, number)) if is_old_content else f"other {number}" if is_repeat else "",
        copies=rng.choice((1, 1, 2, 4)),
        lost=course.chance(0.3),
        half=course.chance(0.2),
        never=course.terms.deadline and course.chance(0.1),
        paired=course.chance(0.2),
        measured=measured,
    )


def _drawn_quality(course: Course, kind: Kind, *, first: bool) -> Quality:
    if kind in {"embedder", OWN} and course.chance(0.2):
        return "changed"
    if course.chance(0.15):
        return "leisurely"
    return "good" if first or course.chance(0.6) else course.drawn.choice(sorted(NEVER_PASS))
