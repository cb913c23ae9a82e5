# SPDX-License-Identifier: Apache-2.0
"""The one loop: gather, decide, carry out.

An Outcome is carried out in one order: keep its documents, move the channel, act, announce. An urgent one moves first.
So nothing is announced before it is stored, and after a crash the redelivered event resumes. An exception means
redelivery; a return means that the event is done.
"""

import logging
import math
import time
from collections.abc import Mapping
from functools import cache
from typing import Any, Final, cast

from federation.acting import act
from federation.core import names
from federation.core.decision import Decision
from federation.core.digest import canonical
from federation.core.event import Event
from federation.core.outcome import Document, Outcome
from federation.errors import ConflictError, FederationError, ServiceError
from federation.memory import memory_of
from federation.ports import Ports
from federation.reads import LiveReads
from federation.steps import STEPS, StepName, load
from federation.stored import NOTHING_MOVES, decoded

log = logging.getLogger("federation")

_UNKNOWN: Final = (
    "Deploy the version that announces it; until then the event is delivered again, or waits for `redrive`."
)
_MAX_ATTEMPTS: Final = 4
"""The most attempts at an urgent move."""


def handle(step: StepName, event: Event, ports: Ports, now: str) -> Outcome:
    """Run one step on one event at `now` (RFC 3339, UTC), and carry out its decision. Safe to repeat at any point.

    Raises:
        FederationError: The event has to be redelivered. What is stored so far stays.
    """
    began = time.perf_counter()
    decision = _decide_and_carry_out(step, event, ports, now)
    level = logging.INFO if decision.outcome and not decision.outcome.repeat else logging.DEBUG
    if log.isEnabledFor(level):
        log.log(
            level, decision.outcome.why or "nothing to do", extra=_log_fields(decision, time.perf_counter() - began)
        )
    return decision.outcome


def _decide_and_carry_out(step: StepName, event: Event, ports: Ports, now: str) -> Decision:
    """Decide and carry out. If another move comes first, an urgent decision is taken again at once."""
    for _ in range(_MAX_ATTEMPTS - 1):
        decision = decide(step, event, ports, now)
        try:
            return carry_out(decision, ports)
        except ConflictError:
            if not decision.outcome.urgent:
                raise
    return carry_out(decide(step, event, ports, now), ports)


def decide(step: StepName, event: Event, ports: Ports, now: str, *, look: bool = False) -> Decision:
    """What a step decides about an event, given the current state; nothing is changed.

    Nearly every delivery is the first one, so the store is not asked for an earlier result. That is safe if the outcome
    writes the name that was guessed to be free, because a wrong guess makes the write conflict. If the outcome does not
    write it, or if gathering raises, the event is decided again with `look`, which asks the store.
    """
    module = load(step)
    if event.type not in module.HEARS:  # a newer version, whose rules were deployed before its functions
        raise ServiceError(f"{step} of this version does not know {event.type}", hint=_UNKNOWN)
    reads = LiveReads(ports, look=look)
    try:
        facts = module.gather(event, reads)
    except FederationError:
        if not reads.guessed:
            raise
        return decide(step, event, ports, now, look=True)
    outcome = module.decide(event, facts, reads.policy(), now)
    if reads.guessed and outcome and not (outcome.urgent or outcome.repeat or outcome.result in reads.guessed):
        return decide(step, event, ports, now, look=True)
    guessed = frozenset(reads.guessed)
    return Decision(step=step, event=event, now=now, trace=reads.trace, outcome=outcome, guessed=guessed)


def carry_out(decision: Decision, ports: Ports) -> Decision:
    """Keep, move, act, announce, in this order, or move first if the outcome is urgent.

    If it is not urgent, nothing has an effect before the decision is kept, so that every effect is recorded.

    Returns:
        The decision that was carried out. It is a new one if a name that was guessed to be free was taken.
    """
    outcome = decision.outcome
    if outcome.urgent:
        _move_first(decision, ports)
    else:
        try:
            _keep_all(decision, ports)
        except ConflictError:
            if not decision.guessed:
                raise
            step = cast("StepName", decision.step)
            return carry_out(decide(step, decision.event, ports, decision.now, look=True), ports)
        _move_channel(outcome, ports)
        act(decision, ports)
    if outcome.events:
        ports.bus.announce(outcome.events)
    if names.POLICIES in decision.guessed:
        ports.store.names(names.POLICIES)  # renews the cached listing, but only now: a roll-back must not wait for it
    return decision


