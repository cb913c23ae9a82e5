# SPDX-License-Identifier: Apache-2.0
"""Which release would serve next, what holds it now, and what can a person do about that?

The step `promote` is asked, on what is stored now: a reason of yesterday may be gone, and another one may have come.
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
    "Its publication has failed, or is under way: mend what federation redrive --dry-run names; then federation redrive"
)
"""True of every such release: the event that publishes it is delivered until it succeeds or is a dead letter."""
_MEND: Final = {"refused": "mended", "inconclusive": "measured against that"}
"""What has to become of a unit that came to be judged so."""
_LIFTED: Final = "When that is lifted, what comes next: federation status"
"""A merge takes nothing that is in quarantine, and may find another release that waits for the same unit."""
_SILENT: Final = (
    "Nobody can promote it until it answers: mend what its nodes' log says of it; then federation tick sweep"
)
_PUT_BACK: Final = (
    'How to put back what is gone from a folder: docs/operations.md, "When a document is lost or damaged"'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A release that does not serve, when it was made, what holds it now ("": nothing), and what can be done about it."""

    name: str
    made: str
    held: str
    ways: tuple[str, ...]


def next_release(shelf: Shelf, channel: Channel, at: str) -> Candidate | None:
    """The release that the next tick promotes or holds; else the newest of a higher version that has not served yet."""
    if due := _due(shelf, at):
        return _found(shelf, due.name, at, due)
    left = left_by_rollback(channel)
    stored = [name.removeprefix(names.RELEASES) for name in shelf.names(names.RELEASES)]
    serving = version_of(channel.serving.name) if channel.serving else None
    newer = [name for name in stored if serving is None or version_of(name) > serving]
    fresh = [name for name in newer if release_state(channel, left, name) == "assembled"]
    return _found(shelf, max(fresh, key=version_of), at, None) if fresh else None


def candidate(shelf: Shelf, name: str, at: str) -> Candidate | None:
    """A release, and what would hold it if it were to be promoted at that moment; None if there is none of that name."""
    return _found(shelf, name, at, _due(shelf, at))


def _due(shelf: Shelf, at: str) -> promote.Candidate | None:
    """The release that the next tick is about."""
    tick = Event(type=events.TICK_PROMOTE, source=TYPED, subject="schedule", time=at, key="", data={})
    return promote.chosen(tick, promote.gather(tick, shelf))


def _found(shelf: Shelf, name: str, at: str, due: promote.Candidate | None) -> Candidate | None:
    asked = {"release": name, "who": "whoever asks", "why": "to know what would hold it"}
    order = Event(type=events.PROMOTION_ORDERED, source=TYPED, subject=name, time=at, key="", data=asked)
    facts = promote.gather(order, shelf)
    if not facts.candidates:
        return None
    policy, (found,) = shelf.policy(), facts.candidates
    outcome = promote.decide(order, facts, policy, at)
    why = next((str(told.data["why"]) for told in outcome.events if told.type == events.PROMOTION_HELD), "")
    held = why.replace(promote.BEING_PUBLISHED, "")  # whoever asks here publishes nothing
    made = found.release["created_at"]
    if facts.channel.serving and facts.channel.serving.name == name:
        return Candidate(name=name, made=made, held=held, ways=())
    newer = due if due and recency(due.release) > recency(found.release) else None
    ways = _ways(shelf, facts, newer, policy, at) if held else [_promote(name)]
    return Candidate(name=name, made=made, held=held, ways=(*_instead(newer, policy), *ways))


def _instead(newer: promote.Candidate | None, policy: Policy) -> Iterator[str]:
    """Which release the ticks promote in place of an older one that was not promoted in time."""
    if newer:
        missing = len(newer.approved_by) < policy.promotion.approvals
        approve = f"federation approve {newer.name} --who NAME --why 'WHY'"
        then = approve if missing else f"federation explain {newer.name}"
        yield f"{newer.name}, made later, has taken its place, and ticks promote only that one: {then}"


