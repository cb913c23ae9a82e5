# SPDX-License-Identifier: Apache-2.0
"""What did the functions in a cloud decide about these events, and about those that followed?

A decision's name in the store follows from its step and event (core/decision.py). A step with nothing to do stores none. So
follow-ups are awaited only while new decisions appear, and the announced events until the wait is over.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from federation.cli.screen.decisions import Progress, StepDecision, of_decision
from federation.core import instant
from federation.core.decision import decision_in, places
from federation.core.digest import Digest
from federation.core.event import Event
from federation.ports import Store
from federation.runtime import routes
from federation.stored import decoded

QUIET_SECONDS: Final = 5.0
"""After so many seconds without a new decision, no step is assumed to work on follow-ups."""
_PAUSE: Final = 0.25
_LONGEST_PAUSE: Final = 2.0


class Watch:
    """Polls the store for decisions. To be created before the events are announced.

    A decision that was stored before that counts only if no other one appears.

    Args:
        store: Where decisions appear.
        announced: The events that are about to be announced.
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
        self._decisions_by_name: dict[str, StepDecision] = {}
        self._announced = {event.id: event for event in announced if routes().get(event.type)}
        for event in self._announced.values():
            self._expect(event)
        self._before = {event.id: self._decisions(event) for event in self._announced.values()}

    @property
    def repeated(self) -> bool:
        """Whether an announced event had been decided before."""
        return any(self._before.values())

    def until_settled(self, wait: float) -> Progress:
        """Wait; return the decisions, earliest first, and the events without any when the wait is over.

        Args:
            wait: Seconds; 0 does not look at all.
        """
        began = last_news = self._clock()
        pause = _PAUSE
        while wait:
            if self._look():
                last_news, pause = self._clock(), _PAUSE
            remaining = began + wait - self._clock()
            if remaining <= 0 or self._settled(self._clock() - last_news):
                break
            self._pause(min(pause, remaining))
            pause = min(1.5 * pause, _LONGEST_PAUSE)
        return self._progress(looked=bool(wait))

    def of_all_handled(self) -> Progress:
        """The decisions, without waiting, for a caller who knows that every event has been handled; no event is open."""
        while self._look():
            pass
        return replace(self._progress(looked=True), open=())

    def so_far(self, ended: str) -> Progress:
        """The decisions until now.

        Args:
            ended: Why the wait ended early.
        """
        return replace(self._progress(looked=True), ended=ended)

    def _progress(self, *, looked: bool) -> Progress:
        new = list(self._decisions_by_name.values())
        undecided = [event for id_, event in self._announced.items() if id_ not in self._decided()]
        before = [self._latest(self._before[event.id]) for event in undecided if self._before[event.id]]
        old = before if looked else []
        open_ = [event for event in undecided if not looked or not self._before[event.id]]
        return Progress(decisions=[*old, *new], open=open_, repeated=self.repeated)

    def _settled(self, quiet: float) -> bool:
        decided = self._decided() | {id_ for id_, decisions in self._before.items() if decisions}
        return decided.issuperset(self._announced) and (not self._open or quiet >= QUIET_SECONDS)

    def _decided(self) -> set[str]:
        return {decision.event.id for decision in self._decisions_by_name.values()}

    def _look(self) -> bool:
        """Poll the store once; whether there was a new decision."""
        new = [
            (name, stored["now"], of_decision(stored))
            for (step, id_), event in tuple(self._open.items())
            for name in self._places(step, event)
            if name not in self._decisions_by_name
            and name not in self._before.get(id_, ())
            and (stored := self._read(name, step, event))
        ]
        for name, _, decision in sorted(new, key=lambda each: instant.order(each[1])):
            self._decisions_by_name[name] = decision
            self._open.pop((decision.step, decision.event.id), None)
            for event in decision.announced:
                self._expect(event)
        return bool(new)

    def _expect(self, event: Event) -> None:
        decided = {(decision.step, decision.event.id) for decision in self._decisions_by_name.values()}
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

    def _latest(self, decisions: Mapping[str, Mapping[str, Any]]) -> StepDecision:
        return of_decision(max(decisions.values(), key=lambda decision: instant.order(decision["now"])))

    def _places(self, step: str, event: Event) -> Iterator[str]:
        return (name for prefix in places(step, event) for name in self._store.names(prefix))

    def _read(self, name: str, step: str, event: Event) -> Mapping[str, Any] | None:
        """The step's decision about the event; None if the document is not that."""
        body = self._store.read(name)
        decision = decision_in(decoded(name, body)) if body is not None else None
        return decision if decision and (decision["step"], decision["event"]["id"]) == (step, event.id) else None
