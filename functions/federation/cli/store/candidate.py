# SPDX-License-Identifier: Apache-2.0
"""Which release would serve next, what holds it now, and what can a person do about that?

The step `promote` decides on what is stored now: yesterday's reason may be gone, and another one may have come.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from federation.cli.screen.output import short, when
from federation.cli.store import inventory
from federation.cli.store.history import TYPED
from federation.cli.store.inventory import left_by_rollback, release_state
from federation.cli.store.shelf import Shelf
from federation.core import cadence, instant, names
from federation.core import event as events
from federation.core.channel import Channel
from federation.core.event import Event
from federation.core.policy import Policy
from federation.core.release import recency
from federation.core.version import version_of
from federation.steps import promote

_AGAIN: Final = (
    "Its publication has failed or is under way; to see why: federation redrive --dry-run; once that is fixed: "
    "federation redrive"
)
"""For a release without a receipt: the event that publishes it is delivered until it succeeds or is a dead letter."""
_FIX: Final = {"refused": "fixed", "inconclusive": "measured against that"}
"""What has to be done with a unit, by its state."""
_LIFTED: Final = "Once that is lifted, see what comes next: federation status"
"""Nothing more can be said yet: a merge leaves out what is in quarantine, and another release may be next."""
_SILENT: Final = (
    "Nobody can promote it until it answers its probe: fix what its nodes' log reports; then federation tick sweep"
)
_PUT_BACK: Final = (
    'How to restore what is missing from a folder: docs/operations.md, "When a document is lost or damaged"'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A release that does not serve, when it was made, what holds it now (or ""), and what can be done about it."""

    name: str
    made: str
    held: str
    ways: tuple[str, ...]


def next_release(shelf: Shelf, channel: Channel, at: str) -> Candidate | None:
    """The release that the next tick promotes or holds, else the highest newer version that has not served; or None."""
    if due := _due(shelf, at):
        return _candidate(shelf, due.name, at, due)
    left = left_by_rollback(channel)
    stored = [name.removeprefix(names.RELEASES) for name in shelf.names(names.RELEASES)]
    serving = version_of(channel.serving.name) if channel.serving else None
    newer = [name for name in stored if serving is None or version_of(name) > serving]
    fresh = [name for name in newer if release_state(channel, left, name) == "assembled"]
    return _candidate(shelf, max(fresh, key=version_of), at, None) if fresh else None


def candidate(shelf: Shelf, name: str, at: str) -> Candidate | None:
    """The release and what would hold it at the time `at`; None if there is no such release."""
    return _candidate(shelf, name, at, _due(shelf, at))


def _due(shelf: Shelf, at: str) -> promote.Candidate | None:
    """The release that a tick would promote or hold; None if there is none."""
    tick = Event(type=events.TICK_PROMOTE, source=TYPED, subject="schedule", time=at, key="", data={})
    return promote.chosen(tick, promote.gather(tick, shelf))


def _candidate(shelf: Shelf, name: str, at: str, due: promote.Candidate | None) -> Candidate | None:
    data = {"release": name, "who": "a reader", "why": "to see what would hold it"}
    order = Event(type=events.PROMOTION_ORDERED, source=TYPED, subject=name, time=at, key="", data=data)
    facts = promote.gather(order, shelf)
    if not facts.candidates:
        return None
    policy, (proposed,) = shelf.policy(), facts.candidates
    outcome = promote.decide(order, facts, policy, at)
    why = next((str(event.data["why"]) for event in outcome.events if event.type == events.PROMOTION_HELD), "")
    held = why.replace(promote.BEING_PUBLISHED, "")  # this decision is only looked at, so nothing is published
    created_at = proposed.release["created_at"]
    if facts.channel.serving and facts.channel.serving.name == name:
        return Candidate(name=name, made=created_at, held=held, ways=())
    newer = due if due and recency(due.release) > recency(proposed.release) else None
    ways = _ways(shelf, facts, newer, policy, at) if held else [_promote(name)]
    return Candidate(name=name, made=created_at, held=held, ways=(*_instead(newer, policy), *ways))


