# SPDX-License-Identifier: Apache-2.0
"""What was decided in a home, in which order, and which decision led to which?

Only what is needed is read: a decision's name shows its step and mostly its event, and the store says when it was kept.
"""

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from federation.cli.store.shelf import SLACK_SECONDS, Shelf, newest_first
from federation.core import event as events
from federation.core import instant, names
from federation.core.decision import DECIDED_IN, TOLD_IN, decision_in, places
from federation.core.event import Event
from federation.runtime import routes
from federation.steps import STEPS, govern

_BY_EVENT: Final = (names.SETTLED, names.WAITING, names.MERGES, names.ASKED)
"""Prefixes under which names begin with the id of the event."""
_ABOUT_RELEASES: Final = ("fuse", "promote", "roll_back", "launch", "sweep", "govern")
_ABOUT_UNITS: Final = ("validate", "gate")
_LATEST: Final = 16
_FEW: Final = 6
_SWEPT_SECONDS: Final = 3600.0
"""Seconds within which a completion that a sweep announced in its sender's name is validated."""
_SOURCE: Final = "//federation/"
TYPED: Final = "//federation/cli"
"""The source of every event that a person typed at a command."""
_ORDERED: Final = frozenset({*govern.HEARS, events.PROMOTION_ORDERED, events.ROLLBACK_ORDERED})
_NAMED: Final = re.compile(r"[\d/]")
"""What every name has that a sentence quotes: a number, or an owner."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """One stored decision: its document's name, the step, the time, the event and the outcome."""

    name: str
    step: str
    now: str
    event: Event
    outcome: Mapping[str, Any]

    @property
    def why(self) -> str:
        """The outcome in a sentence."""
        return str(self.outcome["why"])

    @property
    def is_typed(self) -> bool:
        """Whether its event was typed by a person: an order, by whatever way it came, or a tick by hand."""
        return self.event.source == TYPED or self.event.type in _ORDERED

    @property
    def ordered_by(self) -> str | None:
        """The person whose order it is about, if it is about one."""
        return self.event.data.get("who") if self.event.source == TYPED else None

    @property
    def announced(self) -> tuple[str, ...]:
        """Ids of the events that it announced."""
        return tuple(event["id"] for event in self.outcome["events"])

    @property
    def announced_types(self) -> tuple[str, ...]:
        """Types of the events that it announced."""
        return tuple(event["type"] for event in self.outcome["events"])

    def mentions(self, subject: str) -> bool:
        """Whether it is about a release or a unit: the event is, one that it announced is, or its sentence names it.

        A word that names nothing, such as `the`, stands in every sentence.
        """
        if subject in (self.event.subject, *(event["subject"] for event in self.outcome["events"])):
            return True
        named = _NAMED.search(subject) is not None
        return named and re.search(rf"(?<![\w./-]){re.escape(subject)}(?![\w-]|\.\d)", self.why) is not None