def _move_first(decision: Decision, ports: Ports) -> None:
    """Move the channel first, and act even if the store fails then, so that nothing delays a roll-back."""
    _move_channel(decision.outcome, ports)
    try:
        _keep_all(decision, ports)
    finally:
        act(decision, ports)


def _keep_all(decision: Decision, ports: Ports) -> None:
    """Keep the decision and its documents."""
    if not decision.outcome:
        _confirm_channels(decision, ports)
    elif not decision.outcome.repeat:
        _keep_decision(decision, ports)
    _keep_documents(decision, ports)


@cache
def routes(steps: tuple[StepName, ...] = STEPS) -> Mapping[str, tuple[StepName, ...]]:
    """The steps that hear each event type. Every cloud's wiring is made from this list."""
    types = sorted({type_ for name in steps for type_ in load(name).HEARS})
    return {type_: tuple(name for name in steps if type_ in load(name).HEARS) for type_ in types}


def _keep_documents(decision: Decision, ports: Ports) -> None:
    for document in decision.outcome.documents:
        if document.name == decision.outcome.result:
            _keep_with_decision(document, decision, ports)
        else:
            ports.store.keep(document.name, canonical(document.value))


def _keep_with_decision(document: Document, decision: Decision, ports: Ports) -> None:
    """Keep a document that contains the decision. An existing one may differ in its decision only."""
    if ports.store.claim(document.name, canonical({**document.value, "decision": decision.document()})):
        return
    body = ports.store.read(document.name)
    stored = decoded(document.name, body) if body is not None else {}
    if {name: value for name, value in stored.items() if name != "decision"} != document.value:
        raise ConflictError(f"{document.name} is taken by other content")


def _move_channel(outcome: Outcome, ports: Ports) -> None:
    if outcome.move:
        ports.store.move(outcome.move.channel, outcome.move.expected, canonical(outcome.move.to))


def _confirm_channels(decision: Decision, ports: Ports) -> None:
    """Raise ConflictError if the channel has moved since it was read.

    Three kinds of outcome need no check: one that moves the channel, because its compare-and-set would fail; a report,
    whose name contains its basis; and one that follows from a move, if the channel was read after that move.
    """
    if decision.outcome.move or decision.outcome.result.startswith(names.REPORTS):
        return
    event_counter = decision.event.data.get("counter", math.inf)
    for name, counter in decision.channels():
        if counter >= event_counter:
            continue
        body = ports.store.channel(name)
        if (decoded(f"the channel {name}", body, NOTHING_MOVES)["counter"] if body is not None else 0) != counter:
            raise ConflictError(f"channel {name} moved while {decision.step} decided about {decision.event.subject}")


def _keep_decision(decision: Decision, ports: Ports) -> None:
    """Confirm the decision, and keep it unless another document will contain it. Skipped if this process kept it."""
    name = decision.name
    if memory_of(ports.store).recall(name) is not None:
        return
    _confirm_channels(decision, ports)
    if decision.outcome.result:
        return
    try:
        ports.store.keep(name, canonical(decision.document()))
    except ConflictError:
        log.debug("%s: already decided at another time; the first record is kept", name)


def _log_fields(decision: Decision, seconds: float) -> dict[str, Any]:
    """The structured fields of a log line."""
    outcome = decision.outcome
    return {
        "step": decision.step,
        "event_id": decision.event.id,
        "type": decision.event.type,
        "subject": decision.event.subject,
        "documents": len(outcome.documents),
        "moved": outcome.move.expected + 1 if outcome.move else None,
        "events": [announced.type for announced in outcome.events],
        "ms": round(seconds * 1000, 3),
    }