def _ways(
    shelf: Shelf, facts: promote.Facts, newer: promote.Candidate | None, policy: Policy, at: str
) -> Iterator[str]:
    channel, (found,) = facts.channel, facts.candidates
    if any(promote.outdated(found.release, channel, policy)):
        if not newer:
            yield from _merged_again(shelf, found, channel)
        return
    lifts = tuple(_lifts(found, channel))
    yield from lifts
    if found.refusal and found.refusal.taken:
        yield _LIFTED if lifts else "A merge makes the same release under the next free name: federation tick merge"
        return
    unpublished = found.receipt is None and not found.refusal
    if unpublished:
        yield _AGAIN
        yield f"Only if there is no dead letter, to publish it: {_promote(found.name)}; give it again to promote it"
    if hold := channel.held(at):
        ends = f" until {when(hold.until)}" if hold.until else ""
        yield f"Held by {hold.who} since {when(hold.at)}{ends}: federation resume --who YOU --why 'WHY NOW'"
    if (missing := policy.promotion.approvals - len(found.approved_by)) > 0:
        so_far = ", ".join(sorted(found.approved_by)) or "nobody"
        yield (
            f"Approved by {so_far}; {missing} more {'person has' if missing == 1 else 'people have'} to type: "
            f"federation approve {found.name} --who NAME --why 'WHY'"
        )
    dead = tuple(_dead(found, facts))
    yield from dead
    is_open = cadence.is_open(policy.cadence.promotion, policy.cadence.time_zone, instant.moment(at))
    if not (unpublished or dead or is_open):
        yield f"To promote it before the window opens: {_promote(found.name, ' --outside-window')}"
    if newer:
        yield f"When nothing holds it any more, only its name promotes it: {_promote(found.name)}"
    else:
        yield "When nothing holds it any more, the next tick in the window promotes it."


def _dead(found: promote.Candidate, facts: promote.Facts) -> Iterator[str]:
    """What a person can do about nodes that cannot serve it: no order to promote it has any effect until then."""
    entry = facts.channel.place_of(found.name)
    if entry and entry.silent:
        yield _SILENT
    if facts.unservable:
        yield _PUT_BACK


def _merged_again(shelf: Shelf, found: promote.Candidate, channel: Channel) -> Iterator[str]:
    """What brings to a release the units of one that was judged against what serves no longer."""
    serving = channel.serving
    served = serving.units.values() if serving else ()
    new = [unit for unit in found.release["units"].values() if unit["origin"] == "new"]
    missing = [unit["name"] for unit in new if unit["artifact"] not in served]
    if serving and not missing:
        yield f"All that it brought serves in {serving.name}: federation explain {serving.name}"
        return
    if serving and version_of(found.name) < version_of(serving.name):
        yield "No merge makes it again: ship what it brought under the next numbers; then federation tick merge"
        return
    lifts = tuple(_lifts(found, channel))
    yield from lifts
    lines = [line for name in missing if (line := inventory.unit(shelf, name))]
    stopped = [line for line in lines if line.state in _MEND]
    for line in stopped:
        yield (
            f"{line.name} is {line.state} against what serves now, so no merge takes it: it has to be {_MEND[line.state]}, "
            f"and shipped under the next number: federation explain {line.name}"
        )
    if lifts:
        yield _LIFTED
    elif len(stopped) < len(missing):
        yield "A merge makes a release that is judged against what serves now, under this policy: federation tick merge"


def _lifts(found: promote.Candidate, channel: Channel) -> Iterator[str]:
    for artifact in channel.forbids(found.artifacts.values()):
        kind = next(kind for kind, held in found.artifacts.items() if held == artifact)
        yield f"If {kind} was not to blame: federation lift {short(artifact)} --who YOU --why 'WHAT WAS WRONG'"


def _promote(name: str, option: str = "") -> str:
    return f"federation promote {name}{option} --who YOU --why 'WHY NOW'"