class History:
    """The stored decisions of a home."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._found: dict[str, Past | None] = {}

    @cached_property
    def decisions(self) -> Sequence[Past]:
        """All decisions, oldest first; simultaneous ones in the order in which they led to each other."""
        return _in_order(self._all(newest_first(self._shelf.kept(*DECIDED_IN))))

    def last(self, step: str | None = None) -> Past | None:
        """The last one, of a step if it is named."""
        stored = DECIDED_IN if step is None else _places_of(step)
        found = _in_order(self._all(self._shelf.latest(*stored, count=_LATEST)))
        return found[-1] if found else None

    def latest(self, step: str, *, within: float = SLACK_SECONDS, count: int = _FEW) -> Sequence[Past]:
        """The last few of a step, and all that were kept within so many seconds of the last one; oldest first."""
        return _in_order(self._all(self._shelf.latest(*_places_of(step), count=count, within=within)))

    def led_to(self, past: Past) -> Sequence[Past]:
        """The chain of decisions that led to this one, earliest first."""
        chain: list[Past] = []
        while (earlier := self._announced_by(past)) is not None and earlier not in chain:
            chain.append(earlier)
            past = earlier
        return chain[::-1]

    def about(self, subject: str) -> Sequence[Past]:
        """Every decision that mentions the subject, oldest first; of a release or a unit, only since it first appeared."""
        born, steps = self._life(subject)
        kept = self._shelf.kept(*(place for step in steps for place in _places_of(step)))
        since = self._shelf.kept(born).get(born, 0.0) - SLACK_SECONDS if born else 0.0
        found = self._all(name for name in newest_first(kept) if kept[name] >= since)
        return _in_order(past for past in found if past.mentions(subject))

    def on(self, event_prefix: str) -> Sequence[Past]:
        """Every decision about an event, or about those that it led to, by the first digits of its id; oldest first."""
        digits = names.short(event_prefix)
        found = {past.name: past for past in self._begun(digits)}
        open_ = list(found.values())
        while open_:
            new = [past for past in self._followers(open_.pop()) if past.name not in found]
            found |= {past.name: past for past in new}
            open_ += new
        return _in_order(found.values())

    def of_people(self) -> Sequence[Past]:
        """Every readable decision about what a person typed, oldest first; validations and gates are never about that."""
        steps = [step for step in STEPS if step not in _ABOUT_UNITS]
        stored = newest_first(self._shelf.kept(*(place for step in steps for place in _places_of(step))))
        found = (_past(name, document) for name, document in self._shelf.readable(stored))
        return _in_order(past for past in found if past and past.is_typed)

    def under(self, name: str) -> Sequence[Past]:
        """The decisions under a prefix, oldest first."""
        found = [*self._shelf.names(name), *self._shelf.names(f"{names.DECISIONS}{name}")]
        return _in_order(self._all(one for one in found if one.startswith(DECIDED_IN)))

    def _life(self, subject: str) -> tuple[str, Iterable[str]]:
        """The document in which a release or unit first appears (else ""), and the steps that decide about the subject."""
        if self._shelf.document(names.release(subject)) is not None:
            return names.release(subject), _ABOUT_RELEASES
        place = names.version_named(subject)
        if place and self._shelf.document(place) is not None:
            return place, STEPS
        return "", STEPS

    def _announced_by(self, past: Past) -> Past | None:
        """The decision that announced the event which another one is about.

        A completion that a cloud has sent was announced by nobody here, unless a sweep told of it once more before.
        """
        step = past.event.source.removeprefix(_SOURCE)
        is_ours = past.event.source.startswith(_SOURCE) and step in STEPS
        if not (is_ours or past.event.type == events.ARTIFACT_COMPLETED):
            return None
        dates = self._shelf.kept(*_places_of(step if is_ours else "sweep"))
        now = self._shelf.kept(past.name).get(past.name, 0.0)
        since = -math.inf if is_ours else now - _SWEPT_SECONDS
        earlier = [name for name in newest_first(dates) if since <= dates[name] <= now + SLACK_SECONDS]
        tellers = (one for one in self._read(earlier) if past.event.id in one.announced)
        if is_ours:
            return next(tellers, None)
        before = [one for one in tellers if instant.microseconds(one.now) <= instant.microseconds(past.now)]
        return _in_order(before)[-1] if before else None

    def _begun(self, digits: str) -> Sequence[Past]:
        starts = [
            *(f"{names.DECISIONS}{step}/{digits}" for step in STEPS),
            *(f"{place}{digits}" for place in _BY_EVENT),
        ]
        named = self._all(name for start in starts for name in self._shelf.names(start))
        if named:
            return named
        judged = self._read(newest_first(self._shelf.kept(names.REPORTS)))
        return [past for past in judged if names.short(past.event.id).startswith(digits)]

    def _followers(self, past: Past) -> Iterator[Past]:
        """The decisions about the events that one announced."""
        for told in map(Event.of, past.outcome["events"]):
            for step in routes().get(told.type, ()):
                stored = [name for start in places(step, told) for name in self._shelf.names(start)]
                yield from (one for one in self._all(stored) if one.event.id == told.id)

    def _all(self, stored: Iterable[str]) -> list[Past]:
        return list(self._read(list(stored)))

    def _read(self, stored: Sequence[str]) -> Iterator[Past]:
        """The decisions in these documents, in that order; each document is read once."""
        known = [name for name in stored if name in self._found]
        yield from (past for name in known if (past := self._found[name]))
        for name, document in self._shelf.documents([name for name in stored if name not in self._found]):
            past = self._found[name] = _past(name, document)
            if past:
                yield past


def _in_order(found: Iterable[Past]) -> Sequence[Past]:
    """Oldest first; simultaneous ones in the order in which they led to each other."""
    decisions = list(found)
    teller = {id_: past for past in decisions for id_ in past.announced}

    def depth(past: Past) -> int:
        met = {past.name}
        while (earlier := teller.get(past.event.id)) and earlier.name not in met:
            met.add(earlier.name)
            past = earlier
        return len(met)

    return sorted(decisions, key=lambda past: (instant.microseconds(past.now), depth(past), past.name))


def _places_of(step: str) -> tuple[str, ...]:
    return (f"{names.DECISIONS}{step}/", *TOLD_IN.get(step, ()))


def _past(name: str, stored: Mapping[str, Any]) -> Past | None:
    document = decision_in(stored)
    if document is None:
        return None
    return Past(
        name=name,
        step=document["step"],
        now=document["now"],
        event=Event.of(document["event"]),
        outcome=document["outcome"],
    )
