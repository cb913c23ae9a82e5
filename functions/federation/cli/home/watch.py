# SPDX-License-Identifier: Apache-2.0
"""What did the functions in a cloud decide about these events, and about what followed?

A decision's name in the store follows from its step and event (core/decision.py). A step with nothing to do leaves none: so
follow-ups are waited for only while new decisions appear, and the announced events until the wait is over.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from federation.cli.screen.happened import Followed, Happened, of_decision
from federation.core import instant
from federation.core.decision import decision_in, places
from federation.core.digest import Digest
from federation.core.event import Event
from federation.ports import Store
from federation.runtime import routes
from federation.stored import decoded

QUIET_SECONDS: Final = 5.0
"""Seconds without a new decision after which no step is assumed to be at work on follow-ups."""
_PAUSE: Final = 0.25
_LONGEST_PAUSE: Final = 2.0


class Watch:
    """Started before the events are announced: a decision that is already stored counts only if no other one appears.

    Args:
        store: Where decisions appear.
        announced: What is about to be announced.
        clock: Gives seconds.
        pause: Sleeps for some seconds.
    """

    def __init__(
        self,
        store: Store,
        announced: Sequence[Event],
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._store = store
        self._clock = clock
        self._pause = pause
        self._open: dict[tuple[str, Digest], Event] = {}
        self._happened: dict[str, Happened] = {}
        self._roots = {event.id: event for event in announced if routes().get(event.type)}
        for event in self._roots.values():
            self._expect(event)
        self._before = {event.id: self._decisions(event) for event in self._roots.values()}

    def until_settled(self, wait: float) -> Followed:
        """What was decided, earliest first, and the events about which nothing is decided when the wait is over.

        Args:
            wait: Seconds; 0 does not look at all.
        """
        began = news = self._clock()
        pause = _PAUSE
        while wait:
            if self._look():
                news, pause = self._clock(), _PAUSE
            left = began + wait - self._clock()
            if left <= 0 or self._settled(self._clock() - news):
                break
            self._pause(min(pause, left))
            pause = min(1.5 * pause, _LONGEST_PAUSE)
        return self._followed(looked=bool(wait))

    def of_all_handled(self) -> Followed:
        """What was decided, for a caller who knows that every event has been handled: nothing is waited for, or open."""
        while self._look():
            pass
        return replace(self._followed(looked=True), open=())

    def so_far(self, ended: str) -> Followed:
        """What was decided until now.

        Args:
            ended: Why the wait is over before its time.
        """
        return replace(self._followed(looked=True), ended=ended)

    def _followed(self, *, looked: bool) -> Followed:
        new = list(self._happened.values())
        undecided = [event for id_, event in self._roots.items() if id_ not in self._decided()]
        before = [self._latest(self._before[event.id]) for event in undecided if self._before[event.id]]
        old = before if looked else []
        open_ = [event for event in undecided if not looked or not self._before[event.id]]
        return Followed(happened=[*old, *new], open=open_)

    def _settled(self, quiet: float) -> bool:
        known = self._decided() | {id_ for id_, decisions in self._before.items() if decisions}
        return known.issuperset(self._roots) and (not self._open or quiet >= QUIET_SECONDS)

    def _decided(self) -> set[str]:
        return {one.event.id for one in self._happened.values()}

    def _look(self) -> bool:
        """Whether there is a decision that was not there at the last poll."""
        found = [
            (name, decision["now"], of_decision(decision))
            for (step, id_), event in tuple(self._open.items())
            for name in self._places(step, event)
            if name not in self._happened
            and name not in self._before.get(id_, ())
            and (decision := self._read(name, step, event))
        ]
        for name, _, one in sorted(found, key=lambda each: instant.order(each[1])):
            self._happened[name] = one
            self._open.pop((one.step, one.event.id), None)
            for event in one.announced:
                self._expect(event)
        return bool(found)

    def _expect(self, event: Event) -> None:
        decided = {(one.step, one.event.id) for one in self._happened.values()}
        for step in routes().get(event.type, ()):
            if (step, event.id) not in decided:
                self._open[step, event.id] = event

    def _decisions(self, event: Event) -> Mapping[str, Mapping[str, Any]]:
        return {
            name: decision
            for step in routes().get(event.type, ())
            for name in self._places(step, event)
            if (decision := self._read(name, step, event))
        }

    def _latest(self, found: Mapping[str, Mapping[str, Any]]) -> Happened:
        return of_decision(max(found.values(), key=lambda decision: instant.order(decision["now"])))

    def _places(self, step: str, event: Event) -> Iterator[str]:
        return (name for prefix in places(step, event) for name in self._store.names(prefix))

    def _read(self, name: str, step: str, event: Event) -> Mapping[str, Any] | None:
        """The step's decision about the event, if the document holds that."""
        body = self._store.read(name)
        found = decision_in(decoded(name, body)) if body is not None else None
        return found if found and (found["step"], found["event"]["id"]) == (step, event.id) else None
