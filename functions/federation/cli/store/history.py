# SPDX-License-Identifier: Apache-2.0
"""What was decided in a home, in which order, and which decision led to which?

Only what is needed is read: a decision's name shows its step and usually its event, and the store knows its date.
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
from federation.core.decision import DECISION_PREFIXES, RESULT_PREFIXES, decision_in, places
from federation.core.event import Event
from federation.runtime import routes
from federation.steps import STEPS, govern

_BY_EVENT: Final = (names.SETTLED, names.WAITING, names.MERGES, names.REGATE_LISTS)
"""Prefixes under which names begin with the id of the event."""
_STEPS_OF_RELEASES: Final = ("fuse", "promote", "roll_back", "launch", "sweep", "govern")
_STEPS_OF_UNITS: Final = ("validate", "gate")
_LATEST: Final = 16
_FEW: Final = 6
_SWEPT_SECONDS: Final = 3600.0
"""Most seconds between a sweep that announces a completion for its sender, and the validation."""
_SOURCE: Final = "//federation/"
TYPED: Final = "//federation/cli"
"""The source of every event that a person typed at a command."""
_ORDERED: Final = frozenset({*govern.HEARS, events.PROMOTION_ORDERED, events.ROLLBACK_ORDERED})
_NAMED: Final = re.compile(r"[\d/]")
"""A digit or a slash: every name that a sentence may quote contains one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """One stored decision: its document's name, the step, the time, the event, what the step read, and the outcome."""

    name: str
    step: str
    now: str
    event: Event
    reads: Sequence[Mapping[str, Any]]
    outcome: Mapping[str, Any]

    @property
    def why(self) -> str:
        """The outcome in a sentence."""
        return str(self.outcome["why"])

    @property
    def is_typed(self) -> bool:
        """Whether its event came from a person: any order, or a tick by hand."""
        return self.event.source == TYPED or self.event.type in _ORDERED

    @property
    def ordered_by(self) -> str | None:
        """Who gave the order that it is about; None if it is not about an order."""
        return self.event.data.get("who") if self.event.source == TYPED else None

    @property
    def serving(self) -> Mapping[str, Any] | None:
        """The release that served when the step read the channel; None if nothing did, or if it read no channel."""
        channels = (read["is"] for read in self.reads if read["what"] == "channel" and read["is"])
        return next((channel.get("serving") for channel in channels), None)

    @property
    def announced(self) -> tuple[str, ...]:
        """Ids of the events that it announced."""
        return tuple(event["id"] for event in self.outcome["events"])

    @property
    def announced_types(self) -> tuple[str, ...]:
        """Types of the events that it announced."""
        return tuple(event["type"] for event in self.outcome["events"])

    def mentions(self, subject: str) -> bool:
        """Whether it is about the subject: its event is, an announced event is, or its sentence names the subject.

        A sentence is not searched for words that are not names, such as `the`.
        """
        if subject in (self.event.subject, *(event["subject"] for event in self.outcome["events"])):
            return True
        is_name = _NAMED.search(subject) is not None
        return is_name and re.search(rf"(?<![\w./-]){re.escape(subject)}(?![\w-]|\.\d)", self.why) is not None


