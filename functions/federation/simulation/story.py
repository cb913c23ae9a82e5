# SPDX-License-Identifier: Apache-2.0
"""What happens in a history? Drawn from a seed as data, so that it can be told, played again, and made shorter."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from federation.simulation.platform import NEVER_PASS, PLATFORM_OF, Kind, Quality


@dataclass(frozen=True, slots=True, kw_only=True)
class Ship:
    """A job ends: `lost` events are found only by a sweep, `half` uploads finish after their event, `copies` repeat it."""

    kind: Kind
    number: int
    quality: Quality
    content: str = ""
    copies: int = 1
    lost: bool = False
    half: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """An alarm fires `count` times under different names; `stale` ones are about the release before."""

    count: int
    copies: int = 1
    stale: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A person's order; it is about the serving unit of a kind, where it is about one."""

    kind: Literal["hold", "resume", "quarantine", "lift"]
    about: Kind = "textgen-lora"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A schedule fires, `copies` times."""

    what: Literal["sweep", "merge", "promote"]
    copies: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Time passes until this moment: whole minutes since the history began."""

    until: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Settle:
    """Whatever is under way comes to rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hub:
    """The registry goes down or comes back."""

    up: bool


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


Action = Ship | Alarm | Order | Tick | Wait | Settle | Hub | Drift | Tampering | Finale
Story = Sequence[Action]

_CONTENDED = 0.4
"""Share of the histories in which things that exclude each other may meet."""
DAY = 24 * 60
WEEK = 7 * DAY
_MERGE = 8 * 60 + 5
_WINDOW = DAY + 9 * 60 + 30


def story(seed: int) -> Story:
    """One history: a few weeks of shipments, merges, promotions, alarms and orders. It begins on a Monday, 00:00 UTC."""
    drawn = random.Random(seed)  # noqa: S311 - a seeded history, no secret
    numbers: dict[Kind, int] = dict.fromkeys(PLATFORM_OF, 0)
    contended = drawn.random() < _CONTENDED
    actions: list[Action] = []
    for week in range(drawn.randint(2, 4)):
        actions += _week(drawn, week, numbers, contended=contended)
    return [*actions, Finale(kind="runtime-distilled")]


def is_contended(actions: Story) -> bool:
    """Whether things that exclude each other are under way at once, so that which of them wins is nobody's promise.

    A unit that arrives while a merge runs, or that no sweep has found before it, may be in it or in the next; of two
    contents under one version the first counts; a promotion that meets an alarm may come first or not at all.
    """
    under_way: set[str] = set()
    versions: set[tuple[Kind, int]] = set()
    missed = False
    for action in actions:
        match action:
            case Settle():
                missed = missed and "sweep" not in under_way
                under_way.clear()
                versions = versions if missed else set()
            case Tick(what=what):
                under_way.add(what)
            case Order():
                if under_way & {"merge", "promote", "alarm"}:
                    return True
            case Ship(kind=kind, number=number):
                if (kind, number) in versions:
                    return True
                versions.add((kind, number))
                under_way.add("ship")
                missed = missed or action.lost or action.half
            case Alarm():
                under_way.add("alarm")
            case _:
                continue
        if any(pair <= under_way for pair in _EXCLUSIVE) or (missed and "merge" in under_way):
            return True
    return missed


_EXCLUSIVE = (
    {"merge", "ship"},
    {"merge", "promote"},
    {"merge", "alarm"},
    {"promote", "alarm"},
    {"promote", "ship"},
    {"alarm", "ship"},
)


def told(actions: Story) -> tuple[str, ...]:
    """The story in one line an action."""
    return tuple(_line(action) for action in actions)


def _week(drawn: random.Random, week: int, numbers: dict[Kind, int], *, contended: bool) -> Iterator[Action]:
    start = week * WEEK
    yield from _shipments(drawn, numbers, first=week == 0)
    yield from _calm(drawn, start + 6 * 60, "sweep")
    if drawn.random() < 0.15:
        yield Hub(up=False)
    yield Wait(until=start + _MERGE)
    yield Tick(what="merge", copies=drawn.choice((1, 1, 2, 3)))
    if contended and drawn.random() < 0.3:
        yield from _shipments(drawn, numbers, first=False)
    yield Settle()
    yield Hub(up=True)
    yield from _calm(drawn, start + _MERGE + 60, "merge")
    if drawn.random() < 0.2:
        yield Tick(what="promote")
        yield Settle()
    if drawn.random() < 0.15:
        yield Order(kind="hold")
        if drawn.random() < 0.7:
            yield Order(kind="resume")
    yield Wait(until=start + _WINDOW)
    yield Tick(what="promote", copies=drawn.choice((1, 1, 2, 3)))
    yield Settle()
    yield from _afterwards(drawn, start + _WINDOW, contended=contended)


def _calm(drawn: random.Random, until: int, tick: Literal["sweep", "merge"]) -> Iterator[Action]:
    """Time passes, a tick comes, and everything under way comes to rest."""
    yield Wait(until=until)
    yield Tick(what=tick, copies=drawn.choice((1, 1, 2)))
    yield Settle()


def _shipments(drawn: random.Random, numbers: dict[Kind, int], *, first: bool) -> Iterator[Action]:
    kinds = list(PLATFORM_OF) if first else drawn.choices(list(PLATFORM_OF), k=drawn.randint(1, 3))
    drawn.shuffle(kinds)
    for kind in kinds:
        again = numbers[kind] > 0 and drawn.random() < 0.08
        number = drawn.randint(1, numbers[kind]) if again else numbers[kind] + 1
        numbers[kind] = max(number, numbers[kind])
        quality: Quality = "good" if first or drawn.random() < 0.6 else drawn.choice(sorted(NEVER_PASS))
        returns = not first and drawn.random() < 0.15
        yield Ship(
            kind=kind,
            number=number,
            quality=quality,
            content=str(drawn.randint(1, number)) if returns else f"other {number}" if again else "",
            copies=drawn.choice((1, 1, 2, 4)),
            lost=drawn.random() < 0.3,
            half=drawn.random() < 0.2,
        )


def _afterwards(drawn: random.Random, start: int, *, contended: bool) -> Iterator[Action]:
    """What the promoted release meets: nothing, an old alarm, a storm of new ones, drift, tampering, a person."""
    if drawn.random() < 0.2:
        yield Drift()
    if drawn.random() < 0.1:
        yield Tampering()
    if drawn.random() < 0.3:
        yield Alarm(count=drawn.randint(1, 3), stale=True)
    yield from _calm(drawn, start + 60, "sweep")
    for turn in range(drawn.choice((0, 0, 1, 1, 2))):
        yield Wait(until=start + 120 + turn * 60)
        if drawn.random() < 0.3:
            yield Hub(up=False)
        yield Alarm(count=drawn.choice((1, 1, 2, 5)), copies=drawn.choice((1, 2, 3)))
        if contended and drawn.random() < 0.3:
            yield Tick(what="promote")
        yield Settle()
        yield Hub(up=True)
    if drawn.random() < 0.2:
        yield Order(kind=drawn.choice(("quarantine", "lift")), about=drawn.choice(list(PLATFORM_OF)))
    yield from _calm(drawn, start + 300, "sweep")


def _line(action: Action) -> str:
    fields = [f"{name}={getattr(action, name)!r}" for name in action.__slots__]
    return f"{type(action).__name__.lower()} {' '.join(fields)}".strip()