def _instead(newer: promote.Candidate | None, policy: Policy) -> Iterator[str]:
    """A sentence about the newer release that the ticks promote instead of an older one, if there is one."""
    if newer:
        missing = len(newer.approved_by) < policy.promotion.approvals
        approve = f"federation approve {newer.name} --who NAME --why 'WHY'"
        then = approve if missing else f"federation explain {newer.name}"
        yield f"{newer.name}, made later, replaces it, and ticks promote only that one: {then}"


def _ways(
    shelf: Shelf, facts: promote.Facts, newer: promote.Candidate | None, policy: Policy, at: str
) -> Iterator[str]:
    channel, (proposed,) = facts.channel, facts.candidates
    if any(promote.outdated(proposed.release, channel, policy)):
        if not newer:
            yield from _merged_again(shelf, proposed, channel)
        return
    lifts = tuple(_lifts(proposed, channel))
    yield from lifts
    if proposed.refusal and proposed.refusal.taken:
        yield _LIFTED if lifts else "A merge makes the same release under the next free name: federation tick merge"
        return
    unpublished = proposed.receipt is None and not proposed.refusal
    if unpublished:
        yield _AGAIN
        publish = f"{_promote(proposed.name)}; the same command again promotes it"
        yield f"Only if there is no dead letter, to publish it: {publish}"
    if hold := channel.held(at):
        ends = f" until {when(hold.until)}" if hold.until else ""
        yield f"Held by {hold.who} since {when(hold.at)}{ends}: federation resume --who YOU --why 'WHY NOW'"
    if (missing := policy.promotion.approvals - len(proposed.approved_by)) > 0:
        so_far = ", ".join(sorted(proposed.approved_by)) or "nobody"
        yield (
            f"Approved by {so_far}; {missing} more {'person has' if missing == 1 else 'people have'} to type: "
            f"federation approve {proposed.name} --who NAME --why 'WHY'"
        )
    dead = tuple(_dead(proposed, facts))
    yield from dead
    is_open = cadence.is_open(policy.cadence.promotion, policy.cadence.time_zone, instant.moment(at))
    if not (unpublished or dead or is_open):
        yield f"To promote it before the window opens: {_promote(proposed.name, ' --outside-window')}"
    if newer:
        yield f"Once nothing holds it, only an order that names it promotes it: {_promote(proposed.name)}"
    else:
        yield "Once nothing holds it, the next tick in the window promotes it."


def _dead(proposed: promote.Candidate, facts: promote.Facts) -> Iterator[str]:
    """What a person can do if the nodes cannot serve it; until that is done no promotion has any effect."""
    entry = facts.channel.place_of(proposed.name)
    if entry and entry.silent:
        yield _SILENT
    if facts.unservable:
        yield _PUT_BACK


def _merged_again(shelf: Shelf, proposed: promote.Candidate, channel: Channel) -> Iterator[str]:
    """How the units of an outdated release can come into a new one."""
    serving = channel.serving
    served = serving.units.values() if serving else ()
    new = [unit for unit in proposed.release["units"].values() if unit["origin"] == "new"]
    missing = [unit["name"] for unit in new if unit["artifact"] not in served]
    if serving and not missing:
        yield f"All units that it brought serve in {serving.name}: federation explain {serving.name}"
        return
    if serving and version_of(proposed.name) < version_of(serving.name):
        yield "No merge makes it again: ship its new units under the next numbers; then federation tick merge"
        return
    lifts = tuple(_lifts(proposed, channel))
    yield from lifts
    lines = [line for name in missing if (line := inventory.unit(shelf, name))]
    stopped = [line for line in lines if line.state in _FIX]
    for line in stopped:
        yield (
            f"{line.name} is {line.state} against what serves now, so no merge takes it: it has to be {_FIX[line.state]}, "
            f"and shipped under the next number: federation explain {line.name}"
        )
    if lifts:
        yield _LIFTED
    elif len(stopped) < len(missing):
        yield "A merge makes a release that is judged against what serves now, under this policy: federation tick merge"


def _lifts(proposed: promote.Candidate, channel: Channel) -> Iterator[str]:
    for artifact in channel.forbids(proposed.artifacts.values()):
        kind = next(kind for kind, held in proposed.artifacts.items() if held == artifact)
        yield f"If {kind} was not to blame: federation lift {short(artifact)} --who YOU --why 'WHAT WAS WRONG'"


def _promote(name: str, option: str = "") -> str:
    return f"federation promote {name}{option} --who YOU --why 'WHY NOW'"