class History:
    """The stored decisions of a home."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._decisions_by_name: dict[str, Past | None] = {}

    @cached_property
    def decisions(self) -> Sequence[Past]:
        """All decisions, oldest first; simultaneous ones in the order in which they led to each other."""
        return _in_order(self._read_all(newest_first(self._shelf.dates(*DECISION_PREFIXES))))

    def last(self, step: str | None = None) -> Past | None:
        """The last decision, or the last one of a step; None if there is none."""
        stored = DECISION_PREFIXES if step is None else _places_of(step)
        decisions = _in_order(self._read_all(self._shelf.latest(*stored, count=_LATEST)))
        return decisions[-1] if decisions else None

    def latest(self, step: str, *, within: float = SLACK_SECONDS, count: int = _FEW) -> Sequence[Past]:
        """The last `count` decisions of a step, and all within `within` seconds of the last one; oldest first."""
        return _in_order(self._read_all(self._shelf.latest(*_places_of(step), count=count, within=within)))

    def led_to(self, past: Past) -> Sequence[Past]:
        """The chain of decisions that led to this one, earliest first."""
        chain: list[Past] = []
        while (earlier := self._announced_by(past)) is not None and earlier not in chain:
            chain.append(earlier)
            past = earlier
        return chain[::-1]

    def about(self, subject: str) -> Sequence[Past]:
        """Every decision that mentions the subject, oldest first; for a release or a unit, only since it appeared."""
        first, steps = self._life(subject)
        dates = self._shelf.dates(*(place for step in steps for place in _places_of(step)))
        since = self._shelf.dates(first).get(first, 0.0) - SLACK_SECONDS if first else 0.0
        decisions = self._read_all(name for name in newest_first(dates) if dates[name] >= since)
        return _in_order(past for past in decisions if past.mentions(subject))

    def on(self, event_prefix: str) -> Sequence[Past]:
        """Every decision about an event and about its follow-ups, oldest first.

        Args:
            event_prefix: The first digits of the event's id.
        """
        digits = names.short(event_prefix)
        by_name = {past.name: past for past in self._decided_about(digits)}
        unfollowed = list(by_name.values())
        while unfollowed:
            new = [past for past in self._followers(unfollowed.pop()) if past.name not in by_name]
            by_name |= {past.name: past for past in new}
            unfollowed += new
        return _in_order(by_name.values())

    def of_people(self) -> Sequence[Past]:
        """Every readable decision about what a person typed, oldest first. Validations and gates are not searched."""
        steps = [step for step in STEPS if step not in _STEPS_OF_UNITS]
        stored = newest_first(self._shelf.dates(*(place for step in steps for place in _places_of(step))))
        decisions = (_past(name, document) for name, document in self._shelf.readable(stored))
        return _in_order(past for past in decisions if past and past.is_typed)

    def under(self, name: str) -> Sequence[Past]:
        """The decisions under a prefix, oldest first."""
        stored = [*self._shelf.names(name), *self._shelf.names(f"{names.DECISIONS}{name}")]
        return _in_order(self._read_all(place for place in stored if place.startswith(DECISION_PREFIXES)))

    def _life(self, subject: str) -> tuple[str, Iterable[str]]:
        """The first document of a release or unit ("" for any other subject), and the steps that decide about it."""
        if self._shelf.document(names.release(subject)) is not None:
            return names.release(subject), _STEPS_OF_RELEASES
        place = names.version_named(subject)
        if place and self._shelf.document(place) is not None:
            return place, STEPS
        return "", STEPS

    def _announced_by(self, past: Past) -> Past | None:
        """The decision that announced this decision's event; None if no step did.

        A cloud sends completions itself, but a sweep may have announced one for it.
        """
        step = past.event.source.removeprefix(_SOURCE)
        is_ours = past.event.source.startswith(_SOURCE) and step in STEPS
        if not (is_ours or past.event.type == events.ARTIFACT_COMPLETED):
            return None
        dates = self._shelf.dates(*_places_of(step if is_ours else "sweep"))
        now = self._shelf.dates(past.name).get(past.name, 0.0)
        since = -math.inf if is_ours else now - _SWEPT_SECONDS
        earlier = [name for name in newest_first(dates) if since <= dates[name] <= now + SLACK_SECONDS]
        announcers = (decision for decision in self._read(earlier) if past.event.id in decision.announced)
        if is_ours:
            return next(announcers, None)
        before = [
            decision for decision in announcers if instant.microseconds(decision.now) <= instant.microseconds(past.now)
        ]
        return _in_order(before)[-1] if before else None

    def _decided_about(self, digits: str) -> Sequence[Past]:
        starts = [
            *(f"{names.DECISIONS}{step}/{digits}" for step in STEPS),
            *(f"{place}{digits}" for place in _BY_EVENT),
        ]
        decisions = self._read_all(name for start in starts for name in self._shelf.names(start))
        if decisions:
            return decisions
        reported = self._read(newest_first(self._shelf.dates(names.REPORTS)))
        return [past for past in reported if names.short(past.event.id).startswith(digits)]

    def _followers(self, past: Past) -> Iterator[Past]:
        """The decisions about the events that this one announced."""
        for event in map(Event.of, past.outcome["events"]):
            for step in routes().get(event.type, ()):
                stored = [name for start in places(step, event) for name in self._shelf.names(start)]
                yield from (decision for decision in self._read_all(stored) if decision.event.id == event.id)

    def _read_all(self, stored: Iterable[str]) -> list[Past]:
        return list(self._read(list(stored)))

    def _read(self, stored: Sequence[str]) -> Iterator[Past]:
        """The decisions in these documents, those already read first; each document is read once."""
        read_before = [name for name in stored if name in self._decisions_by_name]
        yield from (past for name in read_before if (past := self._decisions_by_name[name]))
        for name, document in self._shelf.documents([name for name in stored if name not in self._decisions_by_name]):
            past = self._decisions_by_name[name] = _past(name, document)
            if past:
                yield past


def _in_order(unordered: Iterable[Past]) -> Sequence[Past]:
    """The decisions, oldest first; simultaneous ones in the order in which they led to each other."""
    decisions = list(unordered)
    announcer = {id_: past for past in decisions for id_ in past.announced}

    def depth(past: Past) -> int:
        seen = {past.name}
        while (earlier := announcer.get(past.event.id)) and earlier.name not in seen:
            seen.add(earlier.name)
            past = earlier
        return len(seen)

    return sorted(decisions, key=lambda past: (instant.microseconds(past.now), depth(past), past.name))


def _places_of(step: str) -> tuple[str, ...]:
    return (f"{names.DECISIONS}{step}/", *RESULT_PREFIXES.get(step, ()))


def _past(name: str, stored: Mapping[str, Any]) -> Past | None:
    document = decision_in(stored)
    if document is None:
        return None
    return Past(
        name=name,
        step=document["step"],
        now=document["now"],
        event=Event.of(document["event"]),
        reads=document["reads"],
        outcome=document["outcome"],
    )
