# SPDX-License-Identifier: Apache-2.0
"""Draws the story of a seed: some weeks of shipments, merges and promotions, and what disturbs them."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final, Literal

from federation.simulation.actions import (
    Action,
    Activate,
    Alarm,
    Approve,
    Ask,
    Drift,
    Elsewhere,
    Finale,
    Hub,
    Letters,
    Order,
    Place,
    Settle,
    Story,
    Tampering,
    Tick,
    Wait,
)
from federation.simulation.course import Course, shipments
from federation.simulation.platform import PLATFORM_OF, SHIPPED_BY
from federation.simulation.policies import Terms

_CONTENDED: Final = 0.35
"""The share of histories in which things that exclude each other may be under way at once."""
_CHANGES: Final = (
    *("strict", "without_embedder") * 2,
    "approved",
    "distils",
    "major",
    "own",
    "one_warm",
    "quorum",
    "calibrated",
    "whole",
    "tells",
    "holds",
)
"""Terms that another policy may reverse. A name listed twice is drawn twice as often."""
_ORDERS: Final[Sequence[tuple[Literal["quarantine", "lift", "roll_back", "promote", "anchor"], Sequence[Place]]]] = (
    ("quarantine", ("",)),
    ("lift", ("",)),
    ("roll_back", ("", "warm", "anchor", "serving", "nowhere")),
    ("promote", ("", "left", "left", "warm", "newest")),
    ("anchor", ("warm", "warm", "serving", "nowhere")),
)
"""What people order, and the releases that they may name. A place listed twice is drawn twice as often."""
_ALARMS: Final[Sequence[Literal["errors", "trial", "brake"]]] = ("errors", "errors", "trial", "brake")
"""The names of alarms. A name listed twice is drawn twice as often."""
DAY: Final = 24 * 60
"""A day in minutes, like all times of a story."""
WEEK: Final = 7 * DAY
MERGE: Final = 8 * 60 + 5
"""Monday, 9:05 in Berlin."""
WINDOW: Final = DAY + 9 * 60 + 30
"""Tuesday, 10:30 in Berlin: the promotion window is open."""


def story(seed: int) -> Story:
    """The story of this seed. It begins on a Monday, 00:00 UTC."""
    rng = random.Random(seed)  # noqa: S311 - a seeded history, no secret
    contended = rng.random() < _CONTENDED
    course = Course(drawn=rng, contended=contended, terms=_terms(rng, contended=contended))
    if course.terms.whole and course.chance(0.4):
        course.withheld = rng.choice(list(PLATFORM_OF))
    actions: list[Action] = [Activate(terms=course.terms)]
    for week in range(rng.randint(2, 4)):
        actions += _week_actions(course, week)
    return [*actions, Finale(kind="runtime-distilled")]


def _terms(rng: random.Random, *, contended: bool) -> Terms:
    """The terms of the first policy."""
    likely = {
        "approved": 0.2,
        "jobs": 0.4,
        "distils": 0.25,
        "major": 0.2,
        "own": 0.25,
        "one_warm": 0.15,
        "quorum": 0.15,
        "calibrated": 0.25,
        "deadline": 0.1,
        "whole": 0.15,
        "tells": 0.4,
        "holds": 0.4,
    }
    likely |= {"budget": 0.5, "on_pass": 0.25, "votes": 0.25, "deadline": 0.4} if contended else {}
    return Terms(**{name: rng.random() < chance for name, chance in likely.items()})


def _week_actions(course: Course, week: int) -> Iterator[Action]:
    rng, start = course.drawn, week * WEEK
    if week and course.chance(0.15):
        yield _activate(course)
    if course.contended and course.chance(0.2):
        yield Letters(share=rng.choice((0, 0.3)))
    yield from shipments(course, first=week == 0)
    if course.terms.jobs and course.chance(0.5):
        yield from _job_requests(course)
    yield from _quiet_time(rng, start + 6 * 60, "sweep")
    if course.chance(0.15):
        yield Hub(up=False)
    if course.chance(0.1):
        yield Elsewhere(count=rng.randint(1, 3))
    yield Wait(until=start + MERGE)
    yield Tick(what="merge", copies=rng.choice((1, 1, 2, 3)))
    if course.contended and course.chance(0.1):
        yield Elsewhere()
    if course.contended and course.chance(0.3):
        yield from shipments(course, first=False)
    yield Settle()
    if not (course.contended and course.chance(0.3)):
        yield Hub(up=True)
        yield Settle()
    yield from _quiet_time(rng, start + MERGE + 60, "merge")
    yield from _before_window(course, start + MERGE + 120)
    yield from _promotion(course, start + WINDOW)
    yield Hub(up=True)
    yield from _after_promotion(course, start + WINDOW)


def _job_requests(course: Course) -> Iterator[Ask]:
    """Somebody asks for a job, or for several at once if money is short."""
    for _ in range(course.drawn.choice((1, 3, 6)) if course.terms.budget else 1):
        yield Ask(copies=course.drawn.choice((1, 2)))


def _before_window(course: Course, start: int) -> Iterator[Action]:
    """Events while a release waits for its window: an early tick, another policy, a hold, an approval."""
    if course.chance(0.2):
        yield Tick(what="promote")
        yield Settle()
    if course.chance(0.15):
        yield _activate(course)
        if course.chance(0.6):
            yield from _quiet_time(course.drawn, start, "merge")
    if course.chance(0.15):
        yield Order(kind="hold")
        if course.chance(0.7):
            yield Order(kind="resume")
    if course.terms.approved and course.chance(0.8):
        yield Approve(who="grace")


def _promotion(course: Course, window: int) -> Iterator[Action]:
    """The window opens. One alarm may begin before that, and another one in the settling period."""
    rng = course.drawn
    if course.chance(0.15):
        yield Wait(until=window - 5)
        yield Alarm(count=1, untold=True, lasts=DAY)
    yield Wait(until=window)
    yield Tick(what="promote", copies=rng.choice((1, 1, 2, 3)))
    if course.contended and course.chance(0.3):
        yield _activate(course, meanwhile=True)
    yield Settle()
    if course.chance(0.25):
        yield Wait(until=window + 3)
        yield _alarm(rng, untold=course.chance(0.3))
        yield Settle()
    yield from _polls(rng, window + 10)


def _polls(rng: random.Random, start: int) -> Iterator[Action]:
    """Alarms are polled twice."""
    for until in (start, start + 9):
        yield Wait(until=until)
        yield Tick(what="alarms", copies=rng.choice((1, 1, 2)))
        yield Settle()


def _activate(course: Course, *, meanwhile: bool = False) -> Activate:
    """Activate another policy: with one term reversed, or only another version."""
    change = course.drawn.choice((*_CHANGES, None))
    if change:
        course.terms = replace(course.terms, **{change: not getattr(course.terms, change)})
    return Activate(terms=course.terms, meanwhile=meanwhile)


def _quiet_time(rng: random.Random, until: int, tick: Literal["sweep", "merge"]) -> Iterator[Action]:
    """Time passes, a schedule fires, and every delivery is made."""
    yield Wait(until=until)
    yield Tick(what=tick, copies=rng.choice((1, 1, 2)))
    yield Settle()


def _after_promotion(course: Course, start: int) -> Iterator[Action]:
    """Events after the promotion: drift, tampering, stale alarms, storms of alarms, orders."""
    rng = course.drawn
    if course.chance(0.2):
        yield Drift()
    if course.chance(0.1):
        yield Tampering()
    if course.chance(0.3):
        yield Alarm(count=rng.randint(1, 3), stale=True)
    yield from _quiet_time(rng, start + 60, "sweep")
    if course.chance(0.5):
        yield from _orders(rng, start + 80)
    for turn in range(rng.choice((0, 0, 1, 1, 2))):
        yield Wait(until=start + 120 + turn * 60)
        if course.chance(0.3):
            yield Hub(up=False)
        yield _alarm(rng)
        if course.contended and course.chance(0.3):
            yield Tick(what="promote")
        yield Settle()
        yield Hub(up=True)
        yield Settle()
        if course.chance(0.3):
            yield from _polls(rng, start + 128 + turn * 60)
        if course.terms.holds and course.chance(0.5):
            yield Wait(until=start + 140 + turn * 60)
            yield Order(kind="resume")
    yield from _orders(rng, start + 240)
    yield from _quiet_time(rng, start + 300, "sweep")


def _orders(rng: random.Random, start: int) -> Iterator[Action]:
    """People give orders of _ORDERS, ten minutes apart."""
    for turn in range(rng.choice((0, 0, 0, 1, 1, 3))):
        kind, places = rng.choice(_ORDERS)
        yield Wait(until=start + turn * 10)
        yield Order(kind=kind, about=rng.choice(list(SHIPPED_BY)), place=rng.choice(places))


def _alarm(rng: random.Random, *, untold: bool = False) -> Alarm:
    """One or more alarms about the serving release. They end when it stops serving, or some minutes later."""
    lasts = rng.choice((0, 0, 5, 12))
    count, copies = rng.choice((1, 1, 2, 5)), rng.choice((1, 2, 3))
    return Alarm(count=count, copies=copies, lasts=lasts, untold=untold, name=rng.choice(_ALARMS))
