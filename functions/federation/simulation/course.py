# SPDX-License-Identifier: Apache-2.0
"""What do the weeks of one history share, and what do platforms ship in each?"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from federation.simulation.actions import Measured, Ship
from federation.simulation.platform import INDEX, NEVER_PASS, OWN, PLATFORM_OF, SHIPPED_BY, Kind, Quality
from federation.simulation.policies import Terms, is_calibrated


@dataclass(slots=True, kw_only=True)
class Course:
    """What the weeks of one history share: the last number of each kind, and the terms of the active policy.

    `withheld` is a kind that nobody ships before the finale.
    """

    drawn: random.Random
    contended: bool
    terms: Terms
    withheld: Kind | None = None
    numbers: dict[Kind, int] = field(default_factory=lambda: dict.fromkeys(SHIPPED_BY, 0))

    def chance(self, of: float) -> bool:
        """Whether something of that likelihood happens."""
        return self.drawn.random() < of


def shipments(course: Course, *, first: bool) -> Iterator[Ship]:
    """What is shipped together: in the first week every kind, later some. An embedder comes with its index, or without."""
    drawn = course.drawn
    shipped = [*PLATFORM_OF, *([OWN] if course.terms.own else [])]
    kinds = list(shipped) if first else drawn.choices(shipped, k=drawn.randint(1, 3))
    drawn.shuffle(kinds)
    for kind in (kind for kind in kinds if kind != course.withheld):
        yield _ship(course, kind, first=first)
        if kind == "embedder" and is_calibrated(course.terms) and course.chance(0.7):
            yield _ship(course, INDEX, first=first)
    if is_calibrated(course.terms) and course.chance(0.3):
        yield _ship(course, INDEX, first=first, measured=drawn.choice(("newest", "serving", "unknown", "unsaid")))


def _ship(course: Course, kind: Kind, *, first: bool, measured: Measured = "newest") -> Ship:
    drawn, numbers = course.drawn, course.numbers
    again = numbers[kind] > 0 and course.chance(0.08)
    number = drawn.randint(1, numbers[kind]) if again else numbers[kind] + 1
    numbers[kind] = max(number, numbers[kind])
    returns = not first and course.chance(0.15)
    return Ship(
        kind=kind,
        number=number,
        quality=_quality(course, kind, first=first),
        content=str(drawn.randint(1, number)) if returns else f"other {number}" if again else "",
        copies=drawn.choice((1, 1, 2, 4)),
        lost=course.chance(0.3),
        half=course.chance(0.2),
        never=course.terms.deadline and course.chance(0.1),
        paired=course.chance(0.2),
        measured=measured,
    )


def _quality(course: Course, kind: Kind, *, first: bool) -> Quality:
    if kind in {"embedder", OWN} and course.chance(0.2):
        return "changed"
    if course.chance(0.15):
        return "leisurely"
    return "good" if first or course.chance(0.6) else course.drawn.choice(sorted(NEVER_PASS))
